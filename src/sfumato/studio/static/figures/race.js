// 2.6 The race at equal cost: four samplers, one start, as many evaluations each; and how their errors fall.

import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { html, signal } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

/** Each lane's name, its line, and its name among the read-outs.
 * @type {Record<string, {words: string, line: string, name: string}>} */
const LANES = {
  ddpm: { words: "DDPM", line: "noise", name: "ddpm" },
  ddim: { words: "DDIM", line: "", name: "ddim" },
  heun: { words: "Heun", line: "of-cosine", name: "heun" },
  "dpmpp-2m": { words: "DPM-Solver++ 2M", line: "of-scaled-linear", name: "dpmpp_2m" },
};
const budget = signal(8), spacing = signal("trailing");

export default function Race() {
  const course = { prompt: prompt.value, seed: seed.value, spacing: spacing.value };
  const race = useAnswer("race", "race", { ...course, evaluations: budget.value });
  const curves = useAnswer("race", "race/curves", course);
  const goal = /** @type {any} */ (race.frames[0]), ends = /** @type {any[]} */ (race.frames.slice(1)), points = /** @type {any[]} */ (curves.frames);
  const done = ends.length === 4 ? Object.fromEntries(ends.map((e) => [e.kind, e])) : null;
  const at = (/** @type {string} */ kind, /** @type {number} */ b) => points.find((p) => p.kind === kind && p.budget === b)?.error;
  const order = (/** @type {string} */ kind) => Math.log2(at(kind, 16) / at(kind, 32)), all = points.length === 20;
  useTold("race", all ? { ddpm: significant(at("ddpm", 32)), ddim: significant(at("ddim", 32)), gain: fixed(at("ddim", 16) / at("ddim", 32), 1) } : {});
  return html`<${Figure} id="race" title="The race at equal cost" needs="server" path=${ownPath()} busy=${race.busy || curves.busy}
    attempt="give them more evaluations, or fewer; space the steps otherwise."
    notice="Heun takes half the steps for the same cost. DDPM never comes to the goal: it draws its own noise and ends at another picture, not a worse one."
    stage=${html`<div class="many racers">${[goal, ...Object.keys(LANES).map((kind) => ends.find((e) => e.kind === kind))].map((end, k) => html`<${Tile} key=${k} x=${end?.arrays.picture ?? null} kind=${k ? "" : "signal"}
        label=${k ? `Where ${Object.values(LANES)[k - 1].words} ended` : "The goal"} caption=${k ? html`${Object.values(LANES)[k - 1].words}${end ? html`, ${end.steps} ${end.steps === 1 ? "step" : "steps"}` : ""}` : html`the goal${end ? html`, ${end.evaluations} evaluations` : ""}`} />`)}</div>
      <${Curve} label="Distance from the goal by evaluations" height=${230} series=${Object.entries(LANES).map(([kind, lane]) => {
        const own = points.filter((p) => p.kind === kind);
        return { name: kind, label: lane.words, kind: lane.line, strong: true, x: own.map((p) => Math.log2(p.evaluations)), y: own.map((p) => p.error) };
      })} x=${[0, 5]} xTicks=${[0, 1, 2, 3, 4, 5]} xTick=${(/** @type {number} */ v) => String(2 ** v)} xLabel="evaluations of the network" y=${[0.001, 2]} log=${true} yTicks=${[0.001, 0.01, 0.1, 1]}
        yLabel="distance from the goal, root mean square" cursor=${Math.log2(budget.value)} pick=${(/** @type {number} */ v) => (budget.value = Math.round(2 ** v))} />
      <p class="legend">${Object.entries(LANES).map(([kind, lane]) => html`<span key=${kind}><svg viewBox="0 0 26 8" aria-hidden="true"><path class=${`line strong ${lane.line}`} d="M0 4H26" /></svg>
        ${lane.words}${all && kind !== "ddpm" ? html`, last slope ${fixed(order(kind), 1)}` : ""}</span>`)}</p>`}
    primary=${html`<${Slider} id="race-t" label="evaluations" value=${budget.value} min=${1} max=${32} change=${(/** @type {number} */ v) => (budget.value = v)} spoken=${`${budget.value} evaluations each`} />`}
    secondary=${html`<${Choice} name="race-spacing" label="Steps lie" value=${spacing.value} options=${[["trailing", "evenly"], ["quadratic", "near the picture"], ["karras", "as Karras has them"]]} change=${(/** @type {string} */ v) => (spacing.value = v)} />
      <${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} />`}
    readouts=${done ? [...Object.entries(LANES).map(([kind, lane]) => ({ name: lane.name, label: `${lane.words}, from the goal`, value: done[kind].error, shown: significant(done[kind].error) })),
      { name: "heun_steps", label: "steps Heun can afford", value: done.heun.steps, shown: String(done.heun.steps) }] : []}
    table=${() => ({ caption: "Distance from the goal by sampler and budget", columns: ["sampler", "evaluations", "distance"], rows: points.map((p) => [`${LANES[p.kind].words}, up to ${p.budget}`, p.evaluations, significant(p.error)]) })}
    python=${code}
    say=${done ? `With ${budget.value} evaluations: ${Object.entries(LANES).map(([kind, lane]) => `${lane.words} ${significant(done[kind].error, 2)}`).join(", ")} from the goal.` : "They are running."} />
    ${(race.trouble || curves.trouble) && html`<p class="trouble" role="alert">${race.trouble || curves.trouble}</p>`}`;
}

function code() {
  const course = `${JSON.stringify(prompt.value)}, seed=${seed.value}, spacing="${spacing.value}"`;
  return `import sfumato
from sfumato.studio.race import LANES, finish, reference

model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
goal = reference(model, ${course})
for kind in LANES:
    end = finish(model, kind, ${course}, evaluations=${budget.value})
    print(kind.replace("-", "_"), end.error(goal))
print("heun_steps", finish(model, "heun", ${course}, evaluations=${budget.value}).steps)
`;
}
