// Fork: go on from the step on the stage, with the recipe as it stands now.

import { html } from "../parts/html.js";
import { draw, going, run } from "./runs.js";

/** @param {{at: number}} props */
export function Fork({ at }) {
  const name = run.value?.hello.run;
  return html`<button type="button" id="fork" disabled=${going.value} onClick=${() => draw({ run: name, step: at })}>Fork at step ${at + 1} with the recipe as it is</button>`;
}
