// The schedule that the reader draws: the twin of sfumato/studio/custom.py.

export const LEAST_FALL = 0.5, LOWEST = -80, HIGHEST = 60;

/** A smooth curve through equally spaced points that falls where they fall (Fritsch and Carlson 1980).
 * @param {number[]} y @param {number} at 0..y.length - 1 */
export function decibels(y, at) {
  const last = y.length - 2, k = Math.min(Math.floor(at), last), u = at - k;
  const d = (/** @type {number} */ j) => y[j + 1] - y[j];
  const slope = (/** @type {number} */ j) => {
    if (j === 0) return d(0);
    if (j > last) return d(last);
    const product = d(j - 1) * d(j);
    return product > 0 ? (2 * product) / (d(j - 1) + d(j)) : 0;
  };
  const rise = u * u * (3 - 2 * u);
  return y[k] + d(k) * rise + slope(k) * u * (1 - u) ** 2 - slope(k + 1) * u * u * (1 - u);
}

/** The points with one of them moved as far as its neighbours let it.
 * @param {number[]} points @param {number} k @param {number} value */
export function moved(points, k, value) {
  const above = k === 0 ? HIGHEST : points[k - 1] - LEAST_FALL;
  const below = k === points.length - 1 ? LOWEST : points[k + 1] + LEAST_FALL;
  const next = points.slice();
  next[k] = Math.min(above, Math.max(below, value));
  return next;
}
