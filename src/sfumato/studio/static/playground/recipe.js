// The recipe: what the next run is asked, with the dials that this model has.

import { html } from "../parts/html.js";
import { Slider } from "../parts/slider.js";
import { info, server } from "../wire/api.js";
import { draw, going, stop, trouble } from "./runs.js";
import { change, dials, missing, sampler, settings } from "./settings.js";

/** What the shipped model can do, and what it cannot. */
const PROMPTS = [
  ["a red apple, 3d render", ""], ["a purple cat wearing a hat, flat emoji", ""], ["full moon face, outlined doodle emoji", ""],
  ["a cat and a dog playing chess on a train", "try this: it fails"],
];

export function Recipe() {
  const asked = settings.value, has = dials.value;
  if (!has) return html`<p class="waiting">${missing.value || (server.value === "offline" ? "The studio is offline." : "The model is being loaded.")}</p>`;
  const said = has.guidance, most = Math.min(100, has.most);
  return html`<form class="figure-box" onSubmit=${(/** @type {Event} */ e) => (e.preventDefault(), draw())}>
    <label class="field-of">Prompt <textarea id="prompt" rows="3" maxlength="2000" value=${asked.prompt} onKeyDown=${enter}
      onInput=${(/** @type {any} */ e) => change({ prompt: e.target.value })}></textarea></label>
    <p class="prompts">${PROMPTS.map(([words, note]) => html`<button type="button" key=${words} onClick=${() => change({ prompt: words })}>${words}${note && html` <i>${note}</i>`}</button>`)}</p>
    ${said.negative && html`<label class="field-of">Negative prompt <input type="text" id="negative" maxlength="2000" value=${asked.negative}
      onInput=${(/** @type {any} */ e) => change({ negative: e.target.value })} /></label>`}
    <div class="pair-of">
      <label class="field-of">Seed <input type="number" id="seed" min="0" max=${Number.MAX_SAFE_INTEGER} step="1" value=${asked.seed} onChange=${whole("seed", 0, Number.MAX_SAFE_INTEGER)} /></label>
      <button type="button" onClick=${() => change({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 100000 })}>Another seed</button>
    </div>
    <div class="pair-of">
      <${Select} id="sampler" label="Sampler" value=${asked.sampler.kind} options=${has.samplers.map((/** @type {any} */ one) => one.kind)} change=${(/** @type {string} */ v) => change({ sampler: sampler(v) })} />
      <${Select} id="grid" label="Levels" value=${asked.grid} options=${has.grids} change=${(/** @type {string} */ v) => change({ grid: v })} />
    </div>
    <${Options} />
    <${Slider} id="steps" label="Steps" value=${asked.steps} min=${1} max=${Math.max(most, asked.steps)} spoken=${`${asked.steps} steps`} change=${(/** @type {number} */ v) => change({ steps: v })} />
    <${Slider} id="w" label=${html`Guidance <i>w</i>`} value=${asked.w} min=${Math.min(said.low, asked.w)} max=${Math.max(said.high, asked.w)} step=${0.5}
      spoken=${`guidance ${asked.w}: ${asked.w === 0 ? "the prompt is ignored" : asked.w === 1 ? "the prompt is followed plainly" : "beyond the prompt"}`} change=${(/** @type {number} */ v) => change({ w: v })} />
    ${(said.interval || said.rescale !== null) && html`<details><summary>More of guidance</summary>
      ${said.interval && ["from", "to"].map((words, k) => html`<${Slider} key=${words} id=${`interval-${k}`} label=${html`guide ${words} <i>t</i>`} value=${(asked.interval ?? said.interval)[k]} min=${0} max=${1} step=${0.05}
        spoken=${`guidance acts ${words} t ${(asked.interval ?? said.interval)[k]}`} change=${(/** @type {number} */ v) => change({ interval: bounded(asked.interval ?? said.interval, k, v) })} />`)}
      ${said.rescale !== null && html`<${Slider} id="rescale" label="rescale" value=${asked.rescale ?? 0} min=${0} max=${1} step=${0.05} spoken=${`rescaled by ${asked.rescale ?? 0}`} change=${(/** @type {number} */ v) => change({ rescale: v })} />`}
    </details>`}
    <div class="go">
      <button type="submit" class="main" disabled=${going.value}>Draw</button>
      <button type="button" onClick=${stop} disabled=${!going.value} class="stop">Stop</button>
    </div>
    ${trouble.value && html`<p class="trouble" role="alert">${trouble.value}</p>`}
    <p class="check">${info.value?.model.name ?? ""} · ${has.size.join(" × ")} pixels · ${has.channels} latent channels${has.colours === 4 ? " · transparent pictures, seen over white" : ""}</p>
  </form>`;
}

/** Options of the sampler that is chosen. */
function Options() {
  const chosen = settings.value.sampler, { options } = dials.value.samplers.find((/** @type {any} */ one) => one.kind === chosen.kind);
  const set = (/** @type {string} */ name, /** @type {any} */ value) => change({ sampler: { ...chosen, [name]: value } });
  if (!options.length) return null;
  return html`<div class="pair-of">${options.map((/** @type {any} */ one) => one.choices.length
    ? html`<${Select} key=${one.name} id=${`of-${one.name}`} label=${one.name} value=${chosen[one.name]} options=${one.choices} change=${(/** @type {string} */ v) => set(one.name, v)} />`
    : html`<label class="field-of" key=${one.name}>${one.name} <input type="number" id=${`of-${one.name}`} step="any" value=${chosen[one.name]}
        onChange=${(/** @type {any} */ e) => e.target.value !== "" && set(one.name, Number(e.target.value))} /></label>`)}</div>`;
}

/** @param {{id: string, label: string, value: string, options: string[], change: (value: string) => void}} props */
function Select({ id, label, value, options, change }) {
  return html`<label class="field-of">${label} <select id=${id} value=${value} onChange=${(/** @type {any} */ e) => change(e.target.value)}>
    ${options.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>`;
}

/** A number field that takes whole numbers in its range and else goes back. @param {"seed"} name @param {number} low @param {number} high */
const whole = (name, low, high) => (/** @type {any} */ e) => {
  const value = Number(e.target.value);
  if (e.target.value !== "" && Number.isSafeInteger(value) && value >= low && value <= high) change({ [name]: value });
  else e.target.value = settings.value[name];
};

/** Enter draws, Shift and Enter begin a line. @param {KeyboardEvent} e */
function enter(e) {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  draw();
}

/** An end of the interval is moved, and pushes the other along. @param {[number, number]} pair @param {number} k @param {number} v
 * @returns {[number, number]} */
const bounded = ([low, high], k, v) => (k === 0 ? [v, Math.max(v, high)] : [Math.min(v, low), v]);
