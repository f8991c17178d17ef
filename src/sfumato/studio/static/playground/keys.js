// Keys for the whole page, none of them while something is typed or a control has its own use for them.

import { signal } from "../parts/html.js";
import { racing } from "./race.js";
import { cursor, draw, going, run, stop } from "./runs.js";

/** Is the run on the stage being played? */
export const playing = signal(false);

const OWN = "input, textarea, select, button, a, summary, [role=tab], [role=slider]";

export function listen() {
  addEventListener("keydown", (e) => {
    if (e.key === "Escape" && going.value) return stop();
    if (e.ctrlKey || e.metaKey || e.altKey || /** @type {Element} */ (e.target).closest(OWN)) return;
    const last = (run.value?.steps.length ?? 0) - 1, by = e.shiftKey ? 5 : 1;
    const to = /** @type {Record<string, number>} */ ({ ArrowLeft: cursor.value - by, ArrowRight: cursor.value + by, Home: 0, End: last });
    if (last < 0) return;
    if (e.key in to) cursor.value = Math.min(last, Math.max(0, to[e.key]));
    else if (e.key === " ") playing.value = !playing.value;
    else if (e.key === "f") draw({ run: run.value?.hello.run, step: cursor.value });
    else if (e.key === "r") racing.value = !racing.value;
    else return;
    e.preventDefault();
  });
}
