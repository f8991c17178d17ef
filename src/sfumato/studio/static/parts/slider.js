// One control for one number: a native range, so that arrows, Page Up and Down, Home and End and touch all work.

import { html } from "./html.js";

/** @param {{id: string, label: any, value: number, min: number, max: number, step?: number,
 *   spoken: string, shown?: any, change: (value: number) => void}} props */
export function Slider({ id, label, value, min, max, step = 1, spoken, shown, change }) {
  return html`<div class="slider">
    <label for=${id}>${label}</label>
    <input type="range" id=${id} min=${min} max=${max} step=${step} value=${value} aria-valuetext=${spoken}
      onInput=${(/** @type {any} */ e) => change(Number(e.target.value))} />
    <span class="value" aria-hidden="true">${shown ?? value}</span>
  </div>`;
}

/** One of a few: native radio buttons in a row.
 * @param {{name: string, label: string, value: string, options: [string, string][],
 *   change: (value: string) => void}} props */
export function Choice({ name, label, value, options, change }) {
  return html`<fieldset class="choice">
    <legend>${label}</legend>
    ${options.map(([key, words]) => html`<label key=${key}>
      <input type="radio" name=${name} value=${key} checked=${key === value} onChange=${() => change(key)} />
      <span>${words}</span>
    </label>`)}
  </fieldset>`;
}
