// The race: the recipe of the run on the stage by several samplers, from the same noise and with as many evaluations each.

import { Curve } from "../parts/curve.js";
import { html, signal, useRef } from "../parts/html.js";
import { significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useAnswer } from "../wire/answer.js";
import { number } from "./runs.js";

/** Is a race on? */
export const racing = signal(false);
const budget = signal(8);
const LINES = /** @type {Record<string, string>} */ ({ ddpm: "noise", ddim: "", heun: "of-cosine", "dpmpp-2m": "of-scaled-linear" });

/** @param {{run: import("./runs.js").Run}} props */
export function Race({ run }) {
  const most = 64, evaluations = budget.value, { frames, busy, trouble } = useAnswer("raced", "ask/race", { run: run.hello.run, evaluations });
  const goal = /** @type {any} */ (frames[0]), coming = /** @type {any[]} */ (frames.slice(1)), kinds = /** @type {string[]} */ (goal?.lanes ?? []), own = run.hello.recipe.sampler.kind;
  const whole = useRef(/** @type {any[]} */ ([]));
  if (coming.length && coming.length === kinds.length) whole.current = coming;
  const ends = /** @type {any[]} */ (whole.current.length ? whole.current : coming); // the last race stays until the next is over
  const worst = Math.max(1, ...ends.flatMap((end) => end.errors.map((/** @type {number[]} */ e) => e[1]))), line = (/** @type {string} */ kind) => LINES[kind] ?? "of-custom";
  const reach = Math.max(2, evaluations);
  return html`<div class="figure-box raced" id="lanes" aria-busy=${busy ? "true" : null}>
    <p class="figure-title">Run ${number(run.hello.run)} by other samplers, ${evaluations} ${evaluations === 1 ? "evaluation" : "evaluations"} each</p>
    <${Slider} id="budget" label="Evaluations" value=${evaluations} min=${1} max=${most} spoken=${`${evaluations} evaluations each`} change=${(/** @type {number} */ v) => (budget.value = v)} />
    <div class="many lanes">${[goal, ...kinds.map((kind) => ends.find((end) => end.kind === kind))].map((end, k) => html`<${Tile} key=${k} x=${end?.arrays.picture ?? null} kind=${k ? "" : "signal"} probe=${false}
      label=${k ? `Where ${kinds[k - 1]} ended` : "The goal"} caption=${k ? kinds[k - 1] : "goal"} />`)}</div>
    ${ends.length > 0 && html`<${Curve} label="How far the guess is from the goal, by evaluations" height=${170} series=${ends.map((end) => ({ name: end.kind, label: end.kind, kind: line(end.kind), strong: true, x: end.errors.map((/** @type {number[]} */ e) => e[0]), y: end.errors.map((/** @type {number[]} */ e) => e[1]) }))}
      x=${[1, reach]} xTicks=${[1, reach]} xLabel="evaluations" y=${[0, worst]} yTicks=${(worst > 1.5 ? [0, 1, 2, 3] : [0, 0.5, 1]).filter((v) => v <= worst)} yLabel="distance of the guess from the goal" />
    <p class="legend">${ends.map((end) => html`<span key=${end.kind}><svg viewBox="0 0 26 8" aria-hidden="true"><path class=${`line strong ${line(end.kind)}`} d="M0 4H26" /></svg> ${end.kind}</span>`)}</p>
    <table class="settings"><caption>Where each ended</caption><thead><tr><th scope="col">sampler</th><th scope="col">steps</th><th scope="col">evaluations</th><th scope="col">from the goal</th></tr></thead>
      <tbody>${ends.map((end) => html`<tr key=${end.kind} class=${end.kind === own ? "chosen" : ""}><th scope="row">${end.kind}</th><td>${end.steps}</td><td>${end.evaluations}</td>
        <td data-readout=${`race-${end.kind}`} data-value=${String(end.error)}>${significant(end.error)}</td></tr>`)}</tbody></table>`}
    ${goal && html`<p class="check">The goal is Heun’s method with ${goal.evaluations} evaluations. Guidance’s two sides are one evaluation here, for everyone. A sampler that draws noise ends elsewhere, which is not worse.${run.hello.legs.length > 1 ? " A forked run is raced from its noise, with the recipe of its last leg." : ""}</p>`}
    ${!goal && !trouble && html`<p class="check">They are running.</p>`}
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}</div>`;
}
