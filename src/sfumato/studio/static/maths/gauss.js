// The Gaussian distribution function, and how well the best possible observer tells two pictures apart.

/** P(Z <= x) of a standard normal Z: 1/2 + phi(x) (x + x^3/3 + x^5/15 + ...), which converges for every x.
 * Accuracy: 1e-15 up to |x| = 8, beyond which 0 and 1 are exact to that.
 * @param {number} x */
export function Phi(x) {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let term = x, sum = x;
  for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) sum += term *= (x * x) / k;
  return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** The length of a - b, all numbers taken together. @param {Float32Array} a @param {Float32Array} b */
export function distance(a, b) {
  let sum = 0;
  for (let e = 0; e < a.length; e++) sum += (a[e] - b[e]) ** 2;
  return Math.sqrt(sum);
}

/** How far x leans to a (above 0) or to b (below): the log of their likelihood ratio, times sigma^2 / alpha.
 * @param {Float32Array} x @param {Float32Array} a @param {Float32Array} b @param {number} alpha */
export function leaning(x, a, b, alpha) {
  let sum = 0;
  for (let e = 0; e < x.length; e++) sum += (x[e] - 0.5 * alpha * (a[e] + b[e])) * (a[e] - b[e]);
  return sum;
}
