// 2.3 Four faces of one answer: the network says one thing, which can be read as noise, picture, velocity or score.

import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { html, signal } from "../parts/html.js";
import { Latents } from "../parts/latents.js";
import { significant } from "../parts/numbers.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { bytes } from "../state/python.js";
import { photo, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const STEPS = [20, 60, 120, 200, 300, 400, 500, 600, 700, 800, 880, 940, 980];
const t = signal(500);
const face = signal("eps");

/** Each face: its sign, and itself from (x_0, eps) at a level.
 * @type {Record<string, {words: string, sign: any, of: (x0: number, eps: number, at: {alpha: number, sigma: number}) => number}>} */
const FACES = {
  eps: { words: "noise ε", sign: "ε", of: (_, eps) => eps },
  x0: { words: "picture x₀", sign: "x₀", of: (x0) => x0 },
  v: { words: "velocity v", sign: "v", of: (x0, eps, at) => at.alpha * eps - at.sigma * x0 },
  score: { words: "score", sign: "s", of: (_, eps, at) => -eps / at.sigma },
};

export default function Faces() {
  const one = useAnswer("faces", "denoise", { photo: photo.value, seed: seed.value, t: t.value });
  const many = useAnswer("faces", "denoise/along", { photo: photo.value, seed: seed.value, steps: STEPS });
  const said = one.frames[0], error = said?.errors ?? {}, shape = FACES[face.value];
  const views = said ? seen(said, shape.of) : null, limit = face.value === "score" && said ? 3 / said.sigma : 3;
  const level = said ? { alpha: said.alpha, sigma: said.sigma } : null;
  const found = many.frames.filter((f) => f.errors);
  const series = Object.keys(FACES).filter((k) => k !== "score").map((k) => ({ name: k, label: k, kind: `face-${k}`,
    strong: k === face.value, x: found.map((f) => f.t), y: found.map((f) => f.errors[k]) }));
  return html`<${Figure} id="faces" title="Four faces of one answer" needs="server" path=${ownPath()} busy=${one.busy || many.busy}
    attempt="drag t from end to end, and change the face."
    notice="asked for the noise, the network errs least where there is most of it; asked for the picture, where there is least. It is one and the same answer."
    stage=${html`<div class="three">
        <${Tile} x=${said?.arrays.noisy ?? null} label=${`What the network is given at step ${t.value}, decoded`} caption=${html`given: <i>x</i><sub>t</sub>, decoded`} />
        <${Tile} x=${said?.arrays.guess ?? null} kind="guess" label="What the network makes of it" caption=${html`its guess <i>x̂</i><sub>0</sub>`} />
        <${Tile} x=${said?.arrays.photo ?? null} kind="signal" label="The photo, encoded and decoded" caption=${html`the truth <i>x</i><sub>0</sub>`} />
      </div>
      <${Choice} name="face" label="Read as" value=${face.value} options=${Object.keys(FACES).map((k) => [k, FACES[k].words])} change=${(/** @type {string} */ v) => (face.value = v)} />
      <div class="three">${["true", "predicted", "difference"].map((words, k) => html`<${Latents} key=${words} z=${views?.[k] ?? null}
        channels=${said?.channels ?? 12} limit=${limit} label=${`${shape.words}, ${words}, by latent channel`} caption=${`${words} ${k < 2 ? shape.sign : ""}`} />`)}</div>
      <${Curve} label="Error of each face along t" series=${series} x=${[0, 1000]} xTicks=${[0, 250, 500, 750, 1000]} xLabel="step t" height=${160}
        y=${[0.01, 30]} log=${true} yTicks=${[0.01, 0.1, 1, 10]} tick=${(/** @type {number} */ v) => String(v)} yLabel="error, root mean square" cursor=${t.value}
        pick=${(/** @type {number} */ v) => (t.value = Math.max(1, Math.round(v)))} />
      <p class="legend">${["eps", "x0", "v"].map((k) => html`<span key=${k}><svg viewBox="0 0 26 8" aria-hidden="true"><path class=${`line face-${k}`} d="M0 4H26" /></svg> ${FACES[k].words}</span>`)}</p>`}
    primary=${html`<${Slider} id="faces-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)}
      spoken=${`step ${t.value} of 1000`} />`}
    readouts=${said && level ? [
      { name: "eps", label: "error as noise ε", value: error.eps, shown: significant(error.eps) },
      { name: "x0", label: html`error as picture <i>x</i><sub>0</sub>`, value: error.x0, shown: significant(error.x0) },
      { name: "v", label: "error as velocity v", value: error.v, shown: significant(error.v) },
      { name: "score", label: "error as score", value: error.score, shown: significant(error.score) },
      { name: "magnified", label: "ε to picture, times σ / α", value: level.sigma / level.alpha, shown: significant(level.sigma / level.alpha) },
    ] : []}
    table=${() => ({ caption: "Error along t, root mean square, by face", columns: ["t", "ε", "x₀", "v", "score"],
      rows: found.map((f) => [f.t, ...["eps", "x0", "v", "score"].map((k) => significant(f.errors[k]))]) })}
    python=${code}
    say=${said ? `At step ${said.t} the error is ${error.eps.toFixed(2)} as noise and ${error.x0.toFixed(2)} as picture.` : "The network is being asked."} />
    ${one.trouble && html`<p class="trouble" role="alert">${one.trouble}</p>`}`;
}

/** True, predicted and their difference. @param {any} said @param {(x0: number, eps: number, at: any) => number} of */
function seen(said, of) {
  const { x_0, eps, x0_hat, eps_hat } = said.arrays, at = { alpha: said.alpha, sigma: said.sigma };
  const truth = x_0.map((/** @type {number} */ v, /** @type {number} */ e) => of(v, eps[e], at));
  const guess = x0_hat.map((/** @type {number} */ v, /** @type {number} */ e) => of(v, eps_hat[e], at));
  return [truth, guess, guess.map((/** @type {number} */ v, /** @type {number} */ e) => v - truth[e])];
}

function code() {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.denoise import denoise
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
answer = denoise(sfumato.load("${info.value?.model?.source ?? "tavola"}"), photo, seed=${seed.value}, i=${t.value})
for name, error in answer.errors().items():
    print(name, error)
print("magnified", answer.level.sigma / answer.level.alpha)
`;
}
