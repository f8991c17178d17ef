// 2.5 Film strip and frequency ladder: a whole run, what is settled when, and what each step costs.

import { Figure } from "../parts/figure.js";
import { Film } from "../parts/film.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Play } from "../parts/play.js";
import { Line } from "../parts/prompt.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const at = signal(5), steps = signal("20");

export default function FilmStrip() {
  const n = Number(steps.value), k = Math.min(at.value, n - 1);
  const run = useAnswer("film", "film", { prompt: prompt.value, seed: seed.value, steps: n });
  const price = useAnswer("film", "film/prices", { photo: photo.value, seed: seed.value, steps: n });
  const stills = /** @type {any[]} */ (run.frames.filter((f) => f.type === "still")), ladder = /** @type {any} */ (run.frames.find((f) => f.type === "ladder"));
  const bits = /** @type {number[]} */ (useMemo(() => price.frames.map((/** @type {any} */ f) => f.bits), [price.frames.length, price.asked])), all = bits.length === n;
  const paid = bits.slice(0, k + 2).reduce((a, b) => a + b, 0), sum = bits.reduce((a, b) => a + b, 0), numbers = /** @type {any} */ (price.frames[0])?.numbers;
  const still = stills[k], width = ladder?.bands.length, rung = (/** @type {number} */ b) => ladder?.arrays.rungs[k * width + b] ?? NaN;
  const whole = ladder && all && stills.length === n, most = bits.indexOf(Math.max(...bits));
  useTold("film", whole ? { sum: significant(sum), dearest: String(most), coarse: String(ladder.settled[0] + 1), fine: String(ladder.settled.at(-1) + 1), n: String(n) } : {});
  return html`<${Figure} id="film" title="Film strip and frequency ladder" needs="server" path=${ownPath()} busy=${run.busy || price.busy}
    attempt="wind the film to and fro; ask for another drawing."
    notice="broad shapes stand after a few steps, fine edges at the very end. What the model holds looks like static long after its guess is clear."
    stage=${html`<div class="three">
        <${Tile} x=${still?.arrays.holds ?? null} label=${`What the model holds before step ${k + 1}, decoded`} caption=${html`what it holds <i>x</i><sub>t</sub>`} />
        <${Tile} x=${still?.arrays.guess ?? null} kind="guess" label="What it would guess now" caption=${html`what it would guess now <i>x̂</i><sub>0</sub>`} />
        <${Tile} x=${stills[n - 1]?.arrays.guess ?? null} kind="signal" label="The finished picture" caption="the finished picture" />
      </div>
      <${Film} stills=${stills} n=${n} at=${k} ladder=${ladder} bits=${bits.slice(1)} pick=${(/** @type {number} */ v) => (at.value = v)} />
      <p class="legend">Each row a band of detail, in waves across the picture: darker is more like the finished picture, and from the stroke on it stays so.</p>`}
    primary=${html`<${Slider} id="film-t" label="step" value=${k + 1} min=${1} max=${n} change=${(/** @type {number} */ v) => (at.value = v - 1)}
      spoken=${`step ${k + 1} of ${n}`} />`}
    secondary=${html`<${Play} value=${at} from=${0} to=${n - 1} seconds=${0.6 * n} /><${Choice} name="film-steps" label="Steps" value=${steps.value} options=${["10", "20", "40"].map((v) => [v, v])} change=${(/** @type {string} */ v) => (steps.value = v)} />
      <${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} />`}
    readouts=${still && bits.length >= Math.min(k + 2, n) ? [
      { name: "coarse", label: "broadest shapes, likeness", value: rung(0), shown: fixed(rung(0), 2) },
      { name: "fine", label: "finest detail, likeness", value: rung(width - 1), shown: fixed(rung(width - 1), 2) },
      { name: "paid", label: "price so far, for your photo", value: paid, shown: `${significant(paid)} bits` },
      { name: "sum", label: "all steps, for each number", value: all ? sum / numbers : NaN, shown: all ? `${significant(sum / numbers)} bits` : "–" },
    ] : []}
    table=${() => ({ caption: "Likeness of the guess to the finished picture by waves across, and the price of the step in bits", columns: ["step", ...(ladder?.bands ?? []).map(called), "price"],
      rows: stills.map((_, s) => [s + 1, ...(ladder?.bands ?? []).map((/** @type {any} */ _, /** @type {number} */ b) => fixed(ladder.arrays.rungs[s * width + b], 2)), s + 1 < bits.length ? significant(bits[s + 1]) : "–"]) })}
    python=${() => code(k)}
    say=${whole ? `Step ${k + 1} of ${n}. Broad shapes are like the finished picture by ${fixed(rung(0), 2)}, the finest detail by ${fixed(rung(width - 1), 2)}.` : "The film is being made."} />
    ${(run.trouble || price.trouble) && html`<p class="trouble" role="alert">${run.trouble || price.trouble}</p>`}`;
}

/** @param {number[]} band */
const called = ([low, high]) => (high === low + 1 ? String(low) : `${low} to ${high - 1}`);

/** @param {number} k */
function code(k) {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.film import film, ladder, prices, total
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
rungs = ladder([still.guess for still in film(model, ${JSON.stringify(prompt.value)}, seed=${seed.value}, steps=${steps.value})])
print("coarse", rungs[${k}, 0])
print("fine", rungs[${k}, -1])
costs = list(prices(model, photo, seed=${seed.value}, steps=${steps.value}))
print("paid", total(costs[:${k + 2}]))
print("sum", total(costs) / costs[0].dims)
`;
}
