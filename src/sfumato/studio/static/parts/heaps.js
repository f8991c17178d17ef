// The plane of the twin: the heaps, the point x_t that can be moved, its possible origins, and their mean.

import { HEAPS } from "../maths/mixture.js";
import { fixed } from "./numbers.js";
import { html } from "./html.js";

const WIDTH = 400, HEIGHT = 136, BY = 52, ACROSS = 3.7, UP = 1.2;

/** @param {{x: number[], left: import("../maths/mixture.js").Posterior, origins: number[][], move: (x: number[]) => void}} props */
export function Heaps({ x, left, origins, move }) {
  const side = left.guess[0] < x[0] ? 1 : -1, px = (/** @type {number} */ v) => WIDTH / 2 + BY * v, py = (/** @type {number} */ v) => HEIGHT / 2 - BY * v;
  const inside = (/** @type {number} */ v, /** @type {number} */ most) => Math.round(100 * Math.min(most, Math.max(-most, v))) / 100;
  /** @param {PointerEvent} e */
  const drag = (e) => {
    if (!e.buttons) return;
    const box = /** @type {Element} */ (e.currentTarget).getBoundingClientRect(), by = (WIDTH / box.width) / BY;
    move([inside((e.clientX - box.left) * by - WIDTH / 2 / BY, ACROSS), inside(HEIGHT / 2 / BY - (e.clientY - box.top) * by, UP)]);
  };
  /** @param {KeyboardEvent} e */
  const key = (e) => {
    const by = /** @type {Record<string, number[]>} */ ({ ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] })[e.key];
    if (!by) return;
    e.preventDefault();
    move([inside(x[0] + 0.1 * by[0], ACROSS), inside(x[1] + 0.1 * by[1], UP)]);
  };
  return html`<svg class="field heaps" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label="A twin in the plane, where the guess is exact" onPointerDown=${drag} onPointerMove=${drag}>
    ${HEAPS.means.flatMap((m, k) => [2, 1].map((by) => html`<ellipse key=${`${k}-${by}`} class="heap" cx=${px(m[0])} cy=${py(m[1])} rx=${by * BY * HEAPS.stds[k][0]} ry=${by * BY * HEAPS.stds[k][1]} />`))}
    ${origins.map((o, k) => html`<g key=${k}><path class="arc" d=${`M${px(x[0])} ${py(x[1])}L${px(o[0])} ${py(o[1])}`} /><circle class="mark full" cx=${px(o[0])} cy=${py(o[1])} r="3" /></g>`)}
    <circle class="mark guess" cx=${px(left.guess[0])} cy=${py(left.guess[1])} r="5" /><text class="guess" x=${px(left.guess[0]) - 9 * side} y=${py(left.guess[1]) + 4} text-anchor=${side > 0 ? "end" : "start"}>x̂₀</text>
    <circle class="grip" cx=${px(x[0])} cy=${py(x[1])} r="8" tabindex="0" role="slider" aria-label="The noisy point" aria-valuenow=${x[0]} aria-valuemin=${-ACROSS} aria-valuemax=${ACROSS}
      aria-valuetext=${`${fixed(x[0], 1)} across, ${fixed(x[1], 1)} up; the guess is ${fixed(left.guess[0], 2)} across, ${fixed(left.guess[1], 2)} up`} onKeyDown=${key} />
    <text x=${px(x[0]) + 13 * side} y=${py(x[1]) + 12} text-anchor=${side > 0 ? "start" : "end"}>x<tspan dy="3" font-size="9">t</tspan></text>
  </svg>`;
}
