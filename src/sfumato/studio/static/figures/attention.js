// 3.2 Ask the word, ask the pixel, then check: where places look, and whether that is where the word matters.

import { coarser, mapOf, spearman } from "../maths/attention.js";
import { Figure } from "../parts/figure.js";
import { Heat } from "../parts/heat.js";
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

const t = signal(800), word = signal(3), layer = signal("-1"), head = signal("-1"), place = signal(/** @type {[number, number]} */ ([3, 3])), side = signal("prompt");
const words = () => (side.value === "prompt" ? prompt.value : negative.value);

export default function Attention() {
  const one = useAnswer("attention", "attention", { photo: photo.value, seed: seed.value, t: t.value, prompt: words() });
  const said = /** @type {any} */ (one.frames[0]), tokens = /** @type {string[]} */ (said?.tokens ?? []), k = Math.min(word.value, tokens.length - 1);
  const layers = useMemo(() => (said?.layers ?? []).map((/** @type {any} */ l, /** @type {number} */ j) => ({ ...l, weights: said.arrays[`map${j}`] })), [said]);
  const l = Math.min(Number(layer.value), layers.length - 1), heads = l < 0 ? 0 : layers[l].shape[0], h = Math.min(Number(head.value), heads - 1);
  const found = /** @type {{maps: Float64Array[], changes: Float64Array[], about: Record<string, number>[], across: number} | null} */ (useMemo(() => {
    if (!said) return null;
    const maps = tokens.map((_, j) => mapOf(layers, j, l, h)), across = Math.sqrt(maps[0].length), n = said.arrays.changes.length / tokens.length;
    const changes = tokens.map((_, j) => coarser(said.arrays.changes.subarray(j * n, (j + 1) * n), said.size, across));
    const about = tokens.map((_, j) => ({ share: mean(maps[j]), peak: most(maps[j]), rank: spearman(maps[j], changes[j]),
      change: Math.sqrt(said.arrays.changes.subarray(j * n, (j + 1) * n).reduce((/** @type {number} */ s, /** @type {number} */ v) => s + v * v, 0) / n) }));
    return { maps, changes, about, across };
  }, [said, l, h]));
  const inner = (/** @type {any[]} */ all) => Math.max(...all.slice(1, -1).map(most), 1e-9), numbers = found?.about[k];
  const at = found ? Math.min(place.value[1], found.across - 1) * found.across + Math.min(place.value[0], found.across - 1) : 0;
  useTold("attention", found ? { start: fixed(100 * found.about[0].share, 0), low: fixed(Math.min(...found.about.slice(1, -1).map((a) => a.rank)), 2), high: fixed(Math.max(...found.about.slice(1, -1).map((a) => a.rank)), 2) } : {});
  return html`<${Figure} id="attention" title="Ask the word, ask the pixel, then check" needs="server" path=${ownPath()} busy=${one.busy}
    attempt="choose a word and read its map; choose a place and read its words; then look at what hiding the word really changes."
    notice="a place must look somewhere, heads disagree, and some maps tell little of where their word matters."
    stage=${html`<div class="chips" role="group" aria-label="Tokens">${tokens.map((text, j) => html`<button type="button" class="chip" key=${j} aria-pressed=${j === k} onClick=${() => (word.value = j)}>
          <b>${text}</b> ${found && html`<small>${fixed(100 * found.about[j].share, 0)} % of looks</small>`}</button>`)}</div>
      <div class="three">
        <${Heat} z=${found?.maps[k] ?? null} across=${found?.across ?? 8} limit=${found ? inner(found.maps) : 1} at=${found ? place.value.map((/** @type {number} */ v) => Math.min(v, found.across - 1)) : null} pick=${(/** @type {number} */ x, /** @type {number} */ y) => (place.value = [x, y])}
          label=${`How much each place looks at “${tokens[k]}”; the chosen place is ${place.value[0] + 1} across, ${place.value[1] + 1} down; arrow keys move it`} caption=${html`who looks at “${tokens[k]}”`} />
        <${Heat} z=${found?.changes[k] ?? null} across=${found?.across ?? 8} limit=${found ? inner(found.changes) : 1} label=${`Where the guess changes when “${tokens[k]}” is hidden`} caption="check: where the guess changes without it" />
        <${Tile} x=${said?.arrays.guess ?? null} kind="guess" label="The guess" caption=${html`the guess <i>x̂</i><sub>0</sub>`} />
      </div>
      <ul class="bars" aria-label="What the chosen place looks at">${tokens.map((text, j) => html`<li key=${j}><span>${text}</span><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${100 * (found?.maps[j][at] ?? 0)} height="8" /></svg><b>${fixed(100 * (found?.maps[j][at] ?? 0), 0)} %</b></li>`)}</ul>`}
    primary=${html`<${Slider} id="attention-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />`}
    secondary=${html`<${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} />
      ${negative.value && html`<${Choice} name="attention-side" label="Of" value=${side.value} options=${[["prompt", "the prompt"], ["negative", "the negative"]]} change=${(/** @type {string} */ v) => (side.value = v)} />`}
      <${Choice} name="attention-layer" label="Layer" value=${String(l)} options=${[["-1", "all"], ...layers.map((/** @type {any} */ one, /** @type {number} */ j) => [String(j), `${j + 1}: ${one.shape[3]} × ${one.shape[2]}`])]} change=${(/** @type {string} */ v) => ((layer.value = v), (head.value = "-1"))} />
      ${heads > 0 && html`<${Choice} name="attention-head" label="Head" value=${String(h)} options=${[["-1", "all"], ...Array.from({ length: heads }, (_, j) => [String(j), String(j + 1)])]} change=${(/** @type {string} */ v) => (head.value = v)} />`}`}
    readouts=${numbers && found ? [
      { name: "share", label: "of all looking", value: numbers.share, shown: `${fixed(100 * numbers.share, 1)} %` },
      { name: "peak", label: "at most, in one place", value: numbers.peak, shown: `${fixed(100 * numbers.peak, 1)} %` },
      { name: "change", label: "the guess without it changes by", value: numbers.change, shown: significant(numbers.change) },
      { name: "rank", label: "map and change, rank correlation", value: numbers.rank, shown: fixed(numbers.rank, 2) },
      { name: "sum", label: "the place’s looks together", value: found.maps.reduce((s, m) => s + m[at], 0), shown: fixed(found.maps.reduce((s, m) => s + m[at], 0)) },
    ] : []}
    table=${() => ({ caption: `Tokens at t = ${t.value}`, columns: ["token", "of all looking, %", "at most, %", "change without it", "rank correlation"],
      rows: found ? tokens.map((text, j) => [`${j}: ${text}`, ...[100 * found.about[j].share, 100 * found.about[j].peak, found.about[j].change, found.about[j].rank].map((v) => significant(v))]) : [] })}
    python=${() => code(k, l, h, at)}
    say=${numbers ? `“${tokens[k]}” gets ${fixed(100 * numbers.share, 0)} percent of all looking; its map and its effect have the rank correlation ${fixed(numbers.rank, 2)}.` : "The network is being asked."} />
    ${one.trouble && html`<p class="trouble" role="alert">${one.trouble}</p>`}`;
}

/** @param {Float64Array} x */
const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;
/** @param {Float64Array} x */
const most = (x) => x.reduce((a, b) => Math.max(a, b), 0);

/** @param {number} token @param {number} layer @param {number} head @param {number} at */
function code(token, layer, head, at) {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.attention import look
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
looked = look(model, photo, seed=${seed.value}, i=${t.value}, prompt=${JSON.stringify(words())})
layer, head = ${layer < 0 ? "None" : `list(looked.layers)[${layer}]`}, ${head < 0 ? "None" : head}
for name, number in looked.numbers(${token}, layer, head).items():
    print(name, number)
print("sum", sum(looked.map(k, layer, head).flat[${at}] for k in range(len(looked.tokens))))
`;
}
