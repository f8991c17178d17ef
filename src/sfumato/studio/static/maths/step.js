// One step back from t to s (s below t), as DDIM writes it for every eta (Song, Meng and Ermon 2021, eq. 12 and 16):
// x_s = A x0_hat + B x_t + churn z. At eta = 1 this is DDPM's posterior, at eta = 0 nothing is drawn.

/** @typedef {{alpha: number, sigma: number}} Level */

/** The part of the signal-to-noise ratio that is lost from s to t, as a product that does not cancel.
 * @param {Level} s @param {Level} t */
export function lost(s, t) {
  const before = s.alpha * t.sigma, after = t.alpha * s.sigma;
  return ((before - after) * (before + after)) / before ** 2;
}

/** How much of the guess and of the state the step's mean takes, and the noise that it adds.
 * `upper` is the other common choice of that noise, the step forward's own.
 * @param {Level} s @param {Level} t @param {number} eta 0..1 */
export function back(s, t, eta) {
  const gone = lost(s, t), churn = eta * s.sigma * Math.sqrt(gone), kept = Math.sqrt(Math.max(0, s.sigma ** 2 - churn ** 2));
  return { guess: s.alpha - (kept * t.alpha) / t.sigma, state: kept / t.sigma, churn, upper: t.sigma * Math.sqrt(gone) };
}

/** The scalar product. @param {Float32Array} a @param {Float32Array} b */
export function dot(a, b) {
  let sum = 0;
  for (let e = 0; e < a.length; e++) sum += a[e] * b[e];
  return sum;
}
