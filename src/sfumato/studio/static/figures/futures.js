// 2.1 Possible futures: pictures that grow from one noisy state with different noise, and the guess that is their mean.

import { HEAPS, drawn, posterior } from "../maths/mixture.js";
import { DATA, normal } from "../maths/philox.js";
import { Figure } from "../parts/figure.js";
import { Fresh } from "../parts/fresh.js";
import { Heaps } from "../parts/heaps.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const t = signal(850), count = signal("8"), told = signal("no"), roll = signal(0), spot = signal([0.1, -0.2]);
const words = () => (told.value === "yes" ? prompt.value : "");
const first = () => seed.value + 100 * roll.value;

export default function Futures() {
  const answer = useAnswer("futures", "futures", { photo: photo.value, seed: seed.value, t: t.value, prompt: words(), count: Number(count.value), first: first() });
  const state = /** @type {any} */ (answer.frames[0]), grown = /** @type {any[]} */ (answer.frames.slice(1)), last = grown.at(-1), numbers = last?.numbers;
  const pictures = useMemo(() => grown.flatMap(({ arrays: { new: all } }) => {
    const size = all.length / Math.max(1, Math.round(all.length / state.arrays.noisy.length));
    return Array.from({ length: all.length / size }, (_, k) => all.subarray(k * size, (k + 1) * size));
  }), [grown.length, state]);
  const left = state ? posterior(HEAPS, spot.value, state) : null;
  const origins = useMemo(() => (left ? Array.from({ length: Number(count.value) }, (_, k) => drawn(left, normal(first() + k, 3, { stream: DATA }))) : []), [state, spot.value, count.value, roll.value]);
  useTold("futures", numbers ? { spread: significant(numbers.spread), apart: significant(numbers.apart), t: String(state.t), count: String(last.distances.length) } : {});
  return html`<${Figure} id="futures" title="Possible futures" needs="server" path=${ownPath()} busy=${answer.busy}
    attempt=${html`drag <i>t</i> down from 1000; say what is in the picture; below, move the ring.`}
    notice="with much noise the futures disagree and the guess is a blur, because it is their mean. With little they agree, and it is sharp."
    stage=${html`<div class="three">
        <${Tile} x=${state?.arrays.noisy ?? null} label=${`The one state that all begin from, at step ${t.value}, decoded`} caption=${html`one <i>x</i><sub>t</sub>, decoded`} />
        <${Tile} x=${last?.arrays.mean ?? null} label="The mean of the futures" caption=${`mean of ${pictures.length || "the"} futures`} />
        <${Tile} x=${state?.arrays.guess ?? null} kind="guess" label="What the network guesses at once" caption=${html`its guess <i>x̂</i><sub>0</sub>`} />
      </div>
      <div class="many">${Array.from({ length: Number(count.value) }, (_, k) => html`<${Tile} key=${k} x=${pictures[k] ?? null} label=${`Future ${k + 1}`} probe=${false} />`)}</div>
      ${left && html`<${Heaps} x=${spot.value} left=${left} origins=${origins} move=${(/** @type {number[]} */ x) => (spot.value = x)} />`}`}
    primary=${html`<${Slider} id="futures-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />`}
    secondary=${html`<${Choice} name="futures-count" label="Futures" value=${count.value} options=${["4", "8", "12"].map((k) => [k, k])} change=${(/** @type {string} */ v) => (count.value = v)} />
      <${Choice} name="futures-told" label="Told" value=${told.value} options=${[["no", "nothing"], ["yes", `“${prompt.value}”`]]} change=${(/** @type {string} */ v) => (told.value = v)} />
      <${Fresh} change=${() => roll.value++}>Other futures<//>`}
    readouts=${numbers && left ? [
      { name: "spread", label: "futures differ by", value: numbers.spread, shown: significant(numbers.spread) },
      { name: "apart", label: "their mean from the guess", value: numbers.apart, shown: significant(numbers.apart) },
      { name: "chance", label: "so much is chance alone", value: numbers.chance, shown: significant(numbers.chance) },
      { name: "twin_across", label: "twin's guess, across", value: left.guess[0], shown: fixed(left.guess[0]) },
      { name: "twin_up", label: "twin's guess, up", value: left.guess[1], shown: fixed(left.guess[1]) },
    ] : []}
    table=${() => ({ caption: `How far each future lies from the guess, and what the twin knows, at step ${state?.t ?? t.value}`, columns: ["what", "number"],
      rows: [...(last?.distances ?? []).map((/** @type {number} */ d, /** @type {number} */ k) => [`future ${k + 1}`, significant(d)]),
        ...(left?.weights ?? []).map((w, k) => [`twin: from heap ${k + 1}, %`, fixed(100 * w, 1)]), ["twin's guess, across", fixed(left?.guess[0] ?? NaN)], ["twin's guess, up", fixed(left?.guess[1] ?? NaN)]] })}
    python=${code}
    say=${numbers ? `At step ${state.t}, ${pictures.length} futures differ by ${significant(numbers.spread)}; their mean lies ${significant(numbers.apart)} from the guess.` : "Futures are growing."} />
    ${answer.trouble && html`<p class="trouble" role="alert">${answer.trouble}</p>`}`;
}

function code() {
  const own = bytes(photo.value), said = JSON.stringify(words()), array = (/** @type {any} */ v) => `np.array(${JSON.stringify(v)})`;
  return `import numpy as np

import sfumato
from sfumato.process.oracle_mixture import Mixture
from sfumato.studio.denoise import denoise
from sfumato.studio.futures import futures
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
answer = denoise(model, photo, seed=${seed.value}, i=${t.value}, prompt=${said})
*_, grown = futures(model, answer, seed=${first()}, count=${count.value}, prompt=${said})
for name, number in grown.numbers().items():
    print(name, number)
heaps = Mixture(${array(HEAPS.weights)}, ${array(HEAPS.means)}, ${array(HEAPS.stds)})
guess = heaps(np.array([[${spot.value.join(", ")}]]), answer.level).x0_hat[0]
print("twin_across", guess[0])
print("twin_up", guess[1])
`;
}
