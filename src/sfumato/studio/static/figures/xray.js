// 2.2 X-ray with scissors: what every block of the network makes of one noisy photo, and what its links carry.
// A transformer has no links: stack.js is its figure.

import { Figure } from "../parts/figure.js";
import { html, signal } from "../parts/html.js";
import { Channels, Guesses, Station } from "../parts/inside.js";
import { fixed, significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { useTold } from "../parts/told.js";
import { answered } from "../state/python.js";
import { photo, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";
import Stack from "./stack.js";

const t = signal(500), cut = signal(/** @type {number[]} */ ([])), middle = signal(false), block = signal(0);

export default function XRay() {
  const network = info.value?.model?.network;
  return network === "dit" ? html`<${Stack} />` : html`<${Scissored} known=${Boolean(network)} />`;
}

/** A U-Net; nothing is asked before it is known to be one. @param {{known: boolean}} props */
function Scissored({ known }) {
  const answer = useAnswer("xray", "xray", known ? { photo: photo.value, seed: seed.value, t: t.value, cut: cut.value, middle: middle.value, block: block.value } : null);
  const said = /** @type {any} */ (answer.frames[0]), numbers = said?.numbers, blocks = said?.blocks ?? [], links = said?.links ?? [];
  const press = (/** @type {number} */ j) => (block.value = j), k = Math.min(block.value, Math.max(0, blocks.length - 1));
  const ms = blocks.reduce((/** @type {number} */ sum, /** @type {any} */ b) => sum + b.ms, 0);
  const what = [...cut.value.map((/** @type {number} */ n) => `link ${n + 1}`), ...(middle.value ? ["the middle"] : [])].join(", ") || "nothing";
  useTold("xray", said ? { blocks: String(blocks.length), links: String(links.length), ms: significant(ms, 2) } : {});
  return html`<${Figure} id="xray" title="X-ray with scissors" needs="server" path=${ownPath()} busy=${answer.busy}
    attempt="cut the top link; join it again and cut what comes from the middle. Press a block to see its channels."
    notice="without the top link the noise comes back into the guess: to take it away cell by cell, the network must know it cell by cell. The deep ones are hardly missed."
    stage=${html`<${Guesses} said=${said} t=${t.value} whole="links whole" less="cut" what=${what} />
      <div class="xray">${said && html`<div class="ushape">${links.map((/** @type {any} */ link, /** @type {number} */ n) => html`<div class="floor" key=${n}>
          <${Station} k=${n} said=${said} press=${press} /><${Scissors} on=${cut.value.includes(n)} name=${`link ${n + 1}`} channels=${link.channels} flip=${() => (cut.value = cut.value.includes(n) ? cut.value.filter((/** @type {number} */ v) => v !== n) : [...cut.value, n].sort())} />
          <${Station} k=${blocks.length - 1 - n} said=${said} press=${press} /></div>`)}
        <div class="floor"><${Station} k=${links.length} said=${said} press=${press} /><${Scissors} on=${middle.value} name="the middle" channels=${blocks[links.length]?.channels} flip=${() => (middle.value = !middle.value)} /></div></div>`}
        <div>${said && html`<${Channels} said=${said} />`}</div></div>`}
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

/** @param {{on: boolean, name: string, channels: number, flip: () => void}} props */
function Scissors({ on, name, channels, flip }) {
  return html`<button type="button" class="scissors" aria-pressed=${on} aria-label=${`Cut ${name}`} onClick=${flip}>${on ? "✂ cut" : html`✂ <span>${channels}</span>`}</button>`;
}

/** @param {number} k */
function code(k) {
  return answered("sfumato.studio.xray xray", `
seen = xray(model, answer, skips=${JSON.stringify(cut.value)}, middle=${middle.value ? "True" : "False"})
for name, number in seen.numbers().items():
    print(name, number)
print("strength", seen.blocks[${k}].strength)
`, { seed: seed.value, photo: photo.value, t: t.value, source: info.value?.model?.source });
}
