// 3.5 Lie to the network about t: how much a wrong step harms, and how the step is told at all.

import { dot } from "../maths/step.js";
import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { Heat } from "../parts/heat.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const STEPS = [40, 120, 200, 280, 360, 440, 520, 600, 680, 760, 840, 920], MARKS = Array.from({ length: 64 }, (_, k) => 16 * k + 1 - Math.floor(k / 63) * 9);
const t = signal(520), told = signal(280);

export default function Lie() {
  const one = useAnswer("lie", "lie", { photo: photo.value, seed: seed.value, t: t.value, told: told.value });
  const many = useAnswer("lie", "lie/valley", { photo: photo.value, seed: seed.value, steps: STEPS });
  const code = useAnswer("lie", "lie/embedding", { steps: MARKS });
  const said = /** @type {any} */ (one.frames[0]), numbers = said?.numbers, pattern = /** @type {any} */ (code.frames[0]);
  const rows = /** @type {any[]} */ (many.frames.filter((f) => f.type === "row"));
  const harm = useMemo(() => STEPS.flatMap((_, k) => STEPS.map((_, j) => (rows[k] ? Math.max(0, Math.log2(rows[k].arrays.errors[j] / rows[k].arrays.errors[k])) : 0))), [rows.length, many.asked]);
  const kernel = useMemo(() => (pattern ? alike(pattern, nearest(MARKS, told.value)) : []), [pattern, told.value]);
  const here = nearest(STEPS, t.value), valley = rows[here] ? tolerant(rows[here].arrays.errors, here) : null;
  useTold("lie", valley ? { t: String(STEPS[here]), low: String(valley.low), high: String(valley.high) } : {});
  return html`<${Figure} id="lie" title="Lie to the network" needs="server" path=${ownPath()} busy=${one.busy || many.busy || code.busy}
    attempt="tell it of another step than the one the picture has; choose a place in the map."
    notice="told too low, it takes noise for picture and keeps it; told too high, it takes picture for noise and washes it out. The two do not cost the same."
    stage=${html`<div class="three">
        <${Tile} x=${said?.arrays.noisy ?? null} label=${`The picture at step ${t.value}, decoded`} caption=${html`given: step ${t.value}`} />
        <${Tile} x=${said?.arrays.honest ?? null} kind="guess" label="What it makes of it, told the truth" caption=${html`told the truth: ${t.value}`} />
        <${Tile} x=${said?.arrays.lied ?? null} kind="guidance" label="What it makes of it, told another step" caption=${html`told: ${told.value}`} />
      </div>
      <div class="pair even"><${Heat} z=${rows.length ? harm : null} across=${12} limit=${2} at=${[nearest(STEPS, told.value), here]} scale=${false}
          pick=${(/** @type {number} */ x, /** @type {number} */ y) => ((told.value = STEPS[x]), (t.value = STEPS[y]))}
          label=${`How the error grows: true step ${STEPS[here]} down, told step ${STEPS[nearest(STEPS, told.value)]} across; arrow keys move`}
          caption=${html`true <i>t</i> down, told <i>t</i> across, 40 to 920; white: no worse than the truth; full colour: four times its error`} />
        <div><${Heat} z=${pattern ? pattern.arrays.gamma.map((/** @type {number} */ v) => (v + 1) / 2) : null} across=${pattern?.features ?? 128} limit=${1} scale=${false} label="The embedding of each step: one row a step, one column a wave, from −1 to 1"
          caption=${html`how it is told: <i>γ</i>(<i>t</i>), <i>t</i> down from 1 to 1000`} />
        <${Curve} label="How like the told step the others look" series=${[{ name: "kernel", label: "cosine", kind: "guidance", x: MARKS, y: kernel }]} x=${[0, 1000]} xTicks=${[0, 500, 1000]} xLabel="step t" height=${140}
          y=${[0, 1]} yTicks=${[0, 0.5, 1]} yLabel="like the told step, cosine" cursor=${told.value} pick=${(/** @type {number} */ v) => (told.value = Math.max(1, Math.round(v)))} /></div></div>`}
    primary=${html`<div class="duo"><${Slider} id="lie-t" label=${html`true <i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`the picture is at step ${t.value}, the network is told ${told.value}`} /></div>`}
    secondary=${html`<div class="duo"><${Slider} id="lie-told" label=${html`told <i>t</i>`} value=${told.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (told.value = v)} spoken=${`the network is told step ${told.value}`} /></div>
      <button type="button" onClick=${() => (told.value = t.value)}>Tell the truth</button>`}
    readouts=${numbers ? [
      { name: "honest", label: "error, told the truth", value: numbers.honest, shown: significant(numbers.honest) },
      { name: "lied", label: "error, lied to", value: numbers.lied, shown: significant(numbers.lied) },
      { name: "times", label: "times the honest one", value: numbers.times, shown: significant(numbers.times) },
      { name: "similar", label: "embeddings, cosine", value: numbers.similar, shown: fixed(numbers.similar) },
    ] : []}
    table=${() => ({ caption: "Error of the guess, root mean square, by true step (rows) and told step", columns: ["true t", ...STEPS.map((s) => `told ${s}`)],
      rows: rows.map((row) => [row.t, ...Array.from(row.arrays.errors, (/** @type {number} */ e) => significant(e))]) })}
    python=${python}
    say=${numbers ? `At step ${said.t}, told ${said.told}, the error is ${significant(numbers.times)} times the honest one.` : "The network is being asked."} />
    ${[one, many, code].map((each) => each.trouble && html`<p class="trouble" role="alert">${each.trouble}</p>`)}`;
}

/** Where in a list the number nearest to v stands. @param {number[]} all @param {number} v */
const nearest = (all, v) => all.reduce((best, s, k) => (Math.abs(s - v) < Math.abs(all[best] - v) ? k : best), 0);

/** The steps around the true one that may be told at a tenth more error at most. @param {Float32Array} errors @param {number} k */
function tolerant(errors, k) {
  let low = k, high = k;
  while (low > 0 && errors[low - 1] <= 1.1 * errors[k]) low--;
  while (high < errors.length - 1 && errors[high + 1] <= 1.1 * errors[k]) high++;
  return { low: STEPS[low], high: STEPS[high] };
}

/** Cosines of all rows with one. @param {any} pattern @param {number} k */
function alike({ arrays: { gamma }, features }, k) {
  const row = (/** @type {number} */ j) => gamma.subarray(j * features, (j + 1) * features), own = row(k);
  return MARKS.map((_, j) => dot(own, row(j)) / Math.sqrt(dot(own, own) * dot(row(j), row(j))));
}

function python() {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.lie import lie
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
for name, number in lie(model, photo, seed=${seed.value}, i=${t.value}, told=${told.value}).numbers().items():
    print(name, number)
`;
}
