// 4.2 The loss by noise level: what training would say of one picture, told what it is, told wrong, and told nothing.

import { WEIGHTS, mean } from "../maths/losses.js";
import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, signedly, significant, whole } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

/** What our own photos show; the reader's own has no caption until one is written. */
const SHOWN = /** @type {Record<string, string>} */ ({ harbour: "a red sailboat on the sea", mountain: "a mountain at night, full moon" });
/** What is asked for; "" is what the model itself is asked for. */
const face = signal("");
const t = signal(850), from = signal("photo"), written = signal({ of: "", words: "" }), other = signal("a green frog");

/** Each caption's name, its line, and how it is said. */
const TOLD = [
  { name: "own", words: "told what it is", line: "guidance" },
  { name: "other", words: "told wrong", line: "noise" },
  { name: "none", words: "told nothing", line: "" },
];
const FACES = [["flow", "flow ε − x₀"], ["eps", "noise ε"], ["x0", "picture x₀"], ["v", "velocity v"]];

export default function Losses() {
  const drawn = from.value === "drawing", which = drawn ? `drawing ${prompt.value}` : photo.value;
  const caption = written.value.of === which ? written.value.words : drawn ? prompt.value : SHOWN[photo.value] ?? "";
  const asked = { ...(drawn ? { drawing: prompt.value } : { photo: photo.value }), seed: seed.value, captions: [caption, other.value, ""] };
  const one = useAnswer("losses", "losses", { ...asked, t: t.value }), many = useAnswer("losses", "losses/along", asked);
  const said = /** @type {any} */ (one.frames[0]), about = /** @type {any} */ (many.frames[0]), found = /** @type {any[]} */ (many.frames.slice(1)), times = found.map((f) => f.t / 1000);
  const shape = [face.value, about?.asks].find((one) => one in WEIGHTS) ?? "flow", weight = WEIGHTS[shape], as = (/** @type {any} */ f) => f.squares.map((/** @type {number} */ v) => v * weight(f));
  const here = said ? as(said) : null, complete = about && found.length > 0 && !many.busy, held = shape === about?.asks && about?.plain && about.levels.length ? about : null;
  const { all, saved, lines, savings } = /** @type {ReturnType<typeof curves>} */ (useMemo(() => curves(found.map(as), times, held), [many.frames, shape]));
  const total = complete ? TOLD.map((_, k) => mean(all.map((l) => l[k]))) : null, top = up(Math.max(0.1, ...all.flat(), ...(here ?? []), ...(held?.losses ?? [])));
  const apart = saved[0].map((v, k) => v - saved[1][k]), best = apart.indexOf(Math.max(...apart));
  useTold("losses", complete && total ? { own: significant(total[0]), none: significant(total[2]), best: `t = ${fixed(times[best], 2)}` } : {});
  useTold("losses", about ? { drop: about.drop === null ? "some" : `${fixed(100 * about.drop, 0)} %`, average: about.average === null ? "a part" : `${fixed(100 * about.average, 0)} %`, pictures: about.pictures === null ? "very many" : whole(about.pictures) } : {});
  return html`<${Figure} id="losses" title="The loss by noise level" needs="server" path=${ownPath()} busy=${one.busy || many.busy}
    attempt="write other captions, true or false; take a drawing of its own instead of a photo; read the same answers as noise, as picture."
    notice="words weigh where there is much noise, and hardly where the picture can still be seen. A wrong caption costs; even the right one of a photo may, for with words the network bets on a drawing."
    stage=${html`<div class="tiles four">
        <${Tile} x=${said?.arrays.picture ?? null} kind="signal" label=${drawn ? "What the network drew" : "The photo, encoded and decoded"} caption=${html`<i>x</i><sub>0</sub>`} />
        <${Tile} x=${said?.arrays.noisy ?? null} label=${`What the network is given at step ${t.value}, decoded`} caption=${html`given: <i>x</i><sub>t</sub>`} />
        <${Tile} x=${said?.arrays.guess0 ?? null} kind="guidance" label="Its guess, told what it is" caption="told what it is" />
        <${Tile} x=${said?.arrays.guess2 ?? null} kind="guess" label="Its guess, told nothing" caption="told nothing" />
      </div>
      <${Choice} name="losses-from" label="Picture" value=${from.value} options=${[["photo", "your photo"], ["drawing", "its own drawing"]]} change=${(/** @type {string} */ v) => (from.value = v)} />
      <${Choice} name="losses-face" label="Asked for" value=${shape} options=${FACES} change=${(/** @type {string} */ v) => (face.value = v)} />
      <${Curve} label="Loss by noise level" series=${lines}
        x=${[0, 1]} xTicks=${[0, 0.25, 0.5, 0.75, 1]} xLabel="noise level t" y=${[0, top]} yTicks=${[0, top / 2, top]} tick=${(/** @type {number} */ v) => String(v)} yLabel="loss, mean square" height=${210}
        cursor=${t.value / 1000} marks=${here ? TOLD.map((told, k) => ({ x: t.value / 1000, y: here[k], kind: told.line })) : []} pick=${choose} />
      <p class="legend">${[...TOLD, ...(held ? [{ name: "held", words: "drawings held out from training, from its card", line: "signal" }] : [])].map((told) => html`<span key=${told.name}><svg viewBox="0 0 26 8" aria-hidden="true"><path class=${`line ${told.line}`} d="M0 4H26" /></svg> ${told.words}</span>`)}</p>
      <${Curve} label="What a caption saves" series=${savings} x=${[0, 1]} xTicks=${[0, 0.25, 0.5, 0.75, 1]} xLabel="noise level t"
        y=${[-100, 100]} yTicks=${[-100, 0, 100]} tick=${(/** @type {number} */ v) => (v ? `${signedly(v, 0)} %` : "0")} yLabel="saved, against being told nothing" height=${130} cursor=${t.value / 1000} pick=${choose} />`}
    primary=${html`<${Slider} id="losses-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />`}
    secondary=${html`<div class="duo"><${Line} label="Its caption" value=${caption} hint="say what your photo shows" change=${(/** @type {string} */ v) => (written.value = { of: which, words: v })} />
      <${Line} label="A wrong one" value=${other.value} change=${(/** @type {string} */ v) => (other.value = v)} /></div>`}
    readouts=${here && total ? [
      ...TOLD.map((told, k) => ({ name: told.name, label: `loss here, ${told.words}`, value: here[k], shown: significant(here[k]) })),
      { name: "mean_own", label: "over all levels, told what it is", value: total[0], shown: significant(total[0]) },
      { name: "mean_none", label: "over all levels, told nothing", value: total[2], shown: significant(total[2]) },
    ] : []}
    table=${() => ({ caption: "Loss of one picture with one noise, by noise level; training visits each row as often", columns: ["t", "α", "σ", "told what it is", "told wrong", "told nothing", "saved by the caption, %"],
      rows: found.map((f, k) => [fixed(times[k]), fixed(f.alpha), fixed(f.sigma), ...all[k].map((/** @type {number} */ v) => significant(v)), signedly(saved[0][k])]) })}
    python=${() => code(caption, shape)}
    say=${here ? `At t ${fixed(t.value / 1000, 2)} the loss is ${significant(here[0])} told what it is, ${significant(here[1])} told wrong, ${significant(here[2])} told nothing.` : "The network is being asked."} />
    ${[one, many].map((each) => each.trouble && html`<p class="trouble" role="alert">${each.trouble}</p>`)}`;
}

/** The losses and what captions save, in per cent, as lines. @param {number[][]} all @param {number[]} x @param {any} held */
function curves(all, x, held) {
  const saved = [0, 1].map((k) => all.map((l) => 100 * (1 - l[k] / l[2]))), line = (/** @type {number} */ k, /** @type {number[]} */ y) => ({ name: TOLD[k].name, label: TOLD[k].words, kind: TOLD[k].line, x, y });
  const lines = [...TOLD.map((_, k) => line(k, all.map((l) => l[k]))), ...(held ? [{ name: "held", label: "held out", kind: "signal", x: held.levels, y: held.losses }] : [])];
  return { all, saved, lines, savings: [{ name: "nought", label: "told nothing", kind: "", x: [0, 1], y: [0, 0] }, line(0, saved[0]), line(1, saved[1])] };
}

/** @param {number} v */
const choose = (v) => (t.value = Math.max(1, Math.round(1000 * v)));

/** The next number above that reads well: 1, 2 or 4 times a power of ten. @param {number} v */
function up(v) {
  const ten = 10 ** Math.floor(Math.log10(v));
  return Number(((/** @type {number} */ ([1, 2, 4, 10].find((by) => by * ten >= v))) * ten).toPrecision(1));
}

/** @param {string} caption @param {string} shape */
function code(caption, shape) {
  const own = bytes(photo.value), captions = [caption, other.value, ""].map((one) => JSON.stringify(one)).join(", "), drawn = from.value === "drawing", options = `seed=${seed.value}, face="${shape}"`;
  return `import sfumato
${drawn ? "from sfumato.studio.losses import drawing, judged, mean" : `from sfumato.studio.denoise import encoded
from sfumato.studio.losses import judged, mean
from sfumato.studio.photo import ${own.name}`}

model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
x_0 = ${drawn ? `drawing(model, ${JSON.stringify(prompt.value)}, seed=${seed.value + 1})` : `encoded(model, ${own.text})`}
captions = [${captions}]
here = judged(model, x_0, captions, seed=${seed.value}, i=${t.value})
for name, loss in zip(("own", "other", "none"), here.losses("${shape}")):
    print(name, loss)
print("mean_own", mean(model, x_0, captions[0], ${options}))
print("mean_none", mean(model, x_0, captions[2], ${options}))
`;
}
