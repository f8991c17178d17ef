// How numbers are written: a real minus sign, and as many digits as mean something.

/** @param {number} v @param {number} digits after the point */
export function fixed(v, digits = 3) {
  if (!Number.isFinite(v)) return v > 0 ? "∞" : v < 0 ? "−∞" : "–";
  return v.toFixed(digits).replace("-", "−");
}

/** With a sign always. @param {number} v @param {number} digits */
export function signedly(v, digits = 1) {
  return (v >= 0 ? "+" : "") + fixed(v, digits);
}

const UPPER = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 3.6 × 10⁻⁷ @param {number} v @param {number} digits */
export function power(v, digits = 1) {
  if (v === 0) return "0";
  if (!Number.isFinite(v)) return fixed(v);
  const [front, exponent] = v.toExponential(digits).split("e");
  const raised = exponent.replace("+", "").replace("-", "⁻").replace(/\d/g, (d) => UPPER[Number(d)]);
  return `${front.replace("-", "−")} × 10${raised}`;
}

/** Significant digits, as a power of ten where that is shorter, in groups of three where it is large.
 * @param {number} v @param {number} digits */
export function significant(v, digits = 3) {
  const size = Math.abs(v);
  if (!Number.isFinite(v)) return fixed(v);
  if (v !== 0 && (size < 1e-3 || size >= 1e7)) return power(v, digits - 1);
  if (size < 10 ** digits) return v.toPrecision(digits).replace("-", "−");
  const whole = Math.round(Number(v.toPrecision(digits)));
  return String(whole).replace("-", "−").replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A whole number, every digit of it, in groups of three. @param {number} v */
export const whole = (v) => String(v).replace(/\B(?=(\d{3})+$)/g, "\u202f");
