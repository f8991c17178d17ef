// Evidence: the numbers that the network itself works on, channel by channel, and one of them over all steps.

import { rms } from "../maths/guidance.js";
import { Curve } from "../parts/curve.js";
import { Heat } from "../parts/heat.js";
import { html, signal, useState } from "../parts/html.js";
import { Latents } from "../parts/latents.js";
import { fixed } from "../parts/numbers.js";
import { Choice } from "../parts/slider.js";
import { useAnswer } from "../wire/answer.js";
import { cursor } from "./runs.js";

/** Channel, row and column of the number that is followed; the server's choice where the reader made none. */
const place = signal(/** @type {[number, number, number] | null} */ (null));
/** Above this a number is drawn in full colour: three standard deviations of noise. */
const LIMIT = 3;

/** @param {{run: import("./runs.js").Run, at: number}} props */
export default function Held({ run, at }) {
  const { frames, busy, trouble } = useAnswer("latents", "ask/latents", { run: run.hello.run, step: at, ...(place.value && { place: place.value }) }), said = frames[0];
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!said) return html`<p class="check">The latents are being fetched.</p>`;
  const arrays = said.arrays, [channels, rows, across] = said.shape, plane = rows * across, [c, y, x] = place.value ?? said.place, here = (/** @type {string} */ name) => arrays[name][c * plane + y * across + x];
  const of = (/** @type {string} */ name, /** @type {number} */ k) => arrays[name].subarray(k * plane, (k + 1) * plane), k = Math.min(said.step, said.held.length - 1), n = said.held.length;
  const top = Math.ceil(Math.max(1, ...[...said.held, ...said.believed].map(Math.abs))), left = arrays.x_0 ? (/** @type {number} */ ch) => rms(of("x0_hat", ch).map((v, e) => v - of("x_0", ch)[e])) : null;
  const facts = [["held", html`in <i>x</i><sub>t</sub>`, here("x_t")], ["believed", html`in the guess <i>x̂</i><sub>0</sub>`, here("x0_hat")], ["noise", "in the noise it sees", here("eps_hat")], ...(arrays.x_0 ? [["end", "at the end", here("x_0")]] : [])];
  const series = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ kind, /** @type {number[]} */ v) => ({ name, label, kind, x: v.map((_, j) => j + 1), y: v });
  return html`<div aria-busy=${busy ? "true" : null}>
    ${[["x_t", html`what it holds, <i>x</i><sub>t</sub>`, "What it holds"], ["x0_hat", html`its guess, <i>x̂</i><sub>0</sub>`, "Its guess"]].map(([name, caption, words]) => html`<${Latents} key=${name} z=${arrays[name]} channels=${channels} limit=${LIMIT}
      label=${`${words} at step ${k + 1}, all ${channels} channels`} caption=${html`${caption}: ${channels} channels of ${across} × ${rows}`} />`)}
    <${Choice} name="latents-channel" label="Channel" value=${String(c)} options=${Array.from({ length: channels }, (_, j) => [String(j), String(j + 1)])} change=${(/** @type {string} */ v) => (place.value = [Number(v), y, x])} />
    <${Heat} z=${of("x0_hat", c).map(Math.abs)} across=${across} limit=${LIMIT} at=${[x, y]} pick=${(/** @type {number} */ col, /** @type {number} */ row) => (place.value = [c, row, col])}
      label=${`Channel ${c + 1} of the guess, sizes of its numbers; chosen: ${x + 1} across, ${y + 1} down; arrow keys move`} caption=${`channel ${c + 1} of the guess, sizes: choose a number`} />
    <dl class="facts">${facts.map(([name, label, v]) => html`<div key=${name}><dt>${label}</dt><dd data-readout=${name} data-value=${String(v)}>${fixed(v)}</dd></div>`)}</dl>
    ${n > 1 && html`<${Curve} label="The chosen number over the steps" series=${[series("held", "x_t", "noise", said.held), series("believed", "guess", "guess", said.believed)]} x=${[1, n]} xTicks=${[1, n]} xLabel="step"
      y=${[-top, top]} yTicks=${[-top, 0, top]} yLabel="the number" height=${150} cursor=${k + 1} pick=${(/** @type {number} */ v) => (cursor.value = Math.min(n - 1, Math.max(0, Math.round(v) - 1)))} />`}
    <${Table} channels=${channels} chosen=${c} size=${(/** @type {string} */ name, /** @type {number} */ ch) => rms(of(name, ch))} left=${left} />
    <p class="check">A number near 0 has the page's own colour, one of ${LIMIT} or more full colour, to either side. Noise has size 1 in every channel. The decoder turns what is left at the end into the picture.</p></div>`;
}

/** @param {{channels: number, chosen: number, size: (name: string, channel: number) => number, left: ((channel: number) => number) | null}} props */
function Table({ channels, chosen, size, left }) {
  const [open, setOpen] = useState(false);
  return html`<div class="doors"><button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>Show numbers</button></div>
    ${open && html`<div class="numbers" tabindex="0" role="region" aria-label="Every channel in numbers"><table><caption>Root mean squares of each channel${left ? "; to come: how far the guess is from the end" : ""}</caption>
      <thead><tr>${["channel", "x_t", "guess", "noise", ...(left ? ["to come"] : [])].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${Array.from({ length: channels }, (_, ch) => html`<tr key=${ch} class=${ch === chosen ? "chosen" : ""}><th scope="row">${ch + 1}</th>${["x_t", "x0_hat", "eps_hat"].map((name) => html`<td>${fixed(size(name, ch))}</td>`)}
        ${left && html`<td data-readout=${`left-${ch}`} data-value=${String(left(ch))}>${fixed(left(ch))}</td>`}</tr>`)}</tbody></table></div>`}`;
}
