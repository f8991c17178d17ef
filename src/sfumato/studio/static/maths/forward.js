// The forward process on whole pictures: planar float32 arrays [3, h, w] in [-1, 1], as in Python.

/** Bytes [h, w, 3] as numbers in [-1, 1], planar: byte / 127.5 - 1.
 * @param {Uint8Array} bytes */
export function signed(bytes) {
  const n = bytes.length / 3, out = new Float32Array(bytes.length);
  for (let p = 0; p < n; p++) for (let c = 0; c < 3; c++) out[c * n + p] = bytes[3 * p + c] / 127.5 - 1;
  return out;
}

/** x_t = alpha x_0 + sigma eps, each product and the sum rounded to float32 as numpy does.
 * @param {Float32Array} x0 @param {Float32Array} eps @param {{alpha: number, sigma: number}} level
 * @param {Float32Array} [out] where to put it */
export function jump(x0, eps, level, out = new Float32Array(x0.length)) {
  const a = Math.fround(level.alpha), s = Math.fround(level.sigma), round = Math.fround;
  for (let e = 0; e < x0.length; e++) out[e] = round(a * x0[e]) + round(s * eps[e]);
  return out;
}

/** A picture times a number. @param {Float32Array} x @param {number} factor */
export function scaled(x, factor) {
  const out = new Float32Array(x.length);
  for (let e = 0; e < x.length; e++) out[e] = factor * x[e];
  return out;
}

/** Mean and standard deviation of all numbers. @param {Float32Array} x */
export function moments(x) {
  let mean = 0, square = 0;
  for (let e = 0; e < x.length; e++) mean += x[e];
  mean /= x.length;
  for (let e = 0; e < x.length; e++) square += (x[e] - mean) ** 2;
  return { mean, std: Math.sqrt(square / x.length) };
}

/** Pearson's correlation of two pictures, in one pass. @param {Float32Array} x @param {Float32Array} y */
export function correlation(x, y) {
  let a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (let e = 0; e < x.length; e++) {
    const u = x[e], v = y[e];
    a += u, b += v, aa += u * u, bb += v * v, ab += u * v;
  }
  const n = x.length;
  return (ab - (a * b) / n) / Math.sqrt((aa - (a * a) / n) * (bb - (b * b) / n));
}
