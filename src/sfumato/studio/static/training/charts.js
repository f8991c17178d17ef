// The charts of a training run, each with its numbers as a table.

import { Curve } from "../parts/curve.js";
import { html, signal, useEffect, useState } from "../parts/html.js";
import { significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { file } from "../wire/api.js";
import { json, run } from "./log.js";

/** Which look of all, and which sheet: the newest until the reader chooses another. */
const look = signal(-1);
const sheet = signal(-1);

/** @param {number[]} all */
const bounds = (all) => {
  const known = all.filter(Number.isFinite), low = Math.min(...known), high = Math.max(...known), room = (high - low || Math.abs(high) || 1) * 0.08;
  return /** @type {[number, number]} */ ([low - room, high + room]);
};
/** Two or three ticks. @param {[number, number]} pair */
const ticks = ([low, high]) => [low, (low + high) / 2, high].map((v) => Number(v.toPrecision(3)));
const thousands = (/** @type {number} */ v) => `${Math.round(v / 1000)}k`;

/** Loss and caption sensitivity over the pictures shown. */
export function Story() {
  const { metrics, looks } = /** @type {any} */ (run.value), thin = metrics.filter((/** @type {any} */ _, /** @type {number} */ k) => k % Math.ceil(metrics.length / 800 || 1) === 0 || k === metrics.length - 1);
  const told = looks.filter((/** @type {any} */ e) => Number.isFinite(e.caption?.mean));
  return html`<${Chart} title="Loss while it trains" empty=${thin.length < 2} x=${thin.map((/** @type {any} */ e) => e.images / 1000)} xLabel="thousand pictures" yLabel="loss, mean since the last line" lines=${[{ name: "loss", kind: "noise", y: thin.map((/** @type {any} */ e) => e.loss) }]}
      columns=${["pictures", "loss", "gradient", "rate of learning", "pictures a second"]} rows=${metrics.slice(-60).map((/** @type {any} */ e) => [e.images, ...[e.loss, e.norm, e.lr, e.rate].map(shown)])} readout=${["loss", thin[thin.length - 1]?.loss]} />
    <${Chart} title="What the captions are worth" empty=${told.length < 2} x=${told.map((/** @type {any} */ e) => e.images / 1000)} xLabel="thousand pictures" yLabel="loss saved by the right caption" lines=${[{ name: "mean", kind: "guess", y: told.map((/** @type {any} */ e) => e.caption.mean) },
      ...[0, 1].map((k) => ({ name: `interval ${k}`, kind: "of-custom", y: told.map((/** @type {any} */ e) => e.caption.interval?.[k] ?? NaN) }))]}
      columns=${["pictures", "mean", "from", "to"]} rows=${told.map((/** @type {any} */ e) => [e.images, ...[e.caption.mean, ...(e.caption.interval ?? [])].map(shown)])} readout=${["caption", told[told.length - 1]?.caption.mean]}
      note="Held-out pictures, with their own caption and with another one: how much the loss rises without the right words. The thin lines bound 95 of 100 repetitions." />`;
}

/** Loss and caption sensitivity by noise level, at one look. */
export function Levels() {
  const { looks } = /** @type {any} */ (run.value);
  if (!looks.length) return html`<div class="figure-box"><h2 class="figure-title">Loss by noise level</h2><p class="check">The run has not looked at held-out pictures yet.</p></div>`;
  const k = look.value < 0 ? looks.length - 1 : Math.min(look.value, looks.length - 1), here = looks[k], first = looks[0], gain = here.caption?.gain;
  const all = [...here.loss, ...first.loss];
  return html`<${Chart} title="Loss by noise level" x=${here.levels} xLabel="noise level t" yLabel="held-out loss" y=${bounds(all)} lines=${[{ name: "first", kind: "of-custom", y: first.loss }, { name: "here", kind: "noise", y: here.loss }]}
      columns=${["t", "loss", "error of it", "caption's gain"]} rows=${here.levels.map((/** @type {number} */ t, /** @type {number} */ j) => [t, ...[here.loss[j], here.error?.[j], gain?.[j]].map(shown)])} readout=${["heldout", here.loss.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0) / here.loss.length]}
      more=${html`<${Slider} id="look" label="Look" value=${k + 1} min=${1} max=${looks.length} spoken=${`after ${here.images} pictures`} shown=${thousands(here.images)} change=${(/** @type {number} */ v) => (look.value = v >= looks.length ? -1 : v - 1)} />`}
      note="Dotted: at the chosen look. Dashed: at the first." />
    ${Array.isArray(gain) && html`<${Chart} title="Caption sensitivity by noise level" x=${here.levels} xLabel="noise level t" yLabel="loss saved by the right caption" lines=${[{ name: "gain", kind: "guess", y: gain }]}
      columns=${["t", "gain", "error of it"]} rows=${here.levels.map((/** @type {number} */ t, /** @type {number} */ j) => [t, ...[gain[j], here.caption.error?.[j]].map(shown)])} readout=${["gain", Math.max(...gain)]} note="At the same look. Words matter where there is most noise: a faint picture needs none." />`}`;
}

/** @param {unknown} v */
const shown = (v) => (typeof v === "number" && Number.isFinite(v) ? significant(v) : "–");

/** @param {any} props */
function Chart({ title, x, lines, xLabel, yLabel, columns, rows, readout, note, more, empty = false, y }) {
  const [open, setOpen] = useState(false), range = empty ? [0, 1] : (y ?? bounds(lines.flatMap((/** @type {any} */ l) => l.y))), ends = empty ? [0, 1] : [x[0], x[x.length - 1]];
  return html`<div class="figure-box"><h2 class="figure-title">${title}</h2>
    ${empty ? html`<p class="check">Too little is logged yet.</p>` : html`<${Curve} label=${title} series=${lines.map((/** @type {any} */ l) => ({ ...l, label: l.name, x }))} x=${ends} xTicks=${ends.map((/** @type {number} */ v) => Number(v.toPrecision(4)))} xLabel=${xLabel}
      y=${range} yTicks=${ticks(range)} tick=${(/** @type {number} */ v) => significant(v)} yLabel=${yLabel} height=${220} />
    <p class="now">now <b data-readout=${readout[0]} data-value=${String(readout[1])}>${shown(readout[1])}</b></p>${more}
    ${note && html`<p class="check">${note}</p>`}
    <div class="doors"><button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>Show numbers</button></div>
    ${open && html`<div class="numbers" tabindex="0" role="region" aria-label=${`${title}, in numbers`}><table><caption>${title}</caption><thead><tr>${columns.map((/** @type {string} */ name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${rows.map((/** @type {any[]} */ row) => html`<tr>${row.map((cell, k) => (k === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}</tr>`)}</tbody></table></div>`}`}
  </div>`;
}

/** Samples over time: the same prompts and noise, drawn by the run as it was. */
export function Sheets() {
  const { sheets } = /** @type {any} */ (run.value), [address, setAddress] = useState(""), k = sheet.value < 0 ? sheets.length - 1 : Math.min(sheet.value, sheets.length - 1), images = sheets[k];
  useEffect(() => {
    if (images === undefined) return;
    let made = "", gone = false;
    file("training/sheet", json({ images })).then((data) => !gone && setAddress((made = URL.createObjectURL(data))), () => setAddress(""));
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [images]);
  if (images === undefined) return html`<div class="figure-box"><h2 class="figure-title">Samples over time</h2><p class="check">No sheet is drawn yet.</p></div>`;
  return html`<div class="figure-box wide"><h2 class="figure-title">Samples over time</h2>
    ${address && html`<img class="sheet-of" src=${address} alt=${`Samples after ${images} pictures`} />`}
    <${Slider} id="sheet" label="Sheet" value=${k + 1} min=${1} max=${sheets.length} spoken=${`after ${images} pictures`} shown=${thousands(images)} change=${(/** @type {number} */ v) => (sheet.value = v >= sheets.length ? -1 : v - 1)} />
    <p class="check">The same prompts and the same noise each time, drawn after <b data-readout="sheet" data-value=${String(images)}>${images.toLocaleString("en")}</b> pictures.</p></div>`;
}
