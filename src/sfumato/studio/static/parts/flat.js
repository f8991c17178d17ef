// The plane through 0 and the two beliefs, true to scale: guidance walks the line through both.

import { fixed } from "./numbers.js";
import { html } from "./html.js";

const WIDTH = 320, HEIGHT = 320, EDGE = 60, FOOT = 40;

/** @param {{points: number[][] | null, sign: string, w: number}} props points: null, cond, guided */
export function Flat({ points, sign, w }) {
  if (!points) return html`<svg class="field" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="The network is being asked"></svg>`;
  const all = [[0, 0], ...points], [left, right, low, high] = [0, 1].flatMap((k) => [Math.min(...all.map((p) => p[k])), Math.max(...all.map((p) => p[k]))]);
  const by = Math.min((WIDTH - 2 * EDGE) / (right - left), (HEIGHT - 2 * FOOT) / Math.max(1e-9, high - low)), start = (WIDTH - by * (right - left)) / 2;
  const at = (/** @type {number[]} */ p) => [start + (p[0] - left) * by, HEIGHT - FOOT - (p[1] - low) * by];
  const [o, u, c, g] = all.map(at), line = (/** @type {number[]} */ a, /** @type {number[]} */ b) => `M${a[0]} ${a[1]}L${b[0]} ${b[1]}`;
  const far = (/** @type {number[]} */ a, /** @type {number[]} */ b) => Math.hypot(a[0] - b[0], a[1] - b[1]) > 26;
  const name = (/** @type {number[]} */ p, /** @type {string} */ words, /** @type {string} */ kind, dx = 0, dy = 20) => html`<text class=${kind} x=${p[0] + dx} y=${p[1] + dy} text-anchor=${dx ? "start" : "middle"}>${words}</text>`;
  return html`<svg class="field" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`Without the prompt the belief has length ${fixed(Math.hypot(...points[0]))}, with it ${fixed(Math.hypot(...points[1]))}, guided ${fixed(Math.hypot(...points[2]))}`}>
    <path class="axis" d=${line(o, u)} /><path class="axis" d=${line(o, c)} /><path class="axis" d=${line(o, g)} />
    <path class="line guidance" d=${line(u, c)} /><path class="line guidance beyond" d=${line(w < 0 ? u : c, g)} />
    <circle class="mark" cx=${o[0]} cy=${o[1]} r="3" /><circle class="mark" cx=${u[0]} cy=${u[1]} r="5" /><circle class="mark guess" cx=${c[0]} cy=${c[1]} r="5" /><circle class="mark guidance" cx=${g[0]} cy=${g[1]} r="6" />
    ${name(o, "0", "")}${far(o, u) && name(u, `${sign} without`, "", 10, 18)}${far(c, u) && name(c, `${sign} with`, "guess", 11, 5)}${far(g, c) && far(g, u) && name(g, "guided", "guidance", 0, -12)}
  </svg>`;
}
