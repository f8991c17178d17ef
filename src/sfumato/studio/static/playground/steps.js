// Evidence, in numbers: this step's, a curve over all steps, and the table of them.

import { Curve } from "../parts/curve.js";
import { html, useState } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { cursor } from "./runs.js";

/** @typedef {import("./runs.js").Run} Run */

/** @param {{alpha: number, sigma: number}} level */
const decibels = (level) => 20 * Math.log10(level.alpha / level.sigma);

/** @param {{run: Run, at: number}} props */
export function Steps({ run, at }) {
  const [open, setOpen] = useState(false), step = run.steps[at], snr = decibels(step.here);
  const facts = [
    ["t", html`<i>t</i>, from and to`, `${fixed(step.here.t)} → ${fixed(step.there.t)}`, step.here.t],
    ["snr", "signal to noise", Number.isFinite(snr) ? `${fixed(snr, 1)} dB` : "none", snr],
    ["spent", "evaluations so far", String(step.spent), step.spent],
    ["x_t", html`size of <i>x</i><sub>t</sub>`, fixed(step.x_t), step.x_t],
    ["x0_hat", html`size of the guess <i>x̂</i><sub>0</sub>`, fixed(step.x0_hat), step.x0_hat],
    ["eps_hat", "size of the noise it sees", fixed(step.eps_hat), step.eps_hat],
    ...(step.guidance === undefined ? [] : [["guidance", "what the prompt adds", significant(step.guidance), step.guidance], ["cosine", "with and without it, cosine", fixed(step.cosine, 4), step.cosine]]),
    ["ms", "time of this step", `${fixed(step.ms, 0)} ms`, step.ms],
  ];
  const line = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ kind) => ({ name, label, kind, x: run.steps.map((_, k) => k + 1), y: run.steps.map((s) => s[name] ?? NaN) });
  const n = run.steps.length, ticks = [...new Set([1, Math.ceil(n / 2), n])], top = Math.max(1.2, ...run.steps.flatMap((s) => [s.x_t, s.x0_hat, s.guidance ?? 0]));
  return html`<dl class="facts">${facts.map(([name, label, shown, value]) => html`<div key=${name}><dt>${label}</dt><dd data-readout=${name} data-value=${String(value)}>${shown}</dd></div>`)}</dl>
    ${n > 1 && html`<${Curve} label="Sizes over the steps" series=${[line("x_t", "x_t", "noise"), line("x0_hat", "guess", "guess"), line("guidance", "guidance", "of-custom")]}
      x=${[1, n]} xTicks=${ticks} xLabel="step" y=${[0, top]} yTicks=${top > 2 ? [0, 1, Math.floor(top)] : [0, 0.5, 1]} yLabel="root mean square" height=${170} cursor=${at + 1}
      pick=${(/** @type {number} */ v) => (cursor.value = Math.min(n - 1, Math.max(0, Math.round(v) - 1)))} />
    <p class="legend"><span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line noise" d="M0 4H26" /></svg> what it holds</span>
      <span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line guess" d="M0 4H26" /></svg> its guess</span>
      <span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line of-custom" d="M0 4H26" /></svg> what the prompt adds</span></p>`}
    <div class="doors"><button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>Show numbers</button></div>
    ${open && html`<${Table} run=${run} at=${at} />`}`;
}

/** @param {{run: Run, at: number}} props */
function Table({ run, at }) {
  return html`<div class="numbers" tabindex="0" role="region" aria-label="Every step in numbers"><table><caption>Every step in numbers</caption>
    <thead><tr>${["step", "t", "SNR, dB", "x_t", "guess", "noise", "prompt", "ms"].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${run.steps.map((s, k) => html`<tr class=${k === at ? "chosen" : ""}><th scope="row">${k + 1}</th><td>${fixed(s.here.t)}</td><td>${fixed(decibels(s.here), 1)}</td>
      ${[s.x_t, s.x0_hat, s.eps_hat].map((v) => html`<td>${fixed(v)}</td>`)}<td>${s.guidance === undefined ? "–" : significant(s.guidance)}</td><td>${fixed(s.ms, 0)}</td></tr>`)}</tbody></table></div>`;
}
