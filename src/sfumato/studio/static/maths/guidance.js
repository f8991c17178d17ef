// Guidance on whole latents (sfumato/guidance.py): null + w (cond - null), and the rescale of Lin and others (2024).

import { moments } from "./forward.js";
import { dot } from "./step.js";

/** The guided x0_hat; rescale in 0..1 says how far its spread is brought back to that of the plain prompt's.
 * @param {Float32Array} cond @param {Float32Array} none @param {number} w @param {number} [rescale] */
export function guided(cond, none, w, rescale = 0) {
  const out = none.map((v, e) => v + w * (cond[e] - v));
  if (rescale === 0) return out;
  const factor = (rescale * moments(cond).std) / moments(out).std + (1 - rescale);
  return out.map((v) => factor * v);
}

/** The noise that goes with a picture. @param {Float32Array} x @param {Float32Array} x0 @param {{alpha: number, sigma: number}} at */
export const noiseOf = (x, x0, at) => x.map((v, e) => (v - at.alpha * x0[e]) / at.sigma);

/** Root mean square. @param {Float32Array} x */
export const rms = (x) => Math.sqrt(dot(x, x) / x.length);

/** Where 0, `none`, `cond` and further points of their plane lie in it: the first axis along `none`, lengths and angles
 * true, as root mean squares. @param {Float32Array} none @param {Float32Array} cond @param {Float32Array[]} more */
export function plane(none, cond, more) {
  const n = none.length, long = Math.sqrt(dot(none, none)), first = none.map((v) => v / long);
  const along = dot(cond, first), across = cond.map((v, e) => v - along * first[e]), high = Math.sqrt(dot(across, across));
  const second = high > 0 ? across.map((v) => v / high) : across, root = Math.sqrt(n);
  return [none, cond, ...more].map((x) => [dot(x, first) / root, dot(x, second) / root]);
}
