// Two runs side by side at the same step: A, B, and their difference, with where they first part.

import { Curve } from "../parts/curve.js";
import { html, signal, useEffect, useState } from "../parts/html.js";
import { significant } from "../parts/numbers.js";
import { Choice } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { asked } from "../wire/api.js";
import { planes } from "./film.js";
import { cursor, fetched, number, trouble } from "./runs.js";

/** @typedef {import("./runs.js").Run} Run */

/** The run that the one on the stage is compared with. */
export const other = signal(/** @type {Run | null} */ (null));
const what = signal("guess");

/** Take a run to compare with. @param {string} name */
export async function against(name) {
  try {
    other.value = await fetched(name);
  } catch (problem) {
    trouble.value = problem instanceof Error ? problem.message : String(problem);
  }
}

/** @param {{run: Run, at: number}} props */
export function Compared({ run, at }) {
  const two = /** @type {Run} */ (other.value), [said, setSaid] = useState(/** @type {any} */ (null));
  const names = `${run.hello.run} ${two.hello.run} ${run.steps.length}`;
  useEffect(() => {
    let current = true;
    setSaid(null);
    asked("compare", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ one: run.hello.run, other: two.hello.run }) })
      .then((found) => current && setSaid(found), (problem) => (trouble.value = problem.message));
    return () => void (current = false);
  }, [names]);
  const place = Math.min(at, two.steps.length - 1), a = seen(run, at), b = seen(two, place), n = said?.steps.length ?? 0;
  const line = (/** @type {string} */ name, /** @type {string} */ kind) => ({ name, label: name, kind, x: said.steps.map((/** @type {any} */ _, /** @type {number} */ k) => k + 1), y: said.steps.map((/** @type {any} */ s) => s[name]) });
  const top = said ? Math.max(0.1, ...said.steps.flatMap((/** @type {any} */ s) => [s.x_t, s.x0_hat])) : 1;
  return html`<div class="figure-box compared">
    <p class="figure-title">Run ${number(run.hello.run)} and run ${number(two.hello.run)}, step ${at + 1}</p>
    <${Choice} name="what" label="Compare" value=${what.value} options=${[["guess", "the guesses"], ["state", "what is held"]]} change=${(/** @type {string} */ v) => (what.value = v)} />
    <div class="three">
      <${Tile} x=${a} label=${`Run ${number(run.hello.run)}`} caption=${`run ${number(run.hello.run)}`} />
      <${Tile} x=${b} label=${`Run ${number(two.hello.run)}`} caption=${`run ${number(two.hello.run)}`} />
      <${Tile} x=${less(a, b)} label="Their difference: grey is none" caption="difference, grey is none" />
    </div>
    ${said && html`<p class="check" data-readout="first" data-value=${String(said.first)}>${parting(said)}</p>
      ${n > 1 && html`<${Curve} label="Difference over the steps" series=${[line("x_t", "noise"), line("x0_hat", "guess")]} x=${[1, n]} xTicks=${[1, n]} xLabel="step" y=${[0, top]} yTicks=${[0, Number(top.toPrecision(1))].filter((v) => v <= top)}
        yLabel="difference, root mean square" height=${140} cursor=${at + 1} pick=${(/** @type {number} */ v) => (cursor.value = Math.max(0, Math.round(v) - 1))} />`}
      <p class="legend"><span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line noise" d="M0 4H26" /></svg> what they hold</span>
        <span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line guess" d="M0 4H26" /></svg> their guesses</span></p>`}
    <${Settings} one=${run.hello.recipe} two=${two.hello.recipe} />
    <div class="doors"><button type="button" onClick=${() => (other.value = null)}>End the comparison</button></div>
  </div>`;
}

/** Where they part, in words. @param {any} said */
function parting(said) {
  const end = said.picture === null ? "" : said.picture === 0 ? " The pictures are the same." : ` The pictures differ by ${significant(said.picture)} of 255 grey levels, root mean square.`;
  const paired = said.aligned ? "" : " They are not at the same noise level step by step, and are paired by number.";
  if (said.first === null) return `Every step is the same to the bit.${end}`;
  const here = said.first < said.steps.length ? `The first step that differs is ${said.first + 1}.` : "The steps that both have are the same.";
  return here + paired + end;
}

/** What the recipes disagree in. @param {{one: any, two: any}} props */
function Settings({ one, two }) {
  const plain = (/** @type {any} */ value) => (typeof value === "object" ? Object.entries(value).filter(([k]) => k !== "weak").map(([k, v]) => (k === "kind" ? v : `${k} ${Array.isArray(v) ? v.join(" to ") : v}`)).join(", ") : String(value) || "none");
  const rows = ["prompt", "negative", "seed", "steps", "grid", "sampler", "guidance"].filter((name) => JSON.stringify(one[name]) !== JSON.stringify(two[name]));
  if (!rows.length) return html`<p class="check">Their last settings are the same.</p>`;
  return html`<table class="settings"><caption>What they were asked differently</caption><tbody>${rows.map((name) => html`<tr key=${name}><th scope="row">${name}</th><td>${plain(one[name])}</td><td>${plain(two[name])}</td></tr>`)}</tbody></table>`;
}

/** @param {Run} run @param {number} at */
function seen(run, at) {
  const ended = run.end && at === run.steps.length - 1 && what.value === "guess";
  return planes(ended ? run.end?.arrays.picture : run.steps[at].arrays[what.value]);
}

/** @param {Float32Array} a @param {Float32Array} b */
const less = (a, b) => (a.length === b.length ? a.map((v, k) => (v - b[k]) / 2) : null);
