// The run's log as it grows: what is new is asked for every few seconds while the page is seen.

import { signal } from "../parts/html.js";
import { asked } from "../wire/api.js";

/** @typedef {{run: any, metrics: any[], looks: any[], sheets: number[], quiet: number | null}} Here */

/** What is known of the run; `run` is null where the studio was given none. */
export const run = signal(/** @type {Here | null} */ (null));
export const trouble = signal("");

const PAUSE = 3000;
let next = 0;

/** A question in JSON. @param {any} body @returns {RequestInit} */
export const json = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function read() {
  for (let more = true; more; ) {
    const said = await asked("training", json({ from: next }));
    if (!said.run) return void (run.value = { run: null, metrics: [], looks: [], sheets: [], quiet: null });
    const before = said.again || !run.value ? { metrics: [], looks: [] } : run.value;
    next = said.next;
    more = said.more;
    const of = (/** @type {string} */ event) => said.entries.filter((/** @type {any} */ e) => e.event === event);
    run.value = { run: said.run, sheets: said.sheets, quiet: said.quiet, metrics: [...before.metrics, ...of("metrics")],
      looks: [...before.looks, ...of("heldout").filter((/** @type {any} */ e) => Array.isArray(e.levels))] };
  }
  trouble.value = "";
}

/** Read now, and again and again. */
export async function follow() {
  try {
    await read();
  } catch (problem) {
    trouble.value = problem instanceof Error ? problem.message : String(problem);
  }
  const again = () => setTimeout(async () => {
    if (!document.hidden) await read().catch((problem) => (trouble.value = problem.message));
    again();
  }, PAUSE);
  again();
}
