// 4.4 Did it learn or did it copy? A drawn picture, the nearest of those at hand, a rule, and copies planted to try it.

import { opening, told, verdict } from "../parts/athand.js";
import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { html, signal } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const share = signal(0), who = signal("model"), manner = signal("same");
const WHO = /** @type {[string, string][]} */ ([["model", "the network"], ["perfect", "the perfect denoiser"], ["photo", "your photo"]]);
const MANNERS = /** @type {[string, string][]} */ ([["same", "as it is"], ["jpeg", "JPEG"], ["moved", "moved"], ["darker", "darker"], ["mirrored", "mirrored"]]);
const PERCENTS = [0, 1, 2, 5, 10, 25, 50, 75, 100];

export default function Copies() {
  const asked = { who: who.value, manner: manner.value, prompt: prompt.value, seed: seed.value, photo: photo.value, share: share.value / 100 };
  const one = useAnswer("copies", "neighbours", asked), last = /** @type {any} */ (one.frames.at(-1)), said = last?.type === "found" ? last : null;
  const numbers = said?.numbers, near = /** @type {{words: string, distance: number}[]} */ (said?.nearest ?? []), copied = numbers?.copied === 1, a = share.value;
  const made = who.value === "photo" ? "your photo" : who.value === "perfect" ? "the perfect denoiser’s picture" : "the network’s picture";
  const reach = said ? 10 * Math.ceil(Math.max(said.distances[100], numbers.nearest) / 10) : 60;
  useTold("copies", said ? { threshold: significant(numbers.threshold), caught: `${numbers.caught} of ${said.planted}`, nearest: significant(numbers.nearest), count: String(said.count) } : {});
  return html`<${Figure} id="copies" title="Did it learn or did it copy?" needs="server" path=${ownPath()} busy=${one.busy}
    attempt="mix a planted picture in until the rule calls the whole a copy; mirror it; then let the perfect denoiser draw."
    notice="the network’s picture is seldom near to one of those at hand. The perfect denoiser draws nothing of its own. A mirrored copy gets past the rule."
    stage=${html`<div class="three">
        <${Tile} x=${said?.arrays.picture ?? null} kind="guess" label="The picture that is looked up" caption=${a === 0 ? made : a === 100 ? "the planted picture" : `${made}, ${a} % planted`} />
        <${Tile} x=${said?.arrays.near0 ?? null} kind="signal" label=${near[0] ? `The nearest picture: ${near[0].words}` : "The nearest picture"} caption=${near[0] ? html`nearest: ${near[0].words}, ${significant(near[0].distance)}` : "nearest"} />
        <${Tile} x=${said?.arrays.copy ?? null} label="The picture to plant" caption=${said ? html`to plant: ${said.copy}` : "to plant"} />
      </div>
      ${near.length > 1 && html`<div class="further">${near.slice(1).map((each, k) => html`<${Tile} key=${k} x=${said.arrays[`near${k + 1}`]} label=${`Number ${k + 2} of the nearest: ${each.words}`} probe=${false} caption=${`${each.words}, ${significant(each.distance)}`} />`)}</div>`}
      ${last?.type === "reading" && html`<p class="check">${opening(last)}</p>`}
      ${said && html`<p class="copied">${verdict(said)}</p>
        <${Curve} label="How near real pictures are to their nearest" height=${190} series=${[{ name: "real", label: "real pictures", kind: "signal", strong: true, x: said.distances, y: PERCENT }]}
          x=${[0, reach]} xTicks=${[0, 1, 2, 3, 4].map((k) => Math.round((k * reach) / 40) * 10)} xLabel="grey levels to the nearest" y=${[-4, 104]} yTicks=${[0, 50, 100]} yLabel="% of real pictures" cursor=${numbers.threshold}
          marks=${[{ x: numbers.nearest, y: numbers.nearer, kind: copied ? "guidance" : "full" }]} />
        <p class="check">${told(said)}</p>`}`}
    primary=${html`<${Slider} id="copies-share" label="planted, %" value=${a} min=${0} max=${100} change=${(/** @type {number} */ v) => (share.value = v)} spoken=${`${a} percent of the planted picture`} />`}
    secondary=${html`<${Choice} name="copies-who" label="Look up" value=${who.value} options=${WHO} change=${(/** @type {string} */ v) => (who.value = v)} />
      <${Choice} name="copies-manner" label="Planted" value=${manner.value} options=${MANNERS} change=${(/** @type {string} */ v) => (manner.value = v)} />
      <${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} />`}
    readouts=${numbers ? [
      { name: "nearest", label: "to the nearest, grey levels", value: numbers.nearest, shown: significant(numbers.nearest) },
      { name: "threshold", label: "copied below", value: numbers.threshold, shown: significant(numbers.threshold) },
      { name: "copied", label: "copied?", value: numbers.copied, shown: copied ? "yes, by the rule" : "no, by the rule" },
      { name: "nearer", label: "real pictures as near, %", value: numbers.nearer, shown: fixed(numbers.nearer, 1) },
      { name: "caught", label: "planted JPEG copies caught", value: numbers.caught, shown: `${numbers.caught} of ${said.planted}` },
    ] : []}
    table=${() => ({ caption: "Distances to the nearest in grey levels", columns: ["of", "grey levels"],
      rows: said ? [...near.map((each, k) => [`${k + 1}: ${each.words}`, significant(each.distance)]), ...PERCENTS.map((p) => [`${p} % of real pictures, at most`, significant(said.distances[p])])] : [] })}
    python=${() => code(said?.files ?? [])}
    say=${numbers ? `${copied ? "Called copied" : "Not called copied"}: ${significant(numbers.nearest)} grey levels from the nearest, ${near[0].words}.` : "The picture is being drawn and looked up."} />
    ${one.trouble && html`<p class="trouble" role="alert">${one.trouble}</p>`}`;
}

const PERCENT = Array.from({ length: 101 }, (_, k) => k);

/** @param {string[]} files */
function code(files) {
  const own = bytes(photo.value), first = `of_corpus(${JSON.stringify(files[0])}${files.length > 1 ? `, ${JSON.stringify(files.slice(1))}` : ""})`;
  return `import sfumato
from sfumato.studio.at_hand import ${files.length ? "of_corpus" : "shipped_pictures"}
from sfumato.studio.copies import copy_of, looked_up, mixed
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
pictures = ${files.length ? first : "shipped_pictures()"}
made = looked_up(model, pictures, "${who.value}", prompt=${JSON.stringify(prompt.value)}, seed=${seed.value}, photo=photo)
copy = copy_of(pictures.picture(pictures.chosen(${seed.value})), "${manner.value}")
found = pictures.search(mixed(made, copy, ${share.value / 100}))
for name, number in found.numbers().items():
    print(name, number)
`;
}
