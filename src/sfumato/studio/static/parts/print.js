// Print the whole article: wake every figure, wait until all have their numbers, then ask the browser for its dialogue.

import { html, signal } from "./html.js";

/** How far it is, in words; empty while nobody prints. */
const told = signal("");

const places = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-figure]")]);
const ready = (/** @type {HTMLElement} */ place) => place.querySelector("[data-readout]") && !place.querySelector("[aria-busy=true]");
const beat = () => new Promise((go) => setTimeout(go, 200));

/** @param {(place: HTMLElement) => Promise<void>} wake mounts a figure that sleeps */
export async function printAll(wake) {
  if (told.value) return;
  for (const place of places()) {
    if (!place.dataset.awake) await wake(place);
    while (!ready(place) && !place.querySelector(".trouble, .badge.offline")) {
      told.value = `Being computed: ${places().filter(ready).length} of ${places().length} figures.`;
      await beat();
    }
  }
  told.value = "";
  print();
}

/** @param {{wake: (place: HTMLElement) => Promise<void>}} props */
export function Print({ wake }) {
  return html`<button type="button" disabled=${told.value !== ""} onClick=${() => printAll(wake)}>Print the article</button>
    ${told.value && html`<p class="progress" role="status">${told.value}</p>`}`;
}
