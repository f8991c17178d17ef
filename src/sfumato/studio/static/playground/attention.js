// Evidence: where each word was looked at, at this step, by layer and head, on one scale for all words.

import { coarser, spearman } from "../maths/attention.js";
import { Heat } from "../parts/heat.js";
import { html, signal } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Choice } from "../parts/slider.js";
import { useAnswer } from "../wire/answer.js";
import { folded } from "./folded.js";

const side = signal("prompt");
const word = signal(1);
const layer = signal(-1);
const head = signal(-1);
/** Is each word hidden in turn, to see what that changes? */
const checked = signal(false);

/** @param {{run: import("./runs.js").Run, at: number}} props */
export default function Attention({ run, at }) {
  const { frames, busy, trouble } = useAnswer("attention", "ask/attention", { run: run.hello.run, step: at, side: side.value });
  const said = frames[0], hidden = useAnswer("ablation", "ask/ablation", checked.value ? { run: run.hello.run, step: at, side: side.value } : null);
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!said) return html`<p class="check">The network is being asked.</p>`;
  if (!said.layers.length) return html`<p class="check">This network looks at no words.</p>`;
  const chosen = Math.min(layer.value, said.layers.length - 1), maps = said.layers.map((/** @type {string} */ _, /** @type {number} */ j) => said.arrays[`maps${j}`]);
  const heads = said.arrays[`maps${Math.max(0, chosen)}`] ? headsOf(said, Math.max(0, chosen)) : 1, which = chosen < 0 ? -1 : Math.min(head.value, heads - 1);
  const each = folded(said, maps, chosen, which), k = Math.min(word.value, said.words.length - 1), limit = Math.max(1e-6, ...each.maps.map((m) => Math.max(...m)));
  const effect = /** @type {any} */ (checked.value && hidden.frames[0]?.step === said.step && hidden.frames[0]?.side === said.side ? hidden.frames[0] : null), n = effect ? effect.size[0] * effect.size[1] : 0;
  const changes = effect && said.words.map((/** @type {string} */ _, /** @type {number} */ j) => Float32Array.from(coarser(effect.arrays.changes.subarray(j * n, (j + 1) * n), effect.size, each.across)));
  const size = (/** @type {number} */ j) => Math.sqrt(effect.arrays.changes.subarray(j * n, (j + 1) * n).reduce((/** @type {number} */ s, /** @type {number} */ v) => s + v * v, 0) / n);
  const rows = said.words.map((/** @type {string} */ text, /** @type {number} */ j) => ({ text, mean: each.maps[j].reduce((a, b) => a + b, 0) / each.maps[j].length, top: Math.max(...each.maps[j]) }));
  return html`<div aria-busy=${busy ? "true" : null}>
    <${Choice} name="side" label="Text" value=${side.value} options=${[["prompt", "prompt"], ["negative", "negative"]]} change=${(/** @type {string} */ v) => (side.value = v)} />
    <fieldset class="words"><legend class="unseen">Word</legend>${said.words.map((/** @type {string} */ text, /** @type {number} */ j) => html`<label key=${j}><input type="radio" name="word" checked=${j === k} onChange=${() => (word.value = j)} /><span>${text}</span></label>`)}</fieldset>
    <${Heat} z=${each.maps[k]} across=${each.across} limit=${limit} label=${`Where “${said.words[k]}” was looked at, at step ${at + 1}`} caption=${html`“${said.words[k]}”, at step ${at + 1}`} />
    <div class="pair-of">
      <label class="field-of">Layer <select value=${String(chosen)} onChange=${(/** @type {any} */ e) => (layer.value = Number(e.target.value))}><option value="-1">mean of all</option>
        ${said.layers.map((/** @type {string} */ name, /** @type {number} */ j) => html`<option key=${name} value=${String(j)}>${name.replace(/^net\./, "")}</option>`)}</select></label>
      <label class="field-of">Head <select value=${String(which)} disabled=${chosen < 0} onChange=${(/** @type {any} */ e) => (head.value = Number(e.target.value))}><option value="-1">mean of all</option>
        ${Array.from({ length: chosen < 0 ? 0 : heads }, (_, j) => html`<option key=${j} value=${String(j)}>${j + 1}</option>`)}</select></label>
    </div>
    <div class="doors"><button type="button" id="ablate" aria-pressed=${checked.value} onClick=${() => (checked.value = !checked.value)}>Check: hide each word in turn</button></div>
    ${changes && html`<${Heat} z=${changes[k]} across=${each.across} limit=${Math.max(1e-6, ...changes.slice(1, -1).map((/** @type {Float32Array} */ c) => Math.max(...c)))} label=${`Where the guess changes when “${said.words[k]}” is hidden, at step ${at + 1}`} caption=${html`where the guess changes without “${said.words[k]}”`} />`}
    ${checked.value && !effect && !hidden.trouble && html`<p class="check">Each word is being hidden in turn.</p>`}
    ${hidden.trouble && html`<p class="trouble" role="alert">${hidden.trouble}</p>`}
    <table class="settings"><caption>Share of each word: over all words it is 1 at every place</caption><thead><tr><th scope="col">word</th><th scope="col">mean</th><th scope="col">most</th>${changes && html`<th scope="col">change</th><th scope="col">rank</th>`}</tr></thead>
      <tbody>${rows.map((/** @type {any} */ row, /** @type {number} */ j) => html`<tr key=${j} class=${j === k ? "chosen" : ""}><th scope="row">${row.text}</th><td data-readout=${`mean-${j}`} data-value=${String(row.mean)}>${fixed(row.mean)}</td><td>${fixed(row.top)}</td>
        ${changes && html`<td data-readout=${`change-${j}`} data-value=${String(size(j))}>${significant(size(j))}</td><td data-readout=${`rank-${j}`} data-value=${String(spearman(each.maps[j], changes[j]))}>${fixed(spearman(each.maps[j], changes[j]), 2)}</td>`}</tr>`)}</tbody></table>
    <p class="check">${changes ? "Change: root mean square of what the guess moves by when the word is hidden. Rank: the correlation of ranks of the two maps; near 1 the map tells where the word acts, near 0 it does not." : "A map says where a word was read, not what it did: check it, or fork without the word, to see that."}</p></div>`;
}

/** @param {any} said @param {number} j */
const headsOf = (said, j) => said.shapes[j][0];
