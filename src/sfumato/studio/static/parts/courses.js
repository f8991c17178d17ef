// The plane of a picture and a noise, true to scale: both paths, where each one's direction leads, and where the network's does.

import { ahead, curved, placed, straight } from "../maths/paths.js";
import { html } from "./html.js";

const WIDTH = 320, HEIGHT = 300, EDGE = 28;

/** @typedef {[number, number]} Point
 * @param {{g: import("../maths/paths.js").Gram | null, t: number, landings: {t: number, shares: number[]}[], here: number[] | null}} props
 *   landings: the network's, in order of t, as shares of picture and noise; here: the one at t */
export function Courses({ g, t, landings, here }) {
  if (!g) return html`<svg class="field" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="The network is being asked"></svg>`;
  const arc = Array.from({ length: 41 }, (_, k) => curved(k / 40)), c = curved(t), s = straight(t), flown = ahead(c);
  const shares = [[0, 0], [1, 0], [0, 1], ...arc.map((one) => [one.alpha, one.sigma]), flown, ...landings.map((l) => l.shares)];
  const all = shares.map((one) => placed(g, one)), [left, right, low, high] = [0, 1].flatMap((k) => [Math.min(...all.map((p) => p[k])), Math.max(...all.map((p) => p[k]))]);
  const by = Math.min((WIDTH - 2 * EDGE) / (right - left), (HEIGHT - 2 * EDGE) / (high - low)), shift = (WIDTH - by * (right - left)) / 2;
  const at = (/** @type {number[]} */ one) => { const p = placed(g, one); return [shift + (p[0] - left) * by, HEIGHT - EDGE - (p[1] - low) * by]; };
  const d = (/** @type {number[][]} */ points) => points.map((p, k) => `${k ? "L" : "M"}${at(p).map((v) => v.toFixed(1)).join(" ")}`).join("");
  const mark = (/** @type {number[]} */ p, /** @type {string} */ kind, r = 5) => html`<circle class=${`mark ${kind}`} cx=${at(p)[0]} cy=${at(p)[1]} r=${r} />`;
  const name = (/** @type {number[]} */ p, /** @type {string} */ words, /** @type {string} */ kind, dx = 0, dy = -10) => html`<text class=${kind} x=${at(p)[0] + dx} y=${at(p)[1] + dy} text-anchor=${dx > 0 ? "start" : dx < 0 ? "end" : "middle"}>${words}</text>`;
  return html`<svg class="field" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`From picture to noise: the straight path, and a curved one whose direction at t ${t.toFixed(2)} leads past the picture`}>
    <path class="axis" d=${d([[0, 1], [0, 0], [1, 0]])} />
    <path class="line of-cosine" d=${d(arc.map((one) => [one.alpha, one.sigma]))} /><path class="line strong" d=${d([[1, 0], [0, 1]])} />
    <path class="arc" d=${d([[c.alpha, c.sigma], flown])} /><path class="line guess" d=${d(landings.map((l) => l.shares))} />
    ${here && html`<path class="arc" d=${d([[s.alpha, s.sigma], here])} />`}
    ${landings.map((l) => html`<g key=${l.t}>${mark(l.shares, "guess", 2.5)}</g>`)}
    ${mark([1, 0], "of-picture")}${mark([0, 1], "of-noise")}${mark([0, 0], "", 2.5)}${mark([c.alpha, c.sigma], "")}${mark([s.alpha, s.sigma], "full")}${mark(flown, "", 3.5)}${here && mark(here, "guess", 6)}
    ${name([1, 0], "x₀", "of-picture", 0, 20)}${name([0, 1], "ε", "of-noise")}${name([0, 0], "0", "", 0, 18)}
  </svg>`;
}
