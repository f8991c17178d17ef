// 1.2 The shape of destruction: four schedules on one axis, and what each has left of the photo.

import { correlation, jump } from "../maths/forward.js";
import { HIGHEST, LOWEST, moved } from "../maths/custom.js";
import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { html, signal, useEffect, useMemo, useState } from "../parts/html.js";
import { fixed, power, signedly, significant } from "../parts/numbers.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { KINDS, eps, kind, photo, points, schedules, seed, x0 } from "../state/reader.js";
import { python } from "../state/python.js";
import { server, stream } from "../wire/api.js";

export const LABELS = /** @type {Record<string, string>} */ ({
  linear: "linear", "scaled-linear": "scaled linear", cosine: "cosine", custom: "yours",
});
const STEPS = Float64Array.from({ length: 1000 }, (_, k) => k + 1);
const VIEWS = /** @type {Record<string, any>} */ ({
  beta: { words: "β", y: [1e-5, 1], yTicks: [1e-4, 1e-2, 1], log: true, tick: (/** @type {number} */ v) => (v === 1 ? "1" : power(v, 0).slice(4)),
    yLabel: "variance added, β", of: (/** @type {any} */ s, /** @type {number} */ i) => s.beta[i] },
  alpha_bar: { words: "ᾱ", y: [0, 1], yTicks: [0, 0.5, 1], yLabel: "signal left, ᾱ", of: (/** @type {any} */ s, /** @type {number} */ i) => s.alphaBar(i) },
  snr_db: { words: "SNR", y: [-60, 45], yTicks: [-60, -40, -20, 0, 20, 40], yLabel: "signal to noise, dB", tick: (/** @type {number} */ v) => fixed(v, 0),
    of: (/** @type {any} */ s, /** @type {number} */ i) => s.db(i) },
});

const t = signal(250);
const view = signal("snr_db");
const align = signal("t");

/** Where each schedule stands: at the same step, or at the same signal-to-noise ratio as the chosen one at t. */
function stands() {
  const wanted = schedules.value[kind.value].db(t.value);
  return KINDS.map((k) => {
    const s = schedules.value[k], i = align.value === "t" || k === kind.value ? t.value : s.stepOf(wanted);
    return { kind: k, schedule: s, i, level: s.at(i), db: s.db(i) };
  });
}

export default function Schedules() {
  const here = stands(), own = points.value, facts = useMemo(() => KINDS.map((k) => of(schedules.value[k])), [schedules.value]);
  const pictures = useMemo(() => here.map((h) => (x0.value ? jump(x0.value, eps.value, h.level) : null)),
    [x0.value, eps.value, ...here.map((h) => h.level.alpha)]);
  const kept = useMemo(() => pictures.map((/** @type {Float32Array | null} */ x) => (x && x0.value ? correlation(x, x0.value) : NaN)), [pictures]);
  const agree = useAgreement(), shape = VIEWS[view.value];
  const series = useMemo(() => KINDS.map((k) => ({
    name: k, label: LABELS[k], kind: `of-${k}`, strong: k === kind.value, x: STEPS,
    y: STEPS.map((i) => shape.of(schedules.value[k], i)),
  })), [schedules.value, view.value, kind.value]);
  const handles = view.value !== "snr_db" ? [] : own.map((/** @type {number} */ y, /** @type {number} */ k) => ({
    x: 1 + k * 333, y, label: `Your schedule at t ${1 + k * 333}`, low: LOWEST, high: HIGHEST, shown: `${signedly(y, 0)} decibels`,
    move: (/** @type {number} */ to) => ((points.value = moved(points.value, k, to)), (kind.value = "custom")),
  }));
  const main = here[KINDS.indexOf(kind.value)];
  return html`<${Figure} id="schedules" title="The shape of destruction"
    attempt="drag t, then align by noise instead of by step. Drag the four rings to draw a schedule of your own."
    notice="at one step the four photos differ widely; at one signal-to-noise ratio they are the same picture. Only the ratio matters."
    stage=${html`
      <${Choice} name="view" label="Curve" value=${view.value} options=${Object.keys(VIEWS).map((k) => [k, VIEWS[k].words])} change=${(/** @type {string} */ v) => (view.value = v)} />
      <${Curve} label="Four schedules over t" series=${series} x=${[0, 1000]} xTicks=${[0, 250, 500, 750, 1000]} xLabel="step t"
        ...${shape} cursor=${t.value} pick=${(/** @type {number} */ v) => (t.value = Math.max(1, Math.round(v)))} handles=${handles}
        marks=${here.map((h) => ({ x: h.i, y: view.value === "beta" ? h.schedule.beta[Math.max(1, Math.round(h.i))] : view.value === "snr_db" ? h.db : h.level.alpha ** 2, kind: `of-${h.kind}` }))} />
      <fieldset class="tiles four"><legend class="unseen">The schedule that the rest of the article uses</legend>
        ${here.map((h, k) => html`<label class="choose" key=${h.kind}>
          <${Tile} x=${pictures[k]} label=${`The photo by the ${LABELS[h.kind]} schedule at t ${Math.round(h.i)}`} probe=${false} />
          <span class="under"><input type="radio" name="kind" checked=${kind.value === h.kind} onChange=${() => (kind.value = h.kind)} />
          <span class=${`key of-${h.kind}`} aria-hidden="true"></span>${LABELS[h.kind]}</span>
          <span class="under small">t = ${fixed(h.i, h.i % 1 ? 1 : 0)}</span></label>`)}
      </fieldset>`}
    primary=${html`<${Slider} id="schedules-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)}
      spoken=${`t ${t.value}, signal to noise ${signedly(main.db)} decibels with the ${LABELS[kind.value]} schedule`} shown=${t.value} />`}
    secondary=${html`<${Choice} name="align" label="Same" value=${align.value} options=${[["t", "step"], ["snr", "signal-to-noise ratio"]]} change=${(/** @type {string} */ v) => (align.value = v)} />
      <button type="button" onClick=${() => (points.value = [40, 8, -14, -40])}>Reset yours</button>`}
    readouts=${html`<div><${Rows} here=${here} facts=${facts} kept=${kept} />
      <p class="check">Browser against Python, all four tables: <span data-readout="agreement" data-value=${String(agree)}>${agree === null ? "asking" : `largest difference ${power(agree)}`}</span></p></div>`}
    table=${() => ({ caption: `${shape.yLabel} by step`, columns: ["t", ...KINDS.map((k) => LABELS[k])],
      rows: Array.from({ length: 21 }, (_, k) => Math.max(1, 50 * k)).map((i) => [i, ...KINDS.map((k) => significant(shape.of(schedules.value[k], i), 4))]) })}
    python=${() => code(here)}
    say=${`At t ${t.value} the ${LABELS[kind.value]} schedule has a signal to noise ratio of ${signedly(main.db)} decibels.`} />`;
}

