// 3.3 The line you may overshoot: two beliefs, the line through them, and what lies at any w on it.

import { guided, noiseOf, plane, rms } from "../maths/guidance.js";
import { dot } from "../maths/step.js";
import { Figure } from "../parts/figure.js";
import { Flat } from "../parts/flat.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { negative, photo, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const t = signal(900), w = signal(4), rescale = signal(0), face = signal("x0"), low = signal(0), high = signal(1);
const wanted = signal(/** @type {any} */ (null));
const SCALES = [-2, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7.5, 10, 12.5, 16, 20];

export default function Guidance() {
  const one = useAnswer("guidance", "guidance", { photo: photo.value, seed: seed.value, t: t.value, prompt: prompt.value, negative: negative.value });
  const said = /** @type {any} */ (one.frames[0]), cond = said?.arrays.cond, none = said?.arrays.null;
  const x0 = useMemo(() => (said ? guided(cond, none, w.value, rescale.value) : null), [said, w.value, rescale.value]);
  const seen = useAnswer("guidance", "decode", x0 ? { z: Array.from(x0, (v) => Number(v.toPrecision(5))) } : null);
  const grid = useAnswer("guidance", "guidance/along", wanted.value), rows = /** @type {any[]} */ (grid.frames);
  const numbers = said && x0 ? about(said, x0) : null;
  const points = useMemo(() => {
    if (!said || !x0) return null;
    const as = (/** @type {Float32Array} */ x) => (face.value === "x0" ? x : noiseOf(said.arrays.x_t, x, said));
    return plane(as(none), as(cond), [as(x0)]);
  }, [said, x0, face.value]);
  useTold("guidance", numbers ? { size: fixed(numbers.size, 2), plain: fixed(rms(cond), 2), w: fixed(w.value, 1) } : {});
  return html`<${Figure} id="guidance" title="The line you may overshoot" needs="server" path=${ownPath()} busy=${one.busy || seen.busy || grid.busy}
    attempt=${html`drag <i>w</i> through 0 and 1 and far beyond; then have whole pictures drawn.`}
    notice="0 is the picture without the prompt, 1 the plain answer to it. Beyond 1 nobody was asked: the line is simply carried on."
    stage=${html`<${Choice} name="guidance-face" label="Beliefs as" value=${face.value} options=${[["x0", "picture x̂₀"], ["eps", "noise ε̂"]]} change=${(/** @type {string} */ v) => (face.value = v)} />
      <div class="plane"><${Flat} points=${points} sign=${face.value === "x0" ? "x̂₀" : "ε̂"} w=${w.value} /><div class="suspects">
        <${Tile} x=${said?.arrays.without ?? null} label="The guess without the prompt" caption=${html`<i>w</i> = 0`} />
        <${Tile} x=${said?.arrays.plain ?? null} kind="guess" label="The guess with the prompt" caption=${html`<i>w</i> = 1`} />
        <${Tile} x=${/** @type {any} */ (seen.frames[0])?.arrays.x ?? null} kind="guidance" label=${`The guess guided at w ${w.value}`} caption=${html`<i>w</i> = ${fixed(w.value, 1)}`} />
      </div></div>
      ${rows.length > 0 && html`<div class="columns six">${rows.map((row) => html`<div key=${row.w}>
        ${thirds(row.arrays.pictures).map((x, k) => html`<${Tile} key=${k} x=${x} label=${`Picture ${k + 1} at w ${row.w}`} probe=${false} />`)}
        <p><i>w</i> = ${row.w}<br />differ ${fixed(row.spread, 2)}<br />cut ${fixed(100 * row.clipped, 1)} %</p></div>`)}</div>`}`}
    primary=${html`<${Slider} id="guidance-w" label=${html`<i>w</i>`} value=${w.value} min=${-2} max=${20} step=${0.1} shown=${fixed(w.value, 1)} change=${(/** @type {number} */ v) => (w.value = v)}
      spoken=${`w ${w.value}, ${w.value === 0 ? "without the prompt" : w.value === 1 ? "the plain prompt" : w.value > 1 ? "beyond the prompt" : w.value < 0 ? "away from the prompt" : "between"}`} />`}
    secondary=${html`<div class="duo"><${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} /><${Line} label="Away from" hint="nothing in particular" value=${negative.value} change=${(/** @type {string} */ v) => (negative.value = v)} /></div>
      <div class="duo"><${Slider} id="guidance-t" label=${html`step <i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />
        <${Slider} id="guidance-rescale" label=${html`rescale <i>φ</i>`} value=${rescale.value} min=${0} max=${1} step=${0.05} shown=${fixed(rescale.value, 2)} change=${(/** @type {number} */ v) => (rescale.value = v)} spoken=${`rescale ${rescale.value}`} />
        <${Slider} id="guidance-low" label="guide from time" value=${low.value} min=${0} max=${1} step=${0.05} shown=${fixed(low.value, 2)} change=${(/** @type {number} */ v) => (low.value = Math.min(v, high.value))} spoken=${`guided from time ${low.value}`} />
        <${Slider} id="guidance-high" label="to time" value=${high.value} min=${0} max=${1} step=${0.05} shown=${fixed(high.value, 2)} change=${(/** @type {number} */ v) => (high.value = Math.max(v, low.value))} spoken=${`to time ${high.value}`} /></div>
      <button type="button" class="main" disabled=${grid.busy} onClick=${() => (wanted.value = { seed: seed.value, prompt: prompt.value, negative: negative.value, rescale: rescale.value, interval: [low.value, high.value] })}>
        ${grid.busy ? `Drawing: ${rows.length} of 6` : "Draw whole pictures"}</button>`}
    readouts=${numbers ? [
      { name: "size", label: html`size of <i>x̂</i><sub>0</sub>, guided`, value: numbers.size, shown: significant(numbers.size) },
      { name: "noise", label: "size of its noise, 1 is noise", value: numbers.noise, shown: significant(numbers.noise) },
      { name: "apart", label: html`one unit of <i>w</i>`, value: numbers.apart, shown: significant(numbers.apart) },
      { name: "cosine", label: "with and without, cosine", value: numbers.cosine, shown: fixed(numbers.cosine) },
      { name: "moved", label: html`from <i>w</i> = 1`, value: numbers.moved, shown: significant(numbers.moved) },
    ] : []}
    table=${() => ({ caption: `Guidance along w at t = ${t.value}; sizes are root mean squares`, columns: ["w", "size of the guess", "size of its noise", "from w = 1"],
      rows: said ? SCALES.map((v) => [v, about(said, guided(cond, none, v, rescale.value))]).map(([v, n]) => [String(v).replace("-", "−"), ...["size", "noise", "moved"].map((k) => significant(/** @type {any} */ (n)[k]))]) : [] })}
    python=${code}
    say=${numbers ? `At w ${w.value} the guess has size ${fixed(numbers.size, 2)}, that of the plain prompt ${fixed(rms(cond), 2)}.` : "The network is being asked."} />
    ${[one, seen, grid].map((each) => each.trouble && html`<p class="trouble" role="alert">${each.trouble}</p>`)}`;
}

/** Three pictures of one array. @param {Float32Array} all */
const thirds = (all) => [0, 1, 2].map((k) => all.subarray((k * all.length) / 3, ((k + 1) * all.length) / 3));

/** As Beliefs.numbers in Python. @param {any} said @param {Float32Array} x0 */
function about(said, x0) {
  const { cond, null: none, x_t } = said.arrays, less = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) => rms(a.map((v, e) => v - b[e]));
  return { size: rms(x0), noise: rms(noiseOf(x_t, x0, said)), apart: less(cond, none), moved: less(x0, cond),
    cosine: dot(cond, none) / Math.sqrt(dot(cond, cond) * dot(none, none)) };
}

function code() {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.guided import beliefs
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
both = beliefs(model, photo, seed=${seed.value}, i=${t.value}, prompt=${JSON.stringify(prompt.value)}, negative=${JSON.stringify(negative.value)})
for name, number in both.numbers(${w.value}, rescale=${rescale.value}).items():
    print(name, number)
`;
}
