// Two paths from a picture to noise, each as shares of both and how fast these change (sfumato/studio/straight.py).

import { dot } from "./step.js";

/** @typedef {{t: number, alpha: number, sigma: number, dAlpha: number, dSigma: number}} Course x = alpha x_0 + sigma eps
 * @typedef {{xx: number, xe: number, ee: number}} Gram mean products of the numbers of x_0 and eps */

/** (1 - t) x_0 + t eps. @param {number} t @returns {Course} */
export const straight = (t) => ({ t, alpha: 1 - t, sigma: t, dAlpha: -1, dSigma: 1 });

/** cos(pi t / 2) x_0 + sin(pi t / 2) eps. @param {number} t @returns {Course} */
export function curved(t) {
  const by = Math.PI / 2, alpha = Math.cos(by * t), sigma = Math.sin(by * t);
  return { t, alpha, sigma, dAlpha: -by * sigma, dSigma: by * alpha };
}

/** Where one lands at t = 0 who keeps the direction that the path has here: shares of x_0 and eps. @param {Course} c */
export const ahead = (c) => [c.alpha - c.t * c.dAlpha, c.sigma - c.t * c.dSigma];

/** All that lengths and angles in the plane of the two depend on. @param {Float32Array} x0 @param {Float32Array} eps @returns {Gram} */
export const gram = (x0, eps) => ({ xx: dot(x0, x0) / x0.length, xe: dot(x0, eps) / x0.length, ee: dot(eps, eps) / x0.length });

/** The mean product of two points of the plane, each as shares. @param {Gram} g @param {number[]} a @param {number[]} b */
const inner = ({ xx, xe, ee }, a, b) => a[0] * b[0] * xx + (a[0] * b[1] + a[1] * b[0]) * xe + a[1] * b[1] * ee;

/** How far a point of the plane lies from the picture, root mean square. @param {Gram} g @param {number[]} at */
export const miss = (g, at) => Math.sqrt(Math.max(0, inner(g, [at[0] - 1, at[1]], [at[0] - 1, at[1]])));

/** Degrees between the curved path's direction at t and the one that it has at 0. @param {Gram} g @param {number} t */
export function turned(g, t) {
  const [a, b] = [curved(t), curved(0)].map((c) => [c.dAlpha, c.dSigma]);
  return (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, inner(g, a, b) / Math.sqrt(inner(g, a, a) * inner(g, b, b)))));
}

/** A point of the plane true to scale, the picture along the first axis. @param {Gram} g @param {number[]} at */
export function placed({ xx, xe, ee }, [a, b]) {
  const long = Math.sqrt(xx), along = xe / long;
  return [a * long + b * along, b * Math.sqrt(Math.max(0, ee - along ** 2))];
}
