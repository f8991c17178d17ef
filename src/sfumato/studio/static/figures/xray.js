// 2.2 X-ray with scissors: what every block of the network makes of one noisy photo, and what its links carry.

import { Figure } from "../parts/figure.js";
import { html, signal } from "../parts/html.js";
import { Latents } from "../parts/latents.js";
import { fixed, significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { bytes } from "../state/python.js";
import { photo, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const t = signal(500), cut = signal(/** @type {number[]} */ ([])), middle = signal(false), block = signal(0);

export default function XRay() {
  const answer = useAnswer("xray", "xray", { photo: photo.value, seed: seed.value, t: t.value, cut: cut.value, middle: middle.value, block: block.value });
  const said = /** @type {any} */ (answer.frames[0]), numbers = said?.numbers, blocks = said?.blocks ?? [], links = said?.links ?? [];
  const chosen = blocks.find((/** @type {any} */ b) => b.path === said.chosen), k = Math.min(block.value, Math.max(0, blocks.length - 1));
  const ms = blocks.reduce((/** @type {number} */ sum, /** @type {any} */ b) => sum + b.ms, 0);
  const what = [...cut.value.map((/** @type {number} */ n) => `link ${n + 1}`), ...(middle.value ? ["the middle"] : [])].join(", ") || "nothing";
  useTold("xray", said ? { blocks: String(blocks.length), links: String(links.length), ms: significant(ms, 2) } : {});
  return html`<${Figure} id="xray" title="X-ray with scissors" needs="server" path=${ownPath()} busy=${answer.busy}
    attempt="cut the top link; join it again and cut what comes from the middle. Press a block to see its channels."
    notice="without the top link the noise comes back into the guess: to take it away cell by cell, the network must know it cell by cell. The deep ones are hardly missed."
    stage=${html`<div class="three">
        <${Tile} x=${said?.arrays.noisy ?? null} label=${`What the network is given at step ${t.value}, decoded`} caption=${html`given: <i>x</i><sub>t</sub>, decoded`} />
        <${Tile} x=${said?.arrays.whole ?? null} kind="guess" label="Its guess, all links whole" caption="its guess, all whole" />
        <${Tile} x=${said?.arrays.cut ?? null} label=${`Its guess, cut: ${what}`} caption=${`cut: ${what}`} />
      </div>
      <div class="xray">${said && html`<div class="ushape">${links.map((/** @type {any} */ link, /** @type {number} */ n) => html`<div class="floor" key=${n}>
          <${Station} k=${n} said=${said} /><${Scissors} on=${cut.value.includes(n)} name=${`link ${n + 1}`} channels=${link.channels} flip=${() => (cut.value = cut.value.includes(n) ? cut.value.filter((/** @type {number} */ v) => v !== n) : [...cut.value, n].sort())} />
          <${Station} k=${blocks.length - 1 - n} said=${said} /></div>`)}
        <div class="floor"><${Station} k=${links.length} said=${said} /><${Scissors} on=${middle.value} name="the middle" channels=${blocks[links.length]?.channels} flip=${() => (middle.value = !middle.value)} /></div></div>`}
        <div>${chosen && html`<${Latents} z=${said.arrays.channels} channels=${said.arrays.channels.length / (chosen.height * chosen.width)} limit=${3 * Math.max(1e-6, chosen.strength)} label=${`The strongest channels of ${chosen.path}`}
          caption=${html`<b>${chosen.path}</b>, its strongest channels<br />${chosen.channels} × ${chosen.height} × ${chosen.width}, ${significant(chosen.parameters)} trained numbers, ${fixed(chosen.ms, 1)} ms`} />`}</div></div>`}
    primary=${html`<${Slider} id="xray-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />`}
    secondary=${html`<button type="button" disabled=${what === "nothing"} onClick=${() => ((cut.value = []), (middle.value = false))}>Join all again</button>`}
    readouts=${numbers ? [
      { name: "moved", label: "the guess has moved by", value: numbers.moved, shown: significant(numbers.moved) },
      { name: "coarse", label: "broadest shapes, likeness", value: numbers.coarse, shown: fixed(numbers.coarse, 2) },
      { name: "fine", label: "finest detail, likeness", value: numbers.fine, shown: fixed(numbers.fine, 2) },
      { name: "strength", label: "strength of the chosen block", value: numbers.strength, shown: significant(numbers.strength) },
    ] : []}
    table=${() => ({ caption: "The blocks in the order in which they run", columns: ["block", "channels", "cells", "trained numbers", "strength", "ms, measured"],
      rows: blocks.map((/** @type {any} */ b) => [b.path, b.channels, `${b.height} × ${b.width}`, significant(b.parameters), significant(b.strength), fixed(b.ms, 1)]) })}
    python=${() => code(k)}
    say=${numbers ? `Cut: ${what}. The guess has moved by ${significant(numbers.moved)}; broad shapes are alike by ${fixed(numbers.coarse, 2)}, fine detail by ${fixed(numbers.fine, 2)}.` : "The network is being asked."} />
    ${answer.trouble && html`<p class="trouble" role="alert">${answer.trouble}</p>`}`;
}

/** One block: its picture, pressed to see more. @param {{k: number, said: any}} props */
function Station({ k, said }) {
  const own = said.blocks[k];
  if (!own) return null;
  return html`<button type="button" class="station" aria-pressed=${own.path === said.chosen} aria-label=${`${own.path}: ${own.channels} channels of ${own.height} by ${own.width}`} onClick=${() => (block.value = k)}>
    <${Tile} x=${said.arrays[`block${k}`]} label="" probe=${false} /></button>`;
}

/** @param {{on: boolean, name: string, channels: number, flip: () => void}} props */
function Scissors({ on, name, channels, flip }) {
  return html`<button type="button" class="scissors" aria-pressed=${on} aria-label=${`Cut ${name}`} onClick=${flip}>${on ? "✂ cut" : html`✂ <span>${channels}</span>`}</button>`;
}

/** @param {number} k */
function code(k) {
  const own = bytes(photo.value);
  return `import sfumato
from sfumato.studio.denoise import denoise
from sfumato.studio.photo import ${own.name}
from sfumato.studio.xray import xray

photo = ${own.text}
model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
answer = denoise(model, photo, seed=${seed.value}, i=${t.value})
seen = xray(model, answer, skips=${JSON.stringify(cut.value)}, middle=${middle.value ? "True" : "False"})
for name, number in seen.numbers().items():
    print(name, number)
print("strength", seen.blocks[${k}].strength)
`;
}
