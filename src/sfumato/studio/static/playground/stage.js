// The stage: what the model holds and what it would guess, at one step; the film of all steps; scrub and play.

import { html, useEffect } from "../parts/html.js";
import { Slider } from "../parts/slider.js";
import { Spoken } from "../parts/spoken.js";
import { Tile } from "../parts/tile.js";
import { still } from "../state/settings.js";
import { Compared, other } from "./compare.js";
import { Film, planes } from "./film.js";
import { Fork } from "./fork.js";
import { Race, racing } from "./race.js";
import { PAUSE, cursor, going, run } from "./runs.js";
import { playing } from "./keys.js";

export function Stage() {
  const here = run.value, steps = here?.steps ?? [], at = Math.min(cursor.value, Math.max(0, steps.length - 1)), step = steps[at];
  usePlay(steps.length);
  if (!here || !step) return html`<div class="figure-box empty"><p>${going.value ? "The first step is being drawn." : "Choose a prompt and press Draw: every step is kept, and can be asked about afterwards."}</p></div>`;
  const side = Math.round(Math.sqrt(step.arrays.state.length / 3)), last = steps.length - 1, t = step.here.t, ended = here.end && at === last;
  const spoken = `step ${at + 1} of ${step.n}, t ${t.toFixed(3)} to ${step.there.t.toFixed(3)}`;
  return html`<div class="figure-box" aria-busy=${going.value ? "true" : null}>
    <p class="figure-title">${here.hello.recipe.prompt || "no prompt"}</p>
    <div class="stage"><div class="walk">
      <${Tile} x=${planes(step.arrays.state)} label=${`What the model holds at step ${at + 1}, decoded`} caption=${html`what the model holds, <i>x</i><sub>t</sub>`} />
      <${Tile} x=${planes(ended ? here.end.arrays.picture : step.arrays.guess)} kind="guess" label=${ended ? "The finished picture" : `What it would guess at step ${at + 1}`}
        caption=${ended ? "the finished picture" : html`its guess now, <i>x̂</i><sub>0</sub>`} />
    </div>
    <div class="films">
      <${Film} frames=${steps.map((s) => s.arrays.state)} side=${side} at=${at} shared=${here.hello.at} label="What the model holds, step by step" pick=${go} />
      <${Film} frames=${steps.map((s) => s.arrays.guess)} side=${side} at=${at} shared=${here.hello.at} label="Its guess, step by step" kind="guess" pick=${go} />
    </div></div>
    <div class="primary"><${Slider} id="scrub" label="Step" value=${at + 1} min=${1} max=${Math.max(1, steps.length)} spoken=${spoken} change=${(/** @type {number} */ v) => go(v - 1)}
      shown=${`${at + 1}/${step.n}`} /></div>
    <div class="secondary">
      <button type="button" id="play" onClick=${() => (playing.value = !playing.value)} disabled=${going.value}>${playing.value ? "Pause" : "Play"}</button>
      <${Fork} at=${at} />
      <button type="button" id="race" aria-pressed=${racing.value} disabled=${going.value} onClick=${() => (racing.value = !racing.value)}>Race the samplers</button>
    </div>
    <${Spoken} text=${going.value ? "Being drawn." : `Run ended. ${spoken}.`} />
    ${here.end?.notes?.length ? html`<p class="check">${here.end.notes.join(". ")}.</p>` : null}
  </div>
  ${other.value && other.value.hello.run !== here.hello.run && other.value.steps.length ? html`<${Compared} run=${here} at=${at} />` : null}
  ${racing.value && !going.value ? html`<${Race} key=${here.hello.run} run=${here} />` : null}`;
}

/** @param {number} at */
function go(at) {
  playing.value = false;
  cursor.value = at;
}

/** A step at a time, twice a second; where stillness is wanted, straight to the end. @param {number} count */
function usePlay(count) {
  useEffect(() => {
    if (!playing.value) return;
    if (still() || count < 2) {
      cursor.value = Math.max(0, count - 1);
      playing.value = false;
      return;
    }
    if (cursor.value >= count - 1) cursor.value = 0;
    const beat = setInterval(() => {
      if (document.hidden || cursor.value >= count - 1) playing.value = false;
      else cursor.value += 1;
    }, PAUSE);
    return () => clearInterval(beat);
  }, [playing.value, count]);
}
