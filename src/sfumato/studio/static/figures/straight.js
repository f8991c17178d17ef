// 4.3 Flow matching in one picture: the straight path and a curved one, where the network's direction leads, and its own way.

import { ahead, curved, gram, miss, straight, turned } from "../maths/paths.js";
import { Courses } from "../parts/courses.js";
import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { html, signal, useMemo } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const STEPS = [20, 80, 150, 230, 310, 400, 490, 580, 670, 760, 840, 900, 950, 1000], WAY = 20;
const t = signal(600), w = signal(1);

export default function Straight() {
  const one = useAnswer("straight", "straight", { photo: photo.value, seed: seed.value, t: t.value }), many = useAnswer("straight", "straight/along", { photo: photo.value, seed: seed.value, steps: STEPS });
  const own = useAnswer("straight", "straight/way", { prompt: prompt.value, seed: seed.value, steps: WAY, w: w.value });
  const said = /** @type {any} */ (one.frames[0]), landings = /** @type {any[]} */ (many.frames), way = /** @type {any} */ (own.frames.find((f) => f.type === "way"));
  const g = useMemo(() => (said ? gram(said.arrays.x_0, said.arrays.eps) : null), [said]), numbers = said?.numbers, most = way ? Math.max(0.05, ...way.apart) : 1;
  const lines = useMemo(() => [{ name: "line", label: "straight", kind: "", strong: true, x: [0, 1], y: [0, 0] }, { name: "way", label: "its own way", kind: "guidance", x: way?.along ?? [], y: way?.apart ?? [] }], [way]);
  useTold("straight-at", g ? { t: fixed(said.t, 2), curved: significant(miss(g, ahead(curved(said.t))), 2) } : {});
  useTold("straight", way ? { length: fixed(way.numbers.length, 2), w: fixed(w.value, 1), gap: fixed(way.numbers.gap, 2) } : {});
  return html`<${Figure} id="straight" title="Flow matching in one picture" needs="server" path=${ownPath()} busy=${one.busy || many.busy || own.busy} settings=${{ steps: WAY, w: w.value }}
    attempt=${html`drag <i>t</i> from the picture to the noise; then raise <i>w</i> and see the model’s own way bend.`}
    notice="on the straight path the direction is the same everywhere and leads to the picture; on the curved one it leads past it. The network does not know the picture: from afar it aims at an average."
    stage=${html`<div class="pair even"><div><${Courses} g=${g} t=${said?.t ?? t.value / 1000} landings=${landings} here=${said?.shares ?? null} />
        <p class="legend"><span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line strong" d="M0 4H26" /></svg> straight</span><span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line of-cosine" d="M0 4H26" /></svg> curved</span>
          <span><svg viewBox="0 0 26 8" aria-hidden="true"><path class="line guess" d="M0 4H26" /></svg> where the network aims</span><span>thin dots: straight on from <i>t</i></span></p></div>
      <div class="suspects two"><${Tile} x=${said?.arrays.noisy ?? null} label=${`On the straight path at step ${t.value}, decoded`} caption=${html`on the straight path, <i>t</i> = ${fixed(t.value / 1000, 2)}`} />
        <${Tile} x=${said?.arrays.guess ?? null} kind="guess" label="Where the network's direction leads, decoded" caption="where the network aims" /></div></div>
      <${Curve} label="The model's own way" series=${lines}
        x=${[0, 1]} xTicks=${[0, 0.5, 1]} xTick=${(/** @type {number} */ v) => (v === 0 ? "noise" : v === 1 ? "end" : "half way")} xLabel="" y=${[0, most]} yTicks=${[0, most]} tick=${(/** @type {number} */ v) => (v ? fixed(v, 2) : "0")} yLabel="the model’s own way: how far off the line" height=${150}
        marks=${way ? way.along.map((/** @type {number} */ x, /** @type {number} */ k) => ({ x, y: way.apart[k], kind: "guidance small" })) : []} />`}
    primary=${html`<${Slider} id="straight-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />`}
    secondary=${html`<div class="duo"><${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} />
      <${Slider} id="straight-w" label=${html`guidance <i>w</i>`} value=${w.value} min=${0} max=${12} step=${0.5} shown=${fixed(w.value, 1)} change=${(/** @type {number} */ v) => (w.value = v)} spoken=${`guidance ${w.value}`} /></div>`}
    readouts=${g && numbers && way ? [
      { name: "turned", label: "the curved path has turned", value: turned(g, said.t), shown: `${fixed(turned(g, said.t), 0)}°` },
      { name: "miss_straight", label: "straight ahead, straight path misses by", value: miss(g, ahead(straight(said.t))), shown: fixed(miss(g, ahead(straight(said.t))), 2) },
      { name: "miss_curved", label: "straight ahead, curved path misses by", value: miss(g, ahead(curved(said.t))), shown: significant(miss(g, ahead(curved(said.t)))) },
      { name: "miss_network", label: "the network misses by", value: numbers.miss_network, shown: significant(numbers.miss_network) },
      { name: "off", label: "of it, out of this plane", value: numbers.off, shown: significant(numbers.off) },
      { name: "length", label: "its own way, for 1 of the distance", value: way.numbers.length, shown: significant(way.numbers.length, 4) },
      { name: "gap", label: "one step would end off by", value: way.numbers.gap, shown: significant(way.numbers.gap) },
    ] : []}
    table=${() => ({ caption: "Going straight ahead from t: how far from the picture one lands, root mean square", columns: ["t", "straight path", "curved path", "network", "of it, out of the plane"],
      rows: g ? landings.map((l) => [fixed(l.t), ...[straight(l.t), curved(l.t)].map((c) => significant(miss(g, ahead(c)))), significant(l.numbers.miss_network), significant(l.numbers.off)]) : [] })}
    python=${code}
    say=${g && numbers ? `At t ${fixed(said.t, 2)} the curved path's direction misses the picture by ${significant(miss(g, ahead(curved(said.t))), 2)}, the network's by ${significant(numbers.miss_network, 2)}.` : "The network is being asked."} />
    ${[one, many, own].map((each) => each.trouble && html`<p class="trouble" role="alert">${each.trouble}</p>`)}`;
}

function code() {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.photo import ${own.name}
from sfumato.studio.straight import landing, way

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
for name, number in landing(model, photo, seed=${seed.value}, i=${t.value}).numbers().items():
    print(name, number)
for name, number in way(model, ${JSON.stringify(prompt.value)}, seed=${seed.value}, steps=${WAY}, w=${w.value}).numbers().items():
    print(name, number)
`;
}
