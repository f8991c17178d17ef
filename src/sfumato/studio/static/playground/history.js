// The runs that the server keeps: the newest first, forks under what they were forked from by name.

import { html } from "../parts/html.js";
import { against, other } from "./compare.js";
import { drop, going, listed, number, open, run } from "./runs.js";

const STATES = /** @type {Record<string, string>} */ ({ done: "", running: "being drawn", waiting: "waiting", stopped: "stopped", failed: "failed" });

export function History() {
  const all = listed.value, here = run.value?.hello.run;
  if (!all.length) return null;
  return html`<div class="history figure-box"><h2 class="figure-title">Runs</h2><ol reversed>
    ${all.map((one, k) => ({ one, k })).reverse().map(({ one, k }) => html`<li key=${one.run} value=${k + 1}>
      <button type="button" class="pick" aria-current=${one.run === here ? "true" : null} disabled=${going.value} onClick=${() => open(one.run)}>
        <b>${one.prompt || "no prompt"}</b><span>${told(one)}</span></button>
      ${here && one.run !== here && one.kept > 0 && html`<button type="button" class="beside" aria-pressed=${other.value?.hello.run === one.run} aria-label=${`Compare with run ${k + 1}`} disabled=${going.value} onClick=${() => against(one.run)}>A|B</button>`}
      <button type="button" class="drop" aria-label=${`Give up run ${k + 1}`} disabled=${going.value} onClick=${() => given(one.run)}>×</button>
    </li>`)}</ol></div>`;
}

/** @param {string} name */
function given(name) {
  if (other.value?.hello.run === name) other.value = null;
  drop(name);
}

/** @param {any} one */
function told(one) {
  const from = one.parent ? number(one.parent) : 0;
  const parts = [`seed ${one.seed}`, one.sampler, `w ${one.w}`, one.kept < one.steps ? `${one.kept} of ${one.steps} steps` : `${one.steps} steps`,
    one.parent && (from ? `fork of ${from} at step ${one.at + 1}` : `fork at step ${one.at + 1}`), one.imported && "imported", STATES[one.state]];
  return parts.filter(Boolean).join(" · ");
}
