// Evidence: the pictures at hand that are nearest to the finished one, and whether the rule calls it copied.

import { opening, told, verdict } from "../parts/athand.js";
import { html } from "../parts/html.js";
import { significant } from "../parts/numbers.js";
import { Tile } from "../parts/tile.js";
import { useAnswer } from "../wire/answer.js";

/** @param {{run: import("./runs.js").Run}} props */
export default function Nearest({ run }) {
  const { frames, busy, trouble } = useAnswer("nearest", "ask/neighbours", run.end ? { run: run.hello.run } : null), last = /** @type {any} */ (frames.at(-1)), said = last?.type === "found" ? last : null;
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!run.end) return html`<p class="check">The run has no picture yet: draw it to its end.</p>`;
  if (!said) return html`<p class="check">${last ? opening(last) : "The picture is being looked up."}</p>`;
  return html`<div aria-busy=${busy ? "true" : null}><p class="copied" data-readout="nearest" data-value=${String(said.numbers.nearest)}>${verdict(said)}</p>
    <div class="walk"><${Tile} x=${said.arrays.picture} kind="guess" label="The finished picture" caption="the finished picture" />
      ${said.nearest.map((/** @type {any} */ each, /** @type {number} */ k) => html`<${Tile} key=${k} x=${said.arrays[`near${k}`]} kind=${k ? "" : "signal"} label=${`Number ${k + 1} of the nearest: ${each.words}`} probe=${false} caption=${`${each.words}, ${significant(each.distance)}`} />`)}</div>
    <p class="check">${told(said)} The chapter on copies in the article tells what the rule sees, and what not.</p></div>`;
}
