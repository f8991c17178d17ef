// Evidence: the network's own parts in the order in which they work, with their measured times; each opens into its parts.

import { html, useState } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { useAnswer } from "../wire/answer.js";

/** @typedef {{path: string, parent: string, kind: string, shape: number[], numbers: number, seconds: number}} Part */

/** @param {{run: import("./runs.js").Run, at: number}} props */
export default function Network({ run, at }) {
  const [round, setRound] = useState(0);
  return html`<${Times} key=${`${run.hello.run} ${round}`} run=${run} at=${at} again=${() => setRound(round + 1)} />`;
}

/** One measurement, at the step that is on the stage when it begins. @param {{run: import("./runs.js").Run, at: number, again: () => void}} props */
function Times({ run, at, again }) {
  const [step] = useState(at), { frames, busy, trouble } = useAnswer("network", "ask/network", { run: run.hello.run, step }), said = frames[0];
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!said) return html`<p class="check">The network is being timed.</p>`;
  const parts = /** @type {Part[]} */ (said.parts), first = parts.filter((p) => !p.parent), sum = first.reduce((a, p) => a + p.seconds, 0), most = Math.max(...first.map((p) => p.seconds));
  return html`<div aria-busy=${busy ? "true" : null}>
    <p class="check"><b data-readout="whole" data-value=${String(1000 * said.seconds)}>${fixed(1000 * said.seconds, 1)} ms</b> for one step's answer, both sides of guidance at once; ${fixed(1000 * sum, 1)} ms while each part was timed.</p>
    <ol class="parts">${first.map((p) => html`<${Row} key=${p.path} part=${p} all=${parts} most=${most} depth=${0} />`)}</ol>
    <div class="doors"><button type="button" disabled=${busy} onClick=${again}>Time it again</button></div></div>`;
}

/** @param {{part: Part, all: Part[], most: number, depth: number}} props */
function Row({ part, all, most, depth }) {
  const [open, setOpen] = useState(false), inside = all.filter((p) => p.parent === part.path);
  const words = html`<b>${part.path.replace(/^net\./, "")}</b> <span>${part.kind}${part.shape.length ? ` · ${part.shape.slice(1).join(" × ")}` : ""}${part.numbers ? ` · ${significant(part.numbers)} numbers` : ""}</span>`;
  return html`<li>
    ${inside.length ? html`<button type="button" class="part" aria-expanded=${open} onClick=${() => setOpen(!open)}>${words}</button>` : html`<p class="part">${words}</p>`}
    <p class="took"><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width=${Math.max(0.5, (100 * part.seconds) / most)} height="6" /></svg><span>${fixed(1000 * part.seconds, 2)} ms</span></p>
    ${open && html`<ol>${inside.map((p, k) => html`<${Row} key=${`${p.path} ${k}`} part=${p} all=${all} most=${most} depth=${depth + 1} />`)}</ol>`}
  </li>`;
}
