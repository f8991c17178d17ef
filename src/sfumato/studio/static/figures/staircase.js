// 1.1 The thousand-step staircase: one step at a time, each almost nothing, and where they lead.

import { correlation, jump, moments, scaled } from "../maths/forward.js";
import { SAMPLER, normal } from "../maths/philox.js";
import { Figure } from "../parts/figure.js";
import { Fresh } from "../parts/fresh.js";
import { html, signal, useLayoutEffect, useMemo, useRef } from "../parts/html.js";
import { fixed } from "../parts/numbers.js";
import { Play } from "../parts/play.js";
import { Slider } from "../parts/slider.js";
import { Tile, paint } from "../parts/tile.js";
import { made, python } from "../state/python.js";
import { SIDE, asked, current, eps, photo, points, seed, x0 } from "../state/reader.js";

const GREY = 127.5, COUNT = 25, SMALL = 32;
const t = signal(250);
const roll = signal(0);

export default function Staircase() {
  const s = current.value, here = s.at(t.value), before = s.at(t.value - 1), beta = s.beta[t.value];
  const fresh = useMemo(() => normal(seed.value, 3 * SIDE * SIDE, { stream: SAMPLER, step: 1, draw: roll.value }), [seed.value, roll.value]);
  const seen = useMemo(() => {
    if (!x0.value) return null;
    const earlier = jump(x0.value, eps.value, before);
    const x = jump(earlier, fresh, { alpha: Math.sqrt(1 - beta), sigma: Math.sqrt(beta) });
    const change = x.map((v, e) => v - earlier[e]);
    return { x, added: scaled(fresh, Math.sqrt(beta)), change: moments(change).std, kept: correlation(x, x0.value) };
  }, [x0.value, eps.value, fresh, before.alpha, beta]);
  const grey = GREY * Math.sqrt(beta);
  return html`<${Figure} id="staircase" title="The thousand-step staircase"
    attempt="drag t, or press Play. Take one step again with other noise."
    notice="no single step does anything you could point at, and yet the photo goes."
    stage=${html`<div class="pair">
        <${Tile} x=${seen?.x ?? null} label=${`The photo after ${t.value} steps`} caption=${html`<i>x</i><sub>${t.value}</sub>, after ${t.value} steps`} />
        <${Tile} x=${seen?.added ?? null} kind="noise" label=${`The noise that step ${t.value} adds, ${grey.toFixed(1)} grey levels`}
          caption=${html`what step ${t.value} adds: <b>${fixed(grey, 1)}</b> grey levels`} />
      </div>
      <${Ribbon} at=${t.value} />`}
    primary=${html`<${Slider} id="staircase-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)}
      spoken=${`step ${t.value} of 1000, ${Math.round(100 * here.alpha)} percent of the photo's strength left`} />`}
    secondary=${html`<${Play} value=${t} from=${1} to=${1000} seconds=${10} />
      <${Fresh} change=${() => roll.value++}>Take this step again<//>`}
    readouts=${[
      { name: "step_grey", label: "this step's noise", value: grey, shown: `${fixed(grey, 1)} of 255 levels` },
      { name: "change_grey", label: "change in this step, measured", value: GREY * (seen?.change ?? NaN), shown: `${fixed(GREY * (seen?.change ?? NaN), 1)} levels` },
      { name: "noise_grey", label: "noise so far", value: GREY * here.sigma, shown: `${fixed(GREY * here.sigma, 1)} levels` },
      { name: "alpha", label: "strength of the photo", value: here.alpha, shown: `${fixed(100 * here.alpha, 1)} %` },
      { name: "likeness", label: "likeness to the photo", value: seen?.kept ?? NaN, shown: fixed(seen?.kept ?? NaN) },
    ]}
    table=${() => ({ caption: "The staircase, every fortieth step", columns: ["t", "this step's noise, levels", "noise so far, levels", "photo left, %"],
      rows: Array.from({ length: COUNT }, (_, k) => 40 * (k + 1)).map((i) => [i, fixed(GREY * Math.sqrt(s.beta[i]), 2), fixed(GREY * s.at(i).sigma, 1), fixed(100 * s.at(i).alpha, 1)]) })}
    python=${code}
    say=${`After ${t.value} steps ${Math.round(100 * here.alpha)} percent of the photo's strength is left. This step added ${grey.toFixed(1)} grey levels of noise.`} />`;
}

/** Every fortieth step at a glance, each a thinned-out photo. A click goes there; the slider does for keys.
 * @param {{at: number}} props */
function Ribbon({ at }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const own = current.value;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !x0.value) return;
    const thin = { x: thinned(x0.value), eps: thinned(eps.value) };
    for (let k = 0; k <= COUNT - 1; k++) {
      const image = context.createImageData(SMALL, SMALL);
      paint(jump(thin.x, thin.eps, own.at((1000 * k) / (COUNT - 1))), image.data);
      context.putImageData(image, k * SMALL, 0);
    }
  }, [x0.value, eps.value, own]);
  const pick = (/** @type {PointerEvent} */ e) => {
    const box = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
    if (e.buttons) t.value = Math.max(1, Math.min(1000, Math.round((1000 * (e.clientX - box.left)) / box.width)));
  };
  return html`<div class="ribbon" onPointerDown=${pick} onPointerMove=${pick}>
    <canvas ref=${canvas} width=${COUNT * SMALL} height=${SMALL} role="img" aria-label="The photo from step 0 to step 1000"></canvas>
    <progress class="unseen" max="1000" value=${at} aria-label="Where the figure stands"></progress>
    <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true"><path class="cut" d="M${at} 0V40" /></svg>
  </div>`;
}

/** Every fourth pixel each way: fewer, not blurred, so that the noise keeps its strength. @param {Float32Array} x */
function thinned(x) {
  const out = new Float32Array(3 * SMALL * SMALL), by = SIDE / SMALL;
  for (let c = 0, o = 0; c < 3; c++)
    for (let y = 0; y < SMALL; y++) for (let k = 0; k < SMALL; k++, o++) out[o] = x[(c * SIDE + y * by) * SIDE + k * by];
  return out;
}

function code() {
  const schedule = made(asked.value, points.value);
  return python(["numpy as np"], [schedule.from, "sfumato.process.forward jump, step"], `
schedule = ${schedule.text}
before = jump(x_0, eps, schedule.at(${t.value - 1}))
move = step(schedule, ${t.value})
x_t = move(before, rng.normal(${seed.value}, x_0.shape, stream=rng.SAMPLER, step=1, draw=${roll.value}))
print("step_grey", 127.5 * np.sqrt(move.variance))
print("change_grey", 127.5 * (x_t - before).std())
print("noise_grey", 127.5 * schedule.at(${t.value}).sigma)
print("alpha", schedule.at(${t.value}).alpha)
print("likeness", np.corrcoef(x_t.ravel(), x_0.ravel())[0, 1])
`, { seed: seed.value, photo: photo.value });
}