/** @param {import("../maths/schedule.js").Schedule} s */
function of(s) {
  return { steepest: s.steepest, even: s.even, below: s.below(-20), growth: s.beta[1000] / s.beta[1] };
}

/** @param {{here: ReturnType<typeof stands>, facts: ReturnType<typeof of>[], kept: number[]}} props */
function Rows({ here, facts, kept }) {
  const cell = (/** @type {string} */ name, /** @type {number} */ value, /** @type {any} */ shown) =>
    html`<td data-readout=${name} data-value=${String(value)}>${shown}</td>`;
  return html`<div class="rows" tabindex="0" role="region" aria-label="Read-outs by schedule"><table>
    <thead><tr><th scope="col">schedule</th><th scope="col">SNR, dB</th><th scope="col">likeness to photo</th>
      <th scope="col">SNR below 1 from</th><th scope="col">steepest loss at</th><th scope="col">steps below −20 dB</th><th scope="col">last β / first</th></tr></thead>
    <tbody>${here.map((h, k) => html`<tr key=${h.kind} class=${h.kind === kind.value ? "chosen" : ""}><th scope="row"><span class=${`key of-${h.kind}`} aria-hidden="true"></span>${LABELS[h.kind]}</th>
      ${cell(`${h.kind}.snr_db`, h.db, signedly(h.db))}${cell(`${h.kind}.likeness`, kept[k], fixed(kept[k]))}
      ${cell(`${h.kind}.even`, facts[k].even, facts[k].even)}${cell(`${h.kind}.steepest`, facts[k].steepest, facts[k].steepest)}
      ${cell(`${h.kind}.below`, facts[k].below, `${fixed(100 * facts[k].below, 1)} %`)}${cell(`${h.kind}.growth`, facts[k].growth, significant(facts[k].growth))}</tr>`)}</tbody>
  </table></div>`;
}

/** The largest difference between this page's tables and Python's; null until it is known. */
function useAgreement() {
  const [worst, setWorst] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    const leaving = new AbortController(), now = schedules.value, own = points.value;
    const wanted = KINDS.map((k) => (k === "custom" ? { kind: k, points: own } : { kind: k }));
    const waiting = setTimeout(async () => {
      let most = 0;
      try {
        for await (const frame of stream("schedules", { schedules: wanted }, leaving.signal)) {
          const s = now[KINDS[frame.index]];
          for (let i = 1; i <= 1000; i++) {
            most = Math.max(most, Math.abs(s.beta[i] - frame.arrays.beta[i - 1]), Math.abs(s.alphaBar(i) - frame.arrays.alpha_bar[i - 1]));
          }
        }
        setWorst(most);
      } catch {
        // offline, or a newer question: the last answer stays
      }
    }, 250);
    return () => (clearTimeout(waiting), leaving.abort());
  }, [schedules.value, server.value === "offline"]);
  return worst;
}

/** @param {ReturnType<typeof stands>} here */
function code(here) {
  const lines = here.map((h) => `    ${h.kind === "custom" ? `schedule_through((${points.value.join(", ")}))` : `schedule_from({"kind": "${h.kind}"})`}: ${h.i},`);
  return python(["numpy as np"], ["sfumato.process.schedules schedule_from", "sfumato.studio.custom schedule_through"], `
places = {
${lines.join("\n")}
}
for (schedule, i), name in zip(places.items(), ${JSON.stringify(KINDS)}):
    level = schedule.at(i) if i == int(i) else schedule(i / 1000)
    x_t = level.alpha * x_0 + level.sigma * eps
    db = 20 * np.log10(schedule.at(np.arange(1, 1001)).alpha / schedule.at(np.arange(1, 1001)).sigma)
    alpha_bar = np.append(1.0, schedule.at(np.arange(1, 1001)).alpha ** 2)
    betas = schedule.beta_table()
    print(f"{name}.snr_db", 20 * np.log10(level.alpha / level.sigma))
    print(f"{name}.likeness", np.corrcoef(x_t.ravel(), x_0.ravel())[0, 1])
    print(f"{name}.even", 1 + np.count_nonzero(db >= 0))
    print(f"{name}.steepest", 1 + np.argmax(-np.diff(alpha_bar)))
    print(f"{name}.below", np.mean(db < -20))
    print(f"{name}.growth", betas[-1] / betas[0])
`, { seed: seed.value, photo: photo.value });
}
