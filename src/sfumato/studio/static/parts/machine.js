// The machine as a diagram: noise and text come in above, state, network, guidance and step go round, a picture leaves below.

import { Heat } from "./heat.js";
import { html } from "./html.js";
import { Latents } from "./latents.js";
import { fixed, significant, whole } from "./numbers.js";
import { Tile } from "./tile.js";

/** Where each arrow stands, and which way it points. */
const ARROWS = Object.entries({ a: "↓", b: "↓", c: "→", d: "↓", e: "←", f: "↑", g: "↓", h: "→" });

/** @typedef {{text: number, noise: number, network: number, rest: number, decoder: number, all: number}} Times milliseconds
 * @typedef {{parts: any, text: any, moves: any[], n: number, k: number, end: any, ms: Times, working: string, w: number, away: string, seed: number, pick: (k: number) => void}} Props
 *   the frames as the server sent them (studio/api_machine.py); k: the step that is looked at; working: the part that is at work */

/** @param {Props} props */
export function Machine({ parts, text, moves, n, k, end, ms, working, w, away, seed, pick }) {
  const step = moves[k], first = moves[0], shape = step && `${step.channels} × ${step.height} × ${step.width}`, each = step ? step.numbers.evaluations / (k + 1) : 0;
  const latents = (/** @type {any} */ z, /** @type {number} */ limit, /** @type {string} */ label) => html`<${Latents} z=${z ?? null} channels=${step?.channels ?? 12} limit=${limit} label=${label} />`;
  const after = (/** @type {string} */ one, /** @type {any} */ there) => (working === one ? "work" : there ? "done" : "wait");
  const looped = working === "network" ? "work" : step ? "done" : "wait";
  return html`<div class="machine" role="group" aria-label="The machine, part by part">
    <${Part} area="noise" name="Noise" state=${after("noise", first)} facts=${[`seed ${seed}`, first && `${shape} numbers`, first && `${whole(4 * first.arrays.x_t.length)} bytes`, first && `${significant(first.noise_ms, 2)} ms`]}>
      ${latents(first?.arrays.x_t, 3, "The first noise, channel by channel")}<//>
    <${Part} area="text" name="Text encoder" state=${after("text", text)} facts=${[...held(parts?.text), text && `${text.tokens.length} × ${text.features} numbers`, text && `${fixed(text.ms, 1)} ms`]}>
      <p class="heard">${(text?.tokens ?? []).map((/** @type {any} */ [word, id], /** @type {number} */ j) => html`<span key=${j}>${word}${id !== null && html` <small>${id}</small>`}</span>`)}</p>
      <${Heat} z=${text ? text.arrays.states.map(Math.abs) : null} across=${text?.features ?? 384} limit=${1.5} scale=${false} label="The states: a row for each token, a column for each of its numbers, darker for larger ones" /><//>
    <${Part} area="state" name=${html`State <i>x</i><sub>t</sub>`} state=${looped === "work" ? "done" : looped} facts=${step ? [html`<i>t</i> = ${fixed(step.t)}`, `${shape} numbers`, `size ${fixed(step.numbers.holds, 2)}`] : []}>
      ${latents(step?.arrays.x_t, 3, `The state before step ${k + 1}, channel by channel`)}<//>
    <${Part} area="network" name="Network" state=${looped} facts=${[...held(parts?.network), step && `${fixed(each, 0)} ${each === 1 ? "evaluation" : "evaluations"} a step`, step && html`<b>${fixed(step.network_ms, 0)} ms</b>, all ${significant(ms.network / 1000, 2)} s`]}>
      <${Bars} moves=${moves} n=${n} k=${k} pick=${pick} /><//>
    <${Part} area="guidance" name="Guidance" state=${looped === "work" ? "done" : looped} facts=${step ? [html`<i>w</i> = ${fixed(w, 1)}`, away && `away from “${away}”`, `pull ${significant(step.numbers.pull, 2)}`, html`guess of size ${fixed(step.numbers.guess, 2)}`] : []}>
      ${latents(step?.arrays.pull, 3 * Math.max(1e-6, step?.numbers.pull ?? 1), "Where the prompt pulls the guess, channel by channel, in full colour at three times its size")}<//>
    <${Part} area="step" name="Step" state=${looped === "work" ? "done" : looped} facts=${step ? [`${fixed(step.t)} → ${fixed(step.s)}`, `moves by ${significant(step.numbers.moved, 2)}`, `${fixed(step.rest_ms, 2)} ms, with guidance`] : []}>
      <${Tile} x=${step?.arrays.guess ?? null} kind="guess" label=${`Its guess at step ${k + 1}, decoded to be looked at`} caption=${html`its guess <i>x̂</i><sub>0</sub>`} probe=${false} /><//>
    <${Part} area="decoder" name="Decoder" state=${after("decoder", end)} facts=${[...held(parts?.decoder), end && `${shape} → 3 × ${end.height} × ${end.width}`, end && `${fixed(end.ms, 1)} ms`]}>
      ${latents(end?.arrays.x_0, 3, "The finished latents, channel by channel")}<//>
    <${Part} area="picture" name="Picture" state=${end ? "done" : "wait"} facts=${end ? [`${end.height} × ${end.width} pixels`, html`<b>${significant(ms.all / 1000, 2)} s</b> in all`, `network ${fixed((100 * ms.network) / ms.all, 0)} %`] : []}>
      <${Tile} x=${end?.arrays.x ?? null} kind="signal" label="The finished picture" /><//>
    ${ARROWS.map(([area, sign]) => html`<span key=${area} class=${`flow at-${area}`} aria-hidden="true">${sign}</span>`)}
  </div>`;
}

const STATES = /** @type {Record<string, string>} */ ({ work: "at work", done: "done", wait: "waits" });

/** @param {{area: string, name: any, state: string, facts: any[], children?: any}} props */
function Part({ area, name, state, facts, children }) {
  return html`<div class=${`part-of ${state} at-${area}`}><p class="part-name"><b>${name}</b> <span>${STATES[state]}</span></p>
    <div class="part-body"><div class="part-shown">${children}</div><ul>${facts.filter(Boolean).map((fact, j) => html`<li key=${j}>${fact}</li>`)}</ul></div></div>`;
}

/** What a trained part holds. @param {any} part */
const held = (part) => (part?.numbers ? [`${significant(part.numbers / 1e6)} million weights`, `${significant(part.bytes / 1e6)} MB`] : []);

/** The network's milliseconds, a bar for each step. @param {{moves: any[], n: number, k: number, pick: (k: number) => void}} props */
function Bars({ moves, n, k, pick }) {
  const most = Math.max(1, ...moves.map((m) => m.network_ms));
  /** @param {PointerEvent} e */
  const choose = (e) => {
    const box = /** @type {Element} */ (e.currentTarget).getBoundingClientRect();
    if (e.buttons) pick(Math.max(0, Math.min(n - 1, Math.floor((n * (e.clientX - box.left)) / box.width))));
  };
  return html`<svg class="beats" viewBox=${`0 0 ${n} 1`} preserveAspectRatio="none" role="img" aria-label=${`The network's milliseconds step by step, ${fixed(most, 0)} at most`} onPointerDown=${choose} onPointerMove=${choose}>
    ${moves.map((m, j) => html`<rect key=${j} class=${j === k ? "here" : ""} x=${j + 0.1} y=${1 - m.network_ms / most} width="0.8" height=${m.network_ms / most} />`)}</svg>`;
}
