// 2.4 The exact triangle: where a step goes, in the one plane that holds the state, the guess and the step's mean.

import { SAMPLER, normal } from "../maths/philox.js";
import { back, dot } from "../maths/step.js";
import { jump } from "../maths/forward.js";
import { Figure } from "../parts/figure.js";
import { Fresh } from "../parts/fresh.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { bytes } from "../state/python.js";
import { photo, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const t = signal(500), stride = signal(1), eta = signal(1), roll = signal(0);

export default function Triangle() {
  const s = Math.max(0, t.value - stride.value);
  const answer = useAnswer("triangle", "denoise", { photo: photo.value, seed: seed.value, t: t.value, s });
  const said = /** @type {any} */ (answer.frames[0]);
  const drawn = useMemo(() => (said ? normal(seed.value, said.arrays.eps.length, { stream: SAMPLER, step: said.t, draw: roll.value }) : null), [said, roll.value]);
  const plane = useMemo(() => (said ? flat(said) : null), [said]);
  const step = said ? back(said.there, said, eta.value) : null;
  const shell = drawn && step ? Math.sqrt(dot(drawn, drawn) / drawn.length) : NaN;
  return html`<${Figure} id="triangle" title="The exact triangle" needs="server" path=${ownPath()} busy=${answer.busy}
    attempt="lengthen the step, then turn the noise down to nothing."
    notice="a single step of a thousand takes next to nothing of the guess; a long one takes much of it, and the last takes it whole."
    stage=${html`<div class="plane">
        <${Plane} plane=${plane} step=${step} d=${drawn?.length ?? 1} />
        <div class="suspects"><${Tile} x=${said?.arrays.noisy ?? null} label="The state, decoded" caption=${html`<i>x</i><sub>t</sub>, decoded`} />
          <${Tile} x=${said?.arrays.guess ?? null} kind="guess" label="The guess, decoded" caption=${html`its guess <i>x̂</i><sub>0</sub>`} /></div>
      </div>`}
    primary=${html`<${Slider} id="triangle-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)}
      spoken=${`from step ${t.value} to step ${s}`} />`}
    secondary=${html`<div class="duo"><${Slider} id="triangle-stride" label="steps at once" value=${stride.value} min=${1} max=${250} change=${(/** @type {number} */ v) => (stride.value = v)} spoken=${`${stride.value} steps at once`} />
      <${Slider} id="triangle-eta" label=${html`noise <i>η</i>`} value=${eta.value} min=${0} max=${1} step=${0.05} shown=${fixed(eta.value, 2)} change=${(/** @type {number} */ v) => (eta.value = v)} spoken=${`eta ${eta.value}, ${eta.value === 0 ? "no noise" : "fresh noise"}`} /></div>
      <${Fresh} change=${() => roll.value++}>Draw <i>z</i> again<//>`}
    readouts=${step && plane ? [
      { name: "guess", label: "share of the guess, A", value: step.guess, shown: significant(step.guess) },
      { name: "state", label: "share of the state, B", value: step.state, shown: significant(step.state) },
      { name: "churn", label: "fresh noise, σ", value: step.churn, shown: significant(step.churn) },
      { name: "upper", label: "the other common σ", value: step.upper, shown: significant(step.upper) },
      { name: "angle", label: "state and guess, cosine", value: plane.cosine, shown: fixed(plane.cosine) },
      { name: "shell", label: "sample's distance / σ√d", value: shell, shown: fixed(shell, 3) },
    ] : []}
    table=${() => ({ caption: `Steps from t = ${t.value}, short and long`, columns: ["to s", "A, of the guess", "B, of the state", "σ"],
      rows: (said?.ladder ?? []).map((/** @type {any} */ there) => [there.s, ...row(there, said)]) })}
    python=${() => code(s)}
    say=${step ? `The step from ${t.value} to ${s} takes ${(100 * step.guess).toFixed(1)} percent of the guess.` : "The network is being asked."} />
    ${answer.trouble && html`<p class="trouble" role="alert">${answer.trouble}</p>`}`;
}

/** @param {any} s @param {any} at */
function row(s, at) {
  const step = back(s, at, eta.value);
  return [significant(step.guess), significant(step.state), significant(step.churn)];
}

/** State and guess in the plane they span: the state along the first axis, nothing left out and nothing projected.
 * @param {any} said */
function flat(said) {
  const { x_0, eps, x0_hat } = said.arrays, x = jump(x_0, eps, said);
  const long = Math.sqrt(dot(x, x)), along = dot(x, x0_hat) / long, guess = Math.sqrt(dot(x0_hat, x0_hat));
  return { state: [long, 0], guess: [along, Math.sqrt(Math.max(0, guess ** 2 - along ** 2))], cosine: along / guess };
}

/** @param {{plane: ReturnType<typeof flat> | null, step: ReturnType<typeof back> | null, d: number}} props */
function Plane({ plane, step, d }) {
  if (!plane || !step) return html`<svg class="field" viewBox="0 0 400 300" role="img" aria-label="The network is being asked"></svg>`;
  const mean = [0, 1].map((k) => step.guess * plane.guess[k] + step.state * plane.state[k]), radius = step.churn * Math.sqrt(d);
  const xs = [0, plane.state[0], plane.guess[0], mean[0] - radius, mean[0] + radius], ys = [0, plane.guess[1], mean[1] + radius, mean[1] - radius];
  const [left, right, low, up] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const by = Math.min(340 / (right - left), 230 / (up - low)), px = (/** @type {number[]} */ p) => [30 + (p[0] - left) * by, 260 - (p[1] - low) * by];
  const [o, x, g, m] = [[0, 0], plane.state, plane.guess, mean].map(px), line = (/** @type {number[]} */ a, /** @type {number[]} */ b) => `M${a[0]} ${a[1]}L${b[0]} ${b[1]}`;
  const name = (/** @type {number[]} */ p, /** @type {any} */ words, /** @type {string} */ kind, dy = -12) => html`<text class=${kind} x=${p[0]} y=${p[1] + dy} text-anchor="middle">${words}</text>`;
  return html`<svg class="field" viewBox="0 0 400 300" role="img" aria-label=${`The state has length ${fixed(plane.state[0], 1)}; the step's mean takes ${fixed(100 * step.guess, 1)} percent of the guess and ${fixed(100 * step.state, 1)} percent of the state`}>
    <path class="axis" d=${line(o, x)} /><path class="axis" d=${line(o, g)} /><path class="arc" d=${line(x, g)} />
    <path class="line guess strong" d=${line(o, px(plane.guess.map((v) => step.guess * v)))} />
    <path class="line strong" d=${line(px(plane.guess.map((v) => step.guess * v)), m)} />
    <circle class="shell" cx=${m[0]} cy=${m[1]} r=${radius * by} />
    <circle class="mark" cx=${o[0]} cy=${o[1]} r="3" /><circle class="mark" cx=${x[0]} cy=${x[1]} r="5" /><circle class="mark guess" cx=${g[0]} cy=${g[1]} r="5" /><circle class="mark full" cx=${m[0]} cy=${m[1]} r="4" />
    ${name(o, "0", "", 20)}${name(x, html`x<tspan dy="3" font-size="9">t</tspan>`, "", 24)}${name(g, "x̂₀", "guess")}${name(m, "mean μ", "", radius * by > 40 ? 22 : -10 - Math.max(4, radius * by))}
  </svg>`;
}

/** @param {number} s */
function code(s) {
  const own = bytes(photo.value);
  return `import numpy as np

import sfumato
from sfumato import rng
from sfumato.process.forward import posterior
from sfumato.studio.denoise import denoise
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
answer = denoise(model, photo, seed=${seed.value}, i=${t.value})
here, there = answer.level, model.bundle.schedule.at(${s})
exact = posterior(there, here)
churn = ${eta.value} * exact.variance**0.5
kept = max(0.0, there.sigma**2 - churn**2) ** 0.5
z = rng.normal(${seed.value}, answer.eps.shape, stream=rng.SAMPLER, step=${t.value}, draw=${roll.value})
x_t, x0_hat = answer.x_t.ravel(), answer.x0_hat.ravel()
print("guess", there.alpha - kept * here.alpha / here.sigma)
print("state", kept / here.sigma)
print("churn", churn)
print("upper", exact.upper**0.5)
print("angle", x_t @ x0_hat / np.linalg.norm(x_t) / np.linalg.norm(x0_hat))
print("shell", np.sqrt(np.mean(z**2)))
`;
}
