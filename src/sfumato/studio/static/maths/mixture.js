// Three heaps of points in the plane, and all that can be known of x_0 at x_t: the twin of process/oracle_mixture.py.

import { Phi } from "./gauss.js";

/** @typedef {{weights: number[], means: number[][], stds: number[][]}} Mixture
 * @typedef {{weights: number[], means: number[][], stds: number[][], guess: number[]}} Posterior */

/** @type {Mixture} */
export const HEAPS = { weights: [0.5, 0.3, 0.2], means: [[-1, -0.6], [1.1, -0.4], [0.1, 0.9]], stds: [[0.18, 0.3], [0.3, 0.16], [0.15, 0.15]] };

/** What x_t = alpha x_0 + sigma eps leaves of each heap: its weight, mean and spread; and the mean of all.
 * @param {Mixture} heaps @param {number[]} x @param {{alpha: number, sigma: number}} level sigma above 0
 * @returns {Posterior} */
export function posterior({ weights, means, stds }, x, { alpha, sigma }) {
  const log = weights.map((w, k) => Math.log(w)), kept = means.map((m) => m.slice()), spread = stds.map((s) => s.slice());
  means.forEach((m, k) => m.forEach((at, e) => {
    const s = stds[k][e], variance = alpha ** 2 * s ** 2 + sigma ** 2, z = x[e] - alpha * at;
    log[k] -= 0.5 * (z ** 2 / variance + Math.log(variance));
    kept[k][e] = at + (alpha * s ** 2 * z) / variance;
    spread[k][e] = (s * sigma) / Math.sqrt(variance);
  }));
  const most = Math.max(...log), parts = log.map((v) => Math.exp(v - most)), sum = parts.reduce((a, b) => a + b);
  const found = parts.map((p) => p / sum);
  return { weights: found, means: kept, stds: spread, guess: x.map((_, e) => found.reduce((all, w, k) => all + w * kept[k][e], 0)) };
}

/** One x_0 that may lie under x_t. @param {Posterior} left @param {ArrayLike<number>} z three standard normal numbers */
export function drawn(left, z) {
  let u = Phi(z[0]), k = 0;
  while (k < left.weights.length - 1 && u >= left.weights[k]) u -= left.weights[k++];
  return left.means[k].map((m, e) => m + left.stds[k][e] * z[e + 1]);
}
