// 1.3 One jump is a thousand steps: the photo times one number plus noise times another.

import { jump, moments, scaled } from "../maths/forward.js";
import { INITIAL, normal } from "../maths/philox.js";
import { Figure } from "../parts/figure.js";
import { Fresh } from "../parts/fresh.js";
import { html, signal, useEffect, useMemo, useState } from "../parts/html.js";
import { fixed, power, signedly, significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { made, python } from "../state/python.js";
import { asked, current, eps, photo, points, seed, x0 } from "../state/reader.js";
import { stream } from "../wire/api.js";

const t = signal(250);
/** One noise for every t, or a noise of its own for each. */
const locked = signal(true);
/** @typedef {{to: number, seed: number, kind: string, i: number, difference: number, x: Float32Array, apart: Float32Array}} Walk */
const walked = signal(/** @type {Walk | null} */ (null));
const walking = signal(0);
const failed = signal("");

export default function Jump() {
  const level = current.value.at(t.value), noise = useNoise();
  const parts = useMemo(() => (x0.value ? {
    signal: scaled(x0.value, level.alpha), noise: scaled(noise, level.sigma), x: jump(x0.value, noise, level),
  } : null), [x0.value, noise, level.alpha]);
  const spread = useMemo(() => (parts ? moments(parts.x).std : NaN), [parts]);
  const db = current.value.db(t.value), a = level.alpha, s = level.sigma;
  const key = `${t.value} ${seed.value} ${photo.value} ${JSON.stringify(asked.value)}`;
  const walk = useWalk(key);
  useEffect(() => show(a, s, t.value), [a, s]);
  return html`<${Figure} id="jump" title="One jump, or t steps"
    attempt="drag t: the photo fades along a quarter circle while the noise rises. Then walk there in single steps."
    notice="the squares of the two numbers always add up to one, and t small steps land where one jump does, up to the rounding of the arithmetic."
    stage=${html`<div class="sum">
        <${Tile} x=${parts?.signal ?? null} kind="signal" label=${`The photo times ${fixed(a)}`} caption=${html`<b>${fixed(a)}</b> × <i>x</i><sub>0</sub>`} />
        <span class="operator" aria-hidden="true">+</span>
        <${Tile} x=${parts?.noise ?? null} kind="noise" label=${`Noise times ${fixed(s)}`} caption=${html`<b>${fixed(s)}</b> × <i>ε</i>`} />
        <span class="operator" aria-hidden="true">=</span>
        <${Tile} x=${parts?.x ?? null} label=${`The photo at t ${t.value}`} caption=${html`<i>x</i><sub>${t.value}</sub>, one jump`} />
      </div>
      <div class="beside"><${Circle} a=${a} s=${s} /><${Steps} walk=${walk} /></div>`}
    primary=${html`<${Slider} id="jump-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)}
      spoken=${`t ${t.value}, ${Math.round(100 * s * s)} percent of the variance is noise`} />`}
    secondary=${html`<${Fresh} change=${() => (seed.value = (seed.value + 1) % Number.MAX_SAFE_INTEGER)}>New <i>ε</i><//>
      <label class="switch"><input type="checkbox" checked=${locked.value} onChange=${(/** @type {any} */ e) => (locked.value = e.target.checked)} /> one noise for every <i>t</i></label>
      <button type="button" class="main" disabled=${walking.value > 0} onClick=${() => go(key)}>${walking.value ? `step ${walking.value} of ${t.value}` : `Walk ${t.value} steps`}</button>`}
    readouts=${[
      { name: "alpha", label: html`signal <i>√ᾱ</i>`, value: a, shown: fixed(a, 4) },
      { name: "sigma", label: html`noise <i>√(1 − ᾱ)</i>`, value: s, shown: fixed(s, 4) },
      { name: "squares", label: "sum of squares", value: a * a + s * s, shown: fixed(a * a + s * s, 4) },
      { name: "snr_db", label: "signal to noise", value: db, shown: `${significant(10 ** (db / 10))} (${signedly(db)} dB)` },
      { name: "std", label: html`spread of <i>x</i><sub>t</sub>, measured`, value: spread, shown: fixed(spread, 4) },
      ...(walk && walk.i === walk.to ? [{ name: "difference", label: "max |jump − walk|", value: walk.difference, shown: power(walk.difference) }] : []),
    ]}
    table=${() => ({ caption: "The two coefficients along t", columns: ["t", "√ᾱ", "√(1 − ᾱ)", "SNR, dB"],
      rows: Array.from({ length: 21 }, (_, k) => Math.max(1, 50 * k)).map((i) => {
        const at = current.value.at(i);
        return [i, fixed(at.alpha, 4), fixed(at.sigma, 4), signedly(current.value.db(i))];
      }) })}
    python=${code}
    say=${walk && walk.i === walk.to ? `The walk of ${walk.to} steps and the jump differ by ${walk.difference.toExponential(1)}.`
      : `At t ${t.value} the photo is multiplied by ${a.toFixed(2)} and the noise by ${s.toFixed(2)}.`} />
    ${failed.value && html`<p class="trouble" role="alert">${failed.value}</p>`}`;
}

/** The noise in use. With one for each t, it changes at most twice a second, once the slider rests. */
function useNoise() {
  const [own, setOwn] = useState(/** @type {Float32Array | null} */ (null));
  useEffect(() => {
    if (locked.value) return setOwn(null);
    const n = eps.value.length, of = t.value, from = seed.value;
    const waiting = setTimeout(() => setOwn(normal(from, n, { stream: INITIAL, draw: of })), 500);
    return () => clearTimeout(waiting);
  }, [locked.value, t.value, seed.value]);
  return own ?? eps.value;
}

/** The walk that belongs to what is shown, or null. @param {string} key */
function useWalk(key) {
  const found = walked.value;
  return found && found.kind === key ? found : null;
}

/** Ask the server to walk, and show each stop as it comes. @param {string} key */
async function go(key) {
  const to = t.value, from = seed.value;
  failed.value = "";
  walking.value = 1;
  try {
    const body = { photo: photo.value, seed: from, schedule: asked.value, t: to, every: Math.max(1, Math.ceil(to / 20)) };
    for await (const { i, difference, arrays } of stream("forward", body)) {
      const apart = arrays.x_walk.map((/** @type {number} */ v, /** @type {number} */ e) => (v - arrays.x_jump[e]) * 1e6);
      walked.value = { to, seed: from, kind: key, i, difference, x: arrays.x_walk, apart };
      walking.value = i;
    }
  } catch (problem) {
    failed.value = `The walk stopped: ${problem instanceof Error ? problem.message : problem}.`;
  } finally {
    walking.value = 0;
  }
}

/** @param {{walk: Walk | null}} props */
function Steps({ walk }) {
  const caption = walk ? (walk.i === walk.to ? `${walk.to} single steps` : `${walk.i} of ${walk.to} steps`) : "the walk, not taken";
  return html`<div class="walk">
    <${Tile} x=${walk?.x ?? null} kind=${walk ? "" : "empty"} label=${walk ? `The photo after ${walk.i} single steps` : "The walk has not been taken yet"} caption=${caption} />
    <${Tile} x=${walk?.apart ?? null} kind=${walk ? "" : "empty"} label="The difference to a jump with the same noise, a million times enlarged"
      caption=${html`walk − jump, × 10<sup>6</sup>`} /></div>`;
}

/** The pair (signal, noise) on its quarter circle. @param {{a: number, s: number}} props */
function Circle({ a, s }) {
  const size = 150, left = 26, low = size - 22, r = size - 54, x = left + r * a, y = low - r * s;
  return html`<svg class="circle" viewBox="0 0 ${size} ${size}" role="img" aria-label=${`Signal ${fixed(a)} and noise ${fixed(s)} on a quarter circle`}>
    <path class="axis" d="M${left} ${low - r - 8}V${low}H${left + r + 8}" /><path class="arc" d="M${left + r} ${low}A${r} ${r} 0 0 0 ${left} ${low - r}" />
    <path class="line signal strong" d="M${left} ${low}H${x}" /><path class="line noise strong" d="M${x} ${low}V${y}" />
    <path class="axis" d="M${left} ${low}L${x} ${y}" /><circle class="mark" cx=${x} cy=${y} r="5" />
    <text x=${left + r / 2} y=${low + 16} text-anchor="middle">signal</text><text transform="translate(${left - 9} ${low - r / 2}) rotate(-90)" text-anchor="middle">noise</text>
  </svg>`;
}

/** The same numbers in the text's equation. @param {number} a @param {number} s @param {number} i */
function show(a, s, i) {
  for (const [name, value] of [["alpha", fixed(a)], ["sigma", fixed(s)], ["t", String(i)]]) {
    for (const place of document.querySelectorAll(`[data-live="jump.${name}"], .live-jump-${name}`)) {
      (place.querySelector("mn") ?? place).textContent = value;
    }
  }
}

function code() {
  const walk = walked.value, schedule = made(asked.value, points.value);
  const steps = walk ? `
*_, end = walk(x_0, schedule, seed=${seed.value}, to=${t.value})
print("difference", end.difference)` : "";
  const noise = locked.value ? "" : `eps = rng.normal(${seed.value}, x_0.shape, stream=rng.INITIAL, draw=${t.value})\n`;
  const names = [schedule.from, "sfumato.process.forward jump, snr"];
  return python(["numpy as np"], walk ? [...names, "sfumato.studio.walk walk"] : names, `
${noise}schedule = ${schedule.text}
level = schedule.at(${t.value})
print("alpha", level.alpha)
print("sigma", level.sigma)
print("squares", level.alpha**2 + level.sigma**2)
print("snr_db", 10 * np.log10(snr(level)))
print("std", jump(x_0, eps, level).std())${steps}
`, { seed: seed.value, photo: photo.value });
}
