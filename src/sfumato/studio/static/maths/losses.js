// One loss, four faces (sfumato/studio/losses.py): what the squared error of x0_hat is multiplied by to become each one's own.

/** @typedef {{alpha: number, sigma: number}} Level @type {Record<string, (at: Level) => number>} */
export const WEIGHTS = {
  eps: ({ alpha, sigma }) => (alpha / sigma) ** 2,
  x0: () => 1,
  v: ({ alpha, sigma }) => ((alpha ** 2 + sigma ** 2) / sigma) ** 2,
  flow: ({ alpha, sigma }) => ((alpha + sigma) / sigma) ** 2,
};

/** The mean of all. @param {ArrayLike<number>} all */
export const mean = (all) => Array.from(all).reduce((a, b) => a + b, 0) / all.length;
