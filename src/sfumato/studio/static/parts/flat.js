// The plane through 0 and the two beliefs, true to scale: guidance walks the line through both.

import { fixed } from "./numbers.js";
import { html } from "./html.js";

const WIDTH = 400, HEIGHT = 250;

/** @param {{points: number[][] | null, sign: string, w: number}} props points: null, cond, guided */
export function Flat({ points, sign, w }) {
  if (!points) return html`<svg class="field" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="The network is being asked"></svg>`;
  const all = [[0, 0], ...points], spans = [0, 1].map((k) => [Math.min(...all.map((p) => p[k])), Math.max(...all.map((p) => p[k]))]);
  const by = Math.min((WIDTH - 90) / (spans[0][1] - spans[0][0]), (HEIGHT - 70) / Math.max(1e-9, spans[1][1] - spans[1][0]));
  const at = (/** @type {number[]} */ p) => [45 + (p[0] - spans[0][0]) * by, HEIGHT - 35 - (p[1] - spans[1][0]) * by];
  const [o, u, c, g] = all.map(at), line = (/** @type {number[]} */ a, /** @type {number[]} */ b) => `M${a[0]} ${a[1]}L${b[0]} ${b[1]}`;
  const name = (/** @type {number[]} */ p, /** @type {string} */ words, /** @type {string} */ kind, /** @type {number} */ dy) => html`<text class=${kind} x=${p[0]} y=${p[1] + dy} text-anchor="middle">${words}</text>`;
  return html`<svg class="field" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`Without the prompt the belief has length ${fixed(Math.hypot(...points[0]))}, with it ${fixed(Math.hypot(...points[1]))}, guided ${fixed(Math.hypot(...points[2]))}`}>
    <path class="axis" d=${line(o, u)} /><path class="axis" d=${line(o, c)} /><path class="axis" d=${line(o, g)} />
    <path class="line guidance" d=${line(u, c)} /><path class="line guidance beyond" d=${line(w < 0 ? u : c, g)} />
    <circle class="mark" cx=${o[0]} cy=${o[1]} r="3" /><circle class="mark" cx=${u[0]} cy=${u[1]} r="5" /><circle class="mark guess" cx=${c[0]} cy=${c[1]} r="5" /><circle class="mark guidance" cx=${g[0]} cy=${g[1]} r="6" />
    ${name(o, "0", "", 18)}${name(u, `${sign} without`, "", 20)}${name(c, `${sign} with`, "guess", -11)}${Math.hypot(g[0] - c[0], g[1] - c[1]) > 40 && Math.hypot(g[0] - u[0], g[1] - u[1]) > 40 && name(g, "guided", "guidance", -12)}
  </svg>`;
}
