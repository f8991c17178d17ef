// The prompt, once for the whole article, and other short texts: taken when the reader is done with them.

import { html } from "./html.js";

/** A line of text. @param {{label: string, value: string, change: (value: string) => void, hint?: string}} props */
export function Line({ label, value, change, hint = "" }) {
  return html`<label class="line-of-text"><span>${label}</span> <input type="text" maxlength="200" spellcheck=${false} value=${value} placeholder=${hint}
    onChange=${(/** @type {any} */ e) => change(e.target.value.trim())} /></label>`;
}
