// The runs: begun, followed while they are drawn, stopped, kept by the server and fetched again.

import { signal } from "../parts/html.js";
import { still } from "../state/settings.js";
import { asked, replayed, stream } from "../wire/api.js";
import { body } from "./settings.js";

/** @typedef {import("../wire/frames.js").Frame} Frame
 * @typedef {{hello: Frame, steps: Frame[], end: Frame | null}} Run  a run as far as it is here */

/** What the server keeps, the oldest first. */
export const listed = signal(/** @type {any[]} */ ([]));
/** The run on the stage. */
export const run = signal(/** @type {Run | null} */ (null));
/** The step on the stage. */
export const cursor = signal(0);
/** Is a run being drawn? */
export const going = signal(false);
/** What went wrong, in one line. */
export const trouble = signal("");

/** A field of noise that changes is a flash: never more often than this, in milliseconds. */
export const PAUSE = 500;

const near = /** @type {Map<string, Run>} */ (new Map()), NEAR = 6;
let stopping = new AbortController();

/** @param {unknown} problem */
const words = (problem) => (problem instanceof Error ? problem.message : String(problem));

/** Draw. @param {{run: string, step: number}} [fork] go on from a step of another run */
export async function draw(fork) {
  if (going.value) return;
  going.value = true;
  trouble.value = "";
  stopping = new AbortController();
  const mine = /** @type {Run} */ ({ hello: /** @type {any} */ (null), steps: [], end: null });
  let shown = 0;
  try {
    for await (const frame of stream("runs", fork ? { ...body(), fork } : body(), stopping.signal)) {
      if (frame.type === "hello") mine.hello = frame;
      else if (frame.type === "leg") mine.hello = { ...mine.hello, words: frame.words };
      else if (frame.type === "step") mine.steps.push(frame);
      else if (frame.type === "picture") mine.end = frame;
      const now = performance.now();
      if (frame.type === "hello" || (now - shown > PAUSE && !still())) {
        shown = now;
        show(mine, mine.steps.length - 1);
      }
    }
  } catch (problem) {
    if (!(problem instanceof DOMException && problem.name === "AbortError")) trouble.value = words(problem);
  }
  going.value = false;
  if (mine.hello) {
    keep(mine);
    show(mine, mine.steps.length - 1);
  }
  await refresh();
}

/** Stop what is being drawn: what there is stays. */
export const stop = () => stopping.abort();

/** @param {Run} one @param {number} at */
function show(one, at) {
  run.value = { ...one, steps: one.steps.slice() };
  cursor.value = Math.max(0, at);
}

/** @param {Run} one */
function keep(one) {
  near.delete(one.hello.run);
  near.set(one.hello.run, one);
  if (near.size > NEAR) near.delete(/** @type {string} */ (near.keys().next().value));
}

/** Ask what the server keeps. */
export async function refresh() {
  try {
    listed.value = (await asked("runs")).runs;
  } catch (problem) {
    trouble.value = words(problem);
  }
}

/** The number of a run in the list, as people call it. @param {string} name */
export const number = (name) => 1 + listed.value.findIndex((/** @type {any} */ one) => one.run === name);

/** A run by its name, from here or from the server. @param {string} name @returns {Promise<Run>} */
export async function fetched(name) {
  const here = near.get(name);
  if (here) return here;
  const found = /** @type {any} */ ({ hello: null, steps: [], end: null });
  for await (const frame of replayed(`runs/${name}`)) {
    if (frame.type === "hello") found.hello = frame;
    else if (frame.type === "step") found.steps.push(frame);
    else if (frame.type === "picture") found.end = frame;
  }
  keep(found);
  return found;
}

/** Put a run on the stage. @param {string} name */
export async function open(name) {
  if (going.value) return;
  trouble.value = "";
  try {
    const found = await fetched(name);
    show(found, Math.min(cursor.value, found.steps.length - 1));
  } catch (problem) {
    trouble.value = words(problem);
    await refresh();
  }
}

/** Give a run up. @param {string} name */
export async function drop(name) {
  try {
    await asked(`runs/${name}`, { method: "DELETE" });
    near.delete(name);
    if (run.value?.hello.run === name) run.value = null;
  } catch (problem) {
    trouble.value = words(problem);
  }
  await refresh();
}
