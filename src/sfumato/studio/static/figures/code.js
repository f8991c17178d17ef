// 3.4 Poke the code: a photo's latents, what the decoder makes of them, and what one number of them is in charge of.

import { rms } from "../maths/guidance.js";
import { Figure } from "../parts/figure.js";
import { Heat } from "../parts/heat.js";
import { html, signal, useMemo } from "../parts/html.js";
import { Latents } from "../parts/latents.js";
import { fixed, significant } from "../parts/numbers.js";
import { Choice, Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

/** Numbers that the reader has changed, by channel, row and column. */
const edits = signal(/** @type {{of: string, by: Record<string, number>}} */ ({ of: "", by: {} }));
const channel = signal("0"), place = signal(/** @type {[number, number]} */ ([6, 6]));
const changed = () => (edits.value.of === photo.value ? edits.value.by : {});

export default function Code() {
  const one = useAnswer("code", "encode", { photo: photo.value }), said = /** @type {any} */ (one.frames[0]);
  const [channels, rows, across] = said?.shape ?? [4, 8, 8], c = Math.min(Number(channel.value), channels - 1), [x, y] = [Math.min(place.value[0], across - 1), Math.min(place.value[1], rows - 1)];
  const by = changed(), key = `${c},${y},${x}`, index = (/** @type {string} */ k) => { const [ch, r, col] = k.split(",").map(Number); return (ch * rows + r) * across + col; };
  const z = useMemo(() => {
    if (!said) return null;
    const out = Float32Array.from(said.arrays.z);
    for (const [k, v] of Object.entries(by)) if (index(k) < out.length) out[index(k)] = v;
    return out;
  }, [said, edits.value]);
  const seen = useAnswer("code", "decode", z ? { z: Array.from(z, (v) => Number(v.toPrecision(9))) } : null);
  const back = said?.arrays.back, after = /** @type {any} */ (seen.frames[0])?.arrays.x ?? back, n = back ? back.length / 3 : 0;
  const marks = useMemo(() => {
    if (!back || after.length !== back.length) return null;
    const worst = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) => Float32Array.from({ length: n }, (_, p) => Math.max(...[0, 1, 2].map((k) => Math.abs(a[k * n + p] - b[k * n + p]))));
    const foot = worst(after, back), less = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) => rms(a.map((v, e) => v - b[e]));
    return { foot, lost: worst(back, said.arrays.photo), pixels: foot.filter((v) => v > 2 / 255).length, moved: less(after, back), error: less(back, said.arrays.photo) };
  }, [said, after]);
  const value = z ? z[index(key)] : 0, poke = (/** @type {number} */ v) => (edits.value = { of: photo.value, by: { ...by, [key]: v } });
  const counts = said ? { photo: said.colours * n, code: z?.length ?? 1, places: n, cells: rows * across } : { photo: 0, code: 1, places: 0, cells: 1 };
  useTold("code", said && marks ? { values: significant(counts.photo / counts.code), places: significant(counts.places / counts.cells), pairs: String(Math.round((counts.places / counts.cells) ** 2)), error: significant(127.5 * marks.error), shape: `${across} × ${rows} × ${channels}` } : {});
  return html`<${Figure} id="code" title="Poke the code" needs="server" path=${ownPath()} busy=${one.busy || seen.busy}
    attempt="choose a place in a channel and drag its number; then try another channel."
    notice="one number is in charge of a patch and a little around it, and each channel does something else there. The way there and back is not free of loss."
    stage=${html`<div class="three">
        <${Tile} x=${said?.arrays.photo ?? null} kind="signal" label="The photo at the model's size" caption="the photo" />
        <${Tile} x=${after ?? null} kind="guess" label="What the decoder makes of the code" caption=${Object.keys(by).length ? "the poked code, decoded" : "the code, decoded"} />
        <${Heat} z=${(Object.keys(by).length ? marks?.foot : marks?.lost) ?? null} across=${Math.round(Math.sqrt(n)) || 128} limit=${0.5} label=${Object.keys(by).length ? "What the poke changed" : "What was lost on the way"} caption=${Object.keys(by).length ? "its footprint" : "lost on the way"} />
      </div>
      <div class="pair even"><${Latents} z=${z} channels=${channels} limit=${3} label=${`All ${channels} channels of the code`} caption=${`the code, ${channels} channels`} />
        <${Heat} z=${z ? z.subarray(c * rows * across, (c + 1) * rows * across).map((/** @type {number} */ v) => Math.abs(v)) : null} across=${across} limit=${3} at=${[x, y]} pick=${(/** @type {number} */ col, /** @type {number} */ row) => (place.value = [col, row])}
          label=${`Channel ${c + 1}, sizes of its numbers; chosen: ${x + 1} across, ${y + 1} down, ${fixed(value, 2)}; arrow keys move`} caption=${`channel ${c + 1}: choose a place`} /></div>`}
    primary=${html`<div class="duo"><${Slider} id="code-value" label="its number" value=${Math.round(10 * value)} min=${-40} max=${40} shown=${fixed(value, 1)} change=${(/** @type {number} */ v) => poke(v / 10)} spoken=${`channel ${c + 1}, ${x + 1} across, ${y + 1} down: ${fixed(value, 1)}`} /></div>`}
    secondary=${html`<${Choice} name="code-channel" label="Channel" value=${String(c)} options=${Array.from({ length: channels }, (_, k) => [String(k), String(k + 1)])} change=${(/** @type {string} */ v) => (channel.value = v)} />
      <button type="button" onClick=${() => (edits.value = { of: photo.value, by: {} })}>As it was</button>`}
    readouts=${said && marks ? [
      { name: "values", label: "times fewer numbers", value: counts.photo / counts.code, shown: significant(counts.photo / counts.code) },
      { name: "error", label: "lost there and back, grey levels", value: 127.5 * marks.error, shown: significant(127.5 * marks.error) },
      { name: "value", label: "the number", value, shown: fixed(value, 2) },
      { name: "moved", label: "the picture moves by, grey levels", value: 127.5 * marks.moved, shown: significant(127.5 * marks.moved) },
      { name: "pixels", label: "pixels that change", value: marks.pixels },
    ] : []}
    table=${() => ({ caption: "The photo and its code in numbers", columns: ["what", "photo", "code", "times fewer"],
      rows: [["numbers", counts.photo, counts.code], ["places", counts.places, counts.cells], ["pairs of places", counts.places ** 2, counts.cells ** 2]].map(([name, a, b]) => [name, significant(Number(a)), significant(Number(b)), significant(Number(a) / Number(b))])
        .concat([["number poked", "", fixed(value, 3), ""], ["pixels that change", String(marks?.pixels ?? 0), "", ""]],
        Array.from({ length: channels }, (_, k) => [`channel ${k + 1}, size`, "", z ? significant(rms(z.subarray(k * rows * across, (k + 1) * rows * across))) : "", ""])) })}
    python=${() => python(by, key)}
    say=${marks ? `The number is ${fixed(value, 1)}; ${marks.pixels} pixels changed.` : "The photo is being encoded."} />
    ${[one, seen].map((each) => each.trouble && html`<p class="trouble" role="alert">${each.trouble}</p>`)}`;
}

/** @param {Record<string, number>} by @param {string} key */
function python(by, key) {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.code import code_of, footprint, picture_of, poked
from sfumato.studio.photo import ${own.name}

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
code = code_of(model, photo)
z = poked(code.z, {${Object.entries(by).map(([k, v]) => `(${k}): ${v}`).join(", ")}})
found = footprint(code.back, picture_of(model, z))
print("values", model.bundle.autoencoder.colours * code.photo[0].size / z.size)
print("error", 127.5 * code.error)
print("value", z[${key}])
print("moved", 127.5 * found["moved"])
print("pixels", found["pixels"])
`;
}
