// Evidence: where each word was looked at, at this step, by layer and head, on one scale for all words.

import { html, signal } from "../parts/html.js";
import { fixed } from "../parts/numbers.js";
import { Choice } from "../parts/slider.js";
import { useAnswer } from "../wire/answer.js";
import { Map, folded } from "./map.js";

const side = signal("prompt");
const word = signal(1);
const layer = signal(-1);
const head = signal(-1);

/** @param {{run: import("./runs.js").Run, at: number}} props */
export default function Attention({ run, at }) {
  const { frames, busy, trouble } = useAnswer("attention", "ask/attention", { run: run.hello.run, step: at, side: side.value });
  const said = frames[0];
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!said) return html`<p class="check">The network is being asked.</p>`;
  if (!said.layers.length) return html`<p class="check">This network looks at no words.</p>`;
  const chosen = Math.min(layer.value, said.layers.length - 1), maps = said.layers.map((/** @type {string} */ _, /** @type {number} */ j) => said.arrays[`maps${j}`]);
  const heads = said.arrays[`maps${Math.max(0, chosen)}`] ? headsOf(said, Math.max(0, chosen)) : 1, which = chosen < 0 ? -1 : Math.min(head.value, heads - 1);
  const each = folded(said, maps, chosen, which), k = Math.min(word.value, said.words.length - 1), limit = Math.max(1e-6, ...each.maps.map((m) => Math.max(...m)));
  const rows = said.words.map((/** @type {string} */ text, /** @type {number} */ j) => ({ text, mean: each.maps[j].reduce((a, b) => a + b, 0) / each.maps[j].length, top: Math.max(...each.maps[j]) }));
  return html`<div aria-busy=${busy ? "true" : null}>
    <${Choice} name="side" label="Text" value=${side.value} options=${[["prompt", "prompt"], ["negative", "negative"]]} change=${(/** @type {string} */ v) => (side.value = v)} />
    <fieldset class="words"><legend class="unseen">Word</legend>${said.words.map((/** @type {string} */ text, /** @type {number} */ j) => html`<label key=${j}><input type="radio" name="word" checked=${j === k} onChange=${() => (word.value = j)} /><span>${text}</span></label>`)}</fieldset>
    <${Map} z=${each.maps[k]} across=${each.across} limit=${limit} label=${`Where “${said.words[k]}” was looked at, at step ${at + 1}`} caption=${html`“${said.words[k]}”, at step ${at + 1}`} />
    <div class="pair-of">
      <label class="field-of">Layer <select value=${String(chosen)} onChange=${(/** @type {any} */ e) => (layer.value = Number(e.target.value))}><option value="-1">mean of all</option>
        ${said.layers.map((/** @type {string} */ name, /** @type {number} */ j) => html`<option key=${name} value=${String(j)}>${name.replace(/^net\./, "")}</option>`)}</select></label>
      <label class="field-of">Head <select value=${String(which)} disabled=${chosen < 0} onChange=${(/** @type {any} */ e) => (head.value = Number(e.target.value))}><option value="-1">mean of all</option>
        ${Array.from({ length: chosen < 0 ? 0 : heads }, (_, j) => html`<option key=${j} value=${String(j)}>${j + 1}</option>`)}</select></label>
    </div>
    <table class="settings"><caption>Share of each word: over all words it is 1 at every place</caption><thead><tr><th scope="col">word</th><th scope="col">mean</th><th scope="col">most</th></tr></thead>
      <tbody>${rows.map((/** @type {any} */ row, /** @type {number} */ j) => html`<tr key=${j} class=${j === k ? "chosen" : ""}><th scope="row">${row.text}</th><td data-readout=${`mean-${j}`} data-value=${String(row.mean)}>${fixed(row.mean)}</td><td>${fixed(row.top)}</td></tr>`)}</tbody></table>
    <p class="check">A map says where a word was read, not what it did: hide the word, or fork without it, to see that.</p></div>`;
}

/** @param {any} said @param {number} j */
const headsOf = (said, j) => said.shapes[j][0];
