// 1.4 The two-photo test: one of two photos, drowned in noise. Which was it? Your eye against the best possible observer.

import { Phi, distance, leaning } from "../maths/gauss.js";
import { jump, signed } from "../maths/forward.js";
import { DATA, normal, words } from "../maths/philox.js";
import { Figure } from "../parts/figure.js";
import { PAUSE } from "../parts/fresh.js";
import { html, signal, useEffect, useMemo } from "../parts/html.js";
import { fixed, power, significant } from "../parts/numbers.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { made, python } from "../state/python.js";
import { KINDS, SIDE, asked, current, kind, photo, points, schedules, seed, x0 } from "../state/reader.js";
import { shippedPhoto } from "../wire/api.js";
import { LABELS } from "./schedules.js";

const TRIALS = 4000;
const t = signal(1000);
const round = signal(1);
/** What the reader said in this round. */
const said = signal(/** @type {"" | "A" | "B"} */ (""));
const tally = signal({ rounds: 0, you: 0, best: 0 });
/** Of many quick trials, the share in which the best observer was right. */
const trials = signal(/** @type {{key: string, share: number} | null} */ (null));
const other = signal(/** @type {Float32Array | null} */ (null));
const otherName = () => (photo.value === "harbour" ? "mountain" : "harbour");

/** What is hidden in a round: A or B, by the first word of (seed, DATA, round, 1). */
const truth = () => ((words(seed.value, 1, { stream: DATA, step: round.value, draw: 1 })[0] & 1) === 0 ? "A" : "B");

export default function TwoPhotos() {
  const a = x0.value, b = other.value, level = current.value.at(t.value), root = level.alpha / level.sigma;
  useEffect(() => {
    shippedPhoto(otherName()).then((frame) => (other.value = signed(frame.arrays.x)), () => {});
  }, [photo.value]);
  const apart = useMemo(() => (a && b ? distance(a, b) : NaN), [a, b]);
  const noise = useMemo(() => normal(seed.value, 3 * SIDE * SIDE, { stream: DATA, step: round.value }), [seed.value, round.value]);
  const hidden = truth();
  const x = useMemo(() => (a && b ? jump(hidden === "A" ? a : b, noise, level) : null), [a, b, noise, hidden, level.alpha]);
  const best = a && b && x ? (leaning(x, a, b, level.alpha) > 0 ? "A" : "B") : "";
  const odds = a && b && x ? Math.abs(leaning(x, a, b, level.alpha)) * level.alpha / level.sigma ** 2 : NaN;
  const right = Phi(0.5 * root * apart), bits = 0.5 * 3 * SIDE * SIDE * Math.log1p(root ** 2) / Math.LN2;
  const key = `${t.value} ${seed.value} ${apart} ${JSON.stringify(asked.value)}`, many = trials.value?.key === key ? trials.value.share : null;
  useEffect(() => show(apart), [apart]);
  const guess = (/** @type {"A" | "B"} */ letter) => {
    if (said.value) return;
    said.value = letter;
    const { rounds, you, best: score } = tally.value;
    tally.value = { rounds: rounds + 1, you: you + Number(letter === hidden), best: score + Number(best === hidden) };
  };
  return html`<${Figure} id="twophotos" title="The two-photo test"
    attempt="guess which photo is under the noise, a few times. Then choose another schedule, or an earlier step."
    notice="where your eye sees nothing at all, an observer who adds up every pixel may still be nearly always right."
    stage=${html`<div class="guessing">
        <div class="suspects">
          <${Tile} x=${a} label="Photo A" caption=${html`<b>A</b>`} probe=${false} /><${Tile} x=${b} label="Photo B" caption=${html`<b>B</b>`} probe=${false} />
        </div>
        <${Tile} x=${x} kind="noise" label=${`One of the two photos at step ${t.value}`} caption=${html`one of the two, at <i>t</i> = ${t.value}`} />
        <${Verdict} hidden=${hidden} best=${best} guess=${guess} />
      </div>`}
    primary=${html`<${Slider} id="twophotos-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)}
      spoken=${`t ${t.value}, the best observer is right in ${(100 * right).toFixed(1)} percent`} />`}
    secondary=${html`<${Choice} name="twophotos-kind" label="Schedule" value=${kind.value} options=${KINDS.map((k) => [k, LABELS[k]])} change=${(/** @type {string} */ v) => (kind.value = v)} />
      <button type="button" onClick=${() => (trials.value = { key, share: simulated(root * apart) })}>4 000 trials</button>`}
    readouts=${[
      { name: "accuracy", label: "the best observer is right in", value: right, shown: percent(right) },
      { name: "snr", label: "signal to noise ratio", value: root ** 2, shown: power(root ** 2, 2) },
      { name: "distance", label: "their distance, ‖A − B‖", value: apart, shown: significant(apart, 4) },
      { name: "bits", label: "information left, at most", value: bits, shown: `${significant(bits)} bits` },
      { name: "odds", label: "its log odds, this time", value: odds, shown: fixed(odds, 2) },
      ...(many === null ? [] : [{ name: "trials", label: "right in 4 000 trials", value: many, shown: percent(many) }]),
    ]}
    table=${() => ({ caption: "How often the best observer is right", columns: ["t", "SNR", "right, %"],
      rows: Array.from({ length: 20 }, (_, k) => 50 * (k + 1)).map((i) => {
        const at = current.value.at(i), ratio = at.alpha / at.sigma;
        return [i, power(ratio ** 2), fixed(100 * Phi(0.5 * ratio * apart), 2)];
      }) })}
    python=${() => code(many !== null)}
    say=${said.value ? `It was ${hidden}. You said ${said.value}, the best observer said ${best}.` : `At t ${t.value} the best observer is right in ${(100 * right).toFixed(1)} percent.`} />`;
}

