// Evidence: the plane of the two beliefs at this step, and the prompt's bits, step by step and place by place.

import { Curve } from "../parts/curve.js";
import { Flat } from "../parts/flat.js";
import { Heat } from "../parts/heat.js";
import { html } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { useAnswer } from "../wire/answer.js";
import { cursor } from "./runs.js";

/** @param {{run: import("./runs.js").Run, at: number}} props */
export default function Guidance({ run, at }) {
  const { frames, busy, trouble } = useAnswer("guidance", "ask/guidance", { run: run.hello.run, step: at }), said = frames[0];
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!said) return html`<p class="check">The steps are being measured.</p>`;
  const here = said.steps[Math.min(at, said.steps.length - 1)], w = run.hello.legs.filter((/** @type {any} */ leg) => leg.start <= at).pop().recipe.guidance.scale;
  if (!here) return html`<p class="check">At this step the network was asked one side alone: w is 0 or 1, the time lies outside of guidance's interval, or the model has learnt guidance. Fork here with another w to see the plane.</p>`;
  const bits = said.steps.map((/** @type {any} */ s) => s?.bits ?? NaN), known = bits.filter(Number.isFinite), total = known.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
  const before = bits.slice(0, at + 1).filter(Number.isFinite).reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0), map = said.arrays.bits, n = bits.length, top = Math.max(1e-9, ...known);
  const across = map ? Math.round(Math.sqrt(map.length)) : 1, facts = [["cosine", "cosine of the two beliefs", fixed(here.cosine, 4), here.cosine], ["gap", "distance between them", significant(far(here.null, here.cond)), far(here.null, here.cond)],
    ["guided", "length of the guided belief", fixed(Math.hypot(...here.guided)), Math.hypot(...here.guided)], ["off", "out of this plane", here.off < 1e-4 ? "0" : significant(here.off), here.off],
    ["bits", "the prompt's bits, this step", here.bits === null ? "infinite" : significant(here.bits), here.bits ?? Infinity], ["total", "and up to here, of all", `${significant(before)} of ${significant(total)}`, before]];
  return html`<div aria-busy=${busy ? "true" : null}>
    <${Flat} points=${[here.null, here.cond, here.guided]} sign="v" w=${w} />
    <dl class="facts">${facts.map(([name, label, shown, value]) => html`<div key=${name}><dt>${label}</dt><dd data-readout=${name} data-value=${String(value)}>${shown}</dd></div>`)}</dl>
    ${n > 1 && known.length > 0 && html`<${Curve} label="The prompt's bits at each step" series=${[{ name: "bits", label: "bits", kind: "of-custom", x: bits.map((/** @type {number} */ _, /** @type {number} */ k) => k + 1), y: bits }]} x=${[1, n]} xTicks=${[1, n]} xLabel="step" y=${[0, top]}
      yTicks=${[0, top]} tick=${(/** @type {number} */ v) => significant(v, 2)} yLabel="the prompt's bits" height=${140} cursor=${at + 1} pick=${(/** @type {number} */ v) => (cursor.value = Math.min(n - 1, Math.max(0, Math.round(v) - 1)))} />`}
    ${map ? html`<${Heat} z=${map} across=${across} limit=${Math.max(1e-9, ...map)} label=${`Where the prompt steered at step ${at + 1}`} caption="where the prompt steered, in bits" />` : html`<p class="check">The last step ends in the picture itself, where the two beliefs no longer overlap: its bits are infinite, and not counted.</p>`}
    <p class="check">Bits: the divergence of the step with the prompt from the step without it, at w = 1. Lengths are divided by √d, so that plain noise has 1.</p></div>`;
}

/** @param {number[]} a @param {number[]} b */
const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
