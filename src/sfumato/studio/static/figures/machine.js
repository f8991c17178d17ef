// 4.1 The whole machine: one run, every part of it with its live numbers, lit while it is at work.

import { Figure } from "../parts/figure.js";
import { PAUSE } from "../parts/fresh.js";
import { html, signal, useEffect, useRef, useState } from "../parts/html.js";
import { Machine } from "../parts/machine.js";
import { fixed, significant, whole } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Choice, Slider } from "../parts/slider.js";
import { useTold } from "../parts/told.js";
import { negative, prompt, seed } from "../state/reader.js";
import { still } from "../state/settings.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

/** The step that the reader looks at; null follows the run. */
const at = signal(/** @type {number | null} */ (null)), steps = signal("20"), w = signal(5), again = signal(0);

export default function WholeMachine() {
  const n = Number(steps.value), told = { prompt: prompt.value, negative: negative.value, seed: seed.value, steps: n, w: w.value };
  const run = useAnswer("machine", "machine", { ...told, again: again.value });
  const of = (/** @type {string} */ type) => /** @type {any} */ (run.frames.find((f) => f.type === type));
  const moves = /** @type {any[]} */ (run.frames.filter((f) => f.type === "step")), text = of("text"), end = of("picture");
  const newest = useNewest(moves.length, run.busy), k = Math.max(0, Math.min(at.value ?? newest, n - 1, Math.max(0, moves.length - 1)));
  const step = moves[k], numbers = step?.numbers, ms = times(text, moves, end), lags = at.value === null && newest < moves.length - 1;
  const working = !run.busy || !run.frames.length ? "" : end ? "" : moves.length === n ? "decoder" : text ? "network" : "text";
  useTold("machine", end && !run.busy ? { share: `${fixed((100 * ms.network) / ms.all, 0)} %`, evaluations: String(moves.at(-1).numbers.evaluations),
    rest: `${significant((100 * ms.rest) / ms.all, 2)} %`, picture: whole(end.arrays.x.length), latents: whole(end.arrays.x_0.length) } : {});
  const start = () => ((at.value = null), (again.value += 1));
  return html`<${Figure} id="machine" title="The whole machine" needs="server" path=${ownPath()} busy=${run.busy || lags} settings=${{ steps: n, w: w.value }}
    attempt="write a prompt and run it; then wind back through the steps, part by part."
    notice="the network is asked again and again and does nearly all the work. All that guides it is a short list of vectors, read once; the decoder is asked once, at the end."
    stage=${html`<${Machine} parts=${of("parts")} text=${text} moves=${moves} n=${n} k=${k} end=${end} ms=${ms} working=${working} w=${w.value} away=${negative.value} seed=${seed.value} pick=${(/** @type {number} */ v) => (at.value = v)} />`}
    primary=${html`<${Slider} id="machine-t" label="step" value=${k + 1} min=${1} max=${n} change=${(/** @type {number} */ v) => (at.value = v - 1)} spoken=${`step ${k + 1} of ${n}`} />`}
    secondary=${html`<div class="duo"><${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => ((at.value = null), (prompt.value = v))} />
        <${Slider} id="machine-w" label=${html`guidance <i>w</i>`} value=${w.value} min=${0} max=${12} step=${0.5} shown=${fixed(w.value, 1)} change=${(/** @type {number} */ v) => (w.value = v)} spoken=${`guidance ${w.value}`} /></div>
      <${Choice} name="machine-steps" label="Steps" value=${steps.value} options=${["10", "20", "40"].map((v) => [v, v])} change=${(/** @type {string} */ v) => ((at.value = null), (steps.value = v))} />
      <button type="button" class="main" disabled=${run.busy} onClick=${start}>${run.busy ? `At work: step ${moves.length} of ${n}` : "Run it again"}</button>`}
    readouts=${numbers && text ? [
      { name: "tokens", label: "tokens of the prompt", value: text.tokens.length },
      { name: "holds", label: html`size of <i>x</i><sub>t</sub>`, value: numbers.holds, shown: significant(numbers.holds) },
      { name: "guess", label: html`size of its guess <i>x̂</i><sub>0</sub>`, value: numbers.guess, shown: significant(numbers.guess) },
      { name: "pull", label: "the prompt’s pull", value: numbers.pull, shown: significant(numbers.pull) },
      { name: "moved", label: "the step moves it by", value: numbers.moved, shown: significant(numbers.moved) },
      { name: "evaluations", label: "evaluations so far", value: numbers.evaluations },
    ] : []}
    table=${() => ({ caption: "The run step by step: sizes are root mean squares, milliseconds are measured", columns: ["step", "t", "to", "size of x_t", "of its guess", "the prompt’s pull", "moved by", "evaluations", "network, ms", "the rest, ms"],
      rows: moves.map((m) => [m.k + 1, fixed(m.t), fixed(m.s), ...["holds", "guess", "pull", "moved"].map((name) => significant(m.numbers[name])), m.numbers.evaluations, fixed(m.network_ms, 1), fixed(m.rest_ms, 2)]) })}
    python=${() => code(k)}
    say=${run.busy ? "The machine is at work." : step ? `Step ${k + 1} of ${n}. The network took ${fixed(step.network_ms, 0)} milliseconds, the whole run ${significant(ms.all / 1000, 2)} seconds.` : "The machine has not run."} />
    ${run.trouble && html`<p class="trouble" role="alert">${run.trouble}</p>`}`;
}

/** The newest step, but at most twice a second, for what it shows is noise; where stillness is wanted, once all is done.
 * @param {number} count @param {boolean} busy */
function useNewest(count, busy) {
  const kept = useRef({ shown: 0, since: 0, count: 0 }), [, draw] = useState(0), { current } = kept;
  if (count < current.count) kept.current = { shown: 0, since: performance.now(), count }; // a new run begins
  else current.count = count;
  useEffect(() => {
    if (busy && still()) return;
    const now = () => {
      Object.assign(kept.current, { shown: Math.max(0, count - 1), since: performance.now() });
      draw((/** @type {number} */ one) => one + 1);
    };
    const waiting = setTimeout(now, kept.current.since + PAUSE - performance.now());
    return () => clearTimeout(waiting);
  }, [count, busy]);
  return kept.current.shown;
}

/** Milliseconds of each part, and of all. @param {any} text @param {any[]} moves @param {any} end */
function times(text, moves, end) {
  const sum = (/** @type {string} */ name) => moves.reduce((all, m) => all + m[name], 0), found = { text: text?.ms ?? 0, noise: sum("noise_ms"), network: sum("network_ms"), rest: sum("rest_ms"), decoder: end?.ms ?? 0 };
  return { ...found, all: Object.values(found).reduce((a, b) => a + b, 0) };
}

/** @param {number} k */
function code(k) {
  return `import sfumato
from sfumato.studio.machine import run

model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
text, *steps, end = run(model, ${JSON.stringify(prompt.value)}, seed=${seed.value}, steps=${steps.value}, w=${w.value}, negative=${JSON.stringify(negative.value)})
print("tokens", len(text.tokens))
for name, number in steps[${k}].numbers().items():
    print(name, number)
`;
}