/** Buttons before the guess, the truth after it.
 * @param {{hidden: string, best: string, guess: (letter: "A" | "B") => void}} props */
function Verdict({ hidden, best, guess }) {
  const { rounds, you, best: score } = tally.value, done = said.value !== "";
  const next = () => {
    if (performance.now() - changed < PAUSE) return;
    changed = performance.now();
    said.value = "";
    round.value++;
  };
  return html`<div class="verdict">
    <p>${done ? html`It was <b>${hidden}</b>. You said ${said.value}, the best observer said ${best}.` : "Which one is under the noise?"}</p>
    <div class="answers">${done
      ? html`<button type="button" class="main" onClick=${next}>Next</button>`
      : html`<button type="button" class="main" onClick=${() => guess("A")}>It is A</button><button type="button" class="main" onClick=${() => guess("B")}>It is B</button>`}</div>
    <p class="tally">${rounds ? html`You: ${you} of ${rounds}. Best observer: ${score} of ${rounds}.` : "Your score and the best observer's stand here."}</p>
  </div>`;
}

/** When the last round began: a new one is new noise, of which two a second are enough. */
let changed = -PAUSE;

/** Many trials at once. Of the noise only its part along A - B counts, which is one standard normal a trial.
 * @param {number} strength sqrt(SNR) times the distance */
function simulated(strength) {
  const drawn = normal(seed.value, TRIALS, { stream: DATA, draw: 2 });
  return drawn.reduce((count, z) => count + Number(0.5 * strength + z > 0), 0) / TRIALS;
}

/** @param {number} share */
function percent(share) {
  return share > 0.99995 ? "more than 99.99 %" : `${fixed(100 * share, 2)} %`;
}

/** The number in the text: how often on Stable Diffusion's schedule, at the end. @param {number} apart */
function show(apart) {
  if (!Number.isFinite(apart)) return;
  const s = schedules.value["scaled-linear"].at(1000), share = Phi((0.5 * s.alpha * apart) / s.sigma);
  for (const place of document.querySelectorAll('[data-live="twophotos.scaled-linear"]')) place.textContent = percent(share);
}

/** @param {boolean} many */
function code(many) {
  const schedule = made(asked.value, points.value);
  const more = many ? `
z = rng.normal(${seed.value}, (${TRIALS},), stream=rng.DATA, draw=2)
print("trials", np.mean(0.5 * np.sqrt(ratio) * distance + z > 0))` : "";
  return python(["math", "numpy as np"], [schedule.from, "sfumato.process.forward jump, snr"], `
A, B = x_0, shipped("${otherName()}")
distance = np.linalg.norm((A - B).astype(float))
level = ${schedule.text}.at(${t.value})
ratio = snr(level)
hidden = A if rng.words(${seed.value}, 1, stream=rng.DATA, step=${round.value}, draw=1)[0] % 2 == 0 else B
x_t = jump(hidden, rng.normal(${seed.value}, A.shape, stream=rng.DATA, step=${round.value}), level).astype(float)
print("accuracy", 0.5 * (1 + math.erf(0.5 * np.sqrt(ratio) * distance / math.sqrt(2))))
print("snr", ratio)
print("distance", distance)
print("odds", abs(np.sum((x_t - level.alpha * (A + B) / 2) * (A - B).astype(float))) * level.alpha / level.sigma**2)
print("bits", 0.5 * A.size * np.log2(1 + ratio))${more}
`, { seed: seed.value, photo: photo.value });
}
