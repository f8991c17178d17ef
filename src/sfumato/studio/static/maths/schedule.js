// Schedules from tables of betas: the twin of sfumato/process/tabulated.py and studio/custom.py.
// log alpha_i is a float64 sum of log1p(-beta); sigma^2 = -expm1(2 log alpha).

import { decibels } from "./custom.js";

export const T = 1000;

/** @typedef {{kind: string, points?: number[]}} Options what a schedule is told by; points only for "custom" */

/** A schedule: betas and log alpha for i = 0..T (beta_0 is 0 and stands for nothing). */
export class Schedule {
  /** @param {string} kind @param {Float64Array} beta beta_0..beta_T */
  constructor(kind, beta) {
    this.kind = kind;
    this.beta = beta;
    this.logAlpha = new Float64Array(beta.length);
    for (let i = 1; i < beta.length; i++) this.logAlpha[i] = this.logAlpha[i - 1] + 0.5 * Math.log1p(-beta[i]);
  }

  /** alpha and sigma at i, whole or between two steps (log alpha runs linearly there).
   * @param {number} i 0..T */
  at(i) {
    const k = Math.min(Math.floor(i), T - 1), u = i - k;
    const log = this.logAlpha[k] + (u === 0 ? 0 : u * (this.logAlpha[k + 1] - this.logAlpha[k]));
    return { i, alpha: Math.exp(log), sigma: Math.sqrt(Math.abs(Math.expm1(2 * log))) };
  }

  /** @param {number} i */
  alphaBar(i) {
    return Math.exp(2 * this.logAlpha[i]);
  }

  /** The signal-to-noise ratio alpha^2 / sigma^2 in decibels; infinite at i = 0.
   * @param {number} i */
  db(i) {
    const { alpha, sigma } = this.at(i);
    return 20 * (Math.log10(alpha) - Math.log10(sigma));
  }

  /** The step, perhaps between two, whose ratio is that many decibels; the nearer end where there is none.
   * @param {number} wanted */
  stepOf(wanted) {
    const log = -0.5 * Math.log1p(10 ** (-wanted / 10));
    if (log >= 0) return 0;
    if (log <= this.logAlpha[T]) return T;
    let low = 0, up = T;
    while (up - low > 1) {
      const middle = (low + up) >> 1;
      if (this.logAlpha[middle] >= log) low = middle;
      else up = middle;
    }
    return low + (log - this.logAlpha[low]) / (this.logAlpha[up] - this.logAlpha[low]);
  }

  /** Where alpha-bar falls most in one step. */
  get steepest() {
    let best = 1, most = 0;
    for (let i = 1; i <= T; i++) {
      const fall = this.alphaBar(i - 1) - this.alphaBar(i);
      if (fall > most) [best, most] = [i, fall];
    }
    return best;
  }

  /** The first step with more noise than signal (SNR below 1), or T + 1.
   * @returns {number} */
  get even() {
    let i = 1;
    while (i <= T && this.db(i) >= 0) i++;
    return i;
  }

  /** The share of steps whose ratio is below so many decibels.
   * @param {number} limit */
  below(limit) {
    let count = 0;
    for (let i = 1; i <= T; i++) if (this.db(i) < limit) count++;
    return count / T;
  }
}

/** numpy's linspace over the steps 1..T. @param {number} from @param {number} to @param {(x: number) => number} f */
function spaced(from, to, f = (x) => x) {
  const beta = new Float64Array(T + 1), step = (to - from) / (T - 1);
  for (let i = 1; i <= T; i++) beta[i] = f(i === T ? to : (i - 1) * step + from);
  return beta;
}

function cosine(s = 0.008, most = 0.999) {
  const beta = new Float64Array(T + 1), step = Math.PI / 2 / (T * (1 + s));
  const angle = (/** @type {number} */ i) => ((i / T + s) / (1 + s)) * (Math.PI / 2);
  for (let i = 1; i <= T; i++) {
    const value = (Math.sin(step) * Math.sin(angle(i) + angle(i - 1))) / Math.cos(angle(i - 1)) ** 2;
    beta[i] = Math.min(value, most);
  }
  return beta;
}

/** @param {number[]} points */
function custom(points) {
  const beta = new Float64Array(T + 1);
  let before = 0;
  for (let i = 1; i <= T; i++) {
    const log = -Math.log1p(Math.exp(decibels(points, ((i - 1) * 3) / (T - 1)) * (-Math.LN10 / 10)));
    beta[i] = -Math.expm1(log - before);
    before = log;
  }
  return beta;
}

/** The schedule that the options describe.
 * @param {Options} options */
export function schedule({ kind, points }) {
  if (kind === "linear") return new Schedule(kind, spaced(1e-4, 0.02));
  if (kind === "scaled-linear") return new Schedule(kind, spaced(0.00085 ** 0.5, 0.012 ** 0.5, (x) => x * x));
  if (kind === "cosine") return new Schedule(kind, cosine());
  if (kind === "custom" && points) return new Schedule(kind, custom(points));
  throw new Error(`no schedule of kind ${kind}`);
}
