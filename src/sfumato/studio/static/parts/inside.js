// A network from inside: what figure 2.2 shows of any kind of it, a block's small picture, its channels, the three guesses.

import { html } from "./html.js";
import { Latents } from "./latents.js";
import { fixed, significant } from "./numbers.js";
import { Tile } from "./tile.js";

/** One block: its picture, pressed to see more. @param {{k: number, said: any, press: (k: number) => void}} props */
export function Station({ k, said, press }) {
  const own = said.blocks[k];
  if (!own) return null;
  return html`<button type="button" class="station" aria-pressed=${own.path === said.chosen} aria-label=${`${own.path}: ${own.channels} channels of ${own.height} by ${own.width}`} onClick=${() => press(k)}>
    <${Tile} x=${said.arrays[`block${k}`]} label="" probe=${false} /></button>`;
}

/** What it is given, and its guess whole and less something. @param {{said: any, t: number, whole: string, less: string, what: string}} props */
export function Guesses({ said, t, whole, less, what }) {
  return html`<div class="three">
    <${Tile} x=${said?.arrays.noisy ?? null} label=${`What the network is given at step ${t}, decoded`} caption=${html`given: <i>x</i><sub>t</sub>, decoded`} />
    <${Tile} x=${said?.arrays.whole ?? null} kind="guess" label=${`Its guess, all ${whole}`} caption=${`its guess, all ${whole}`} />
    <${Tile} x=${said?.arrays.cut ?? null} label=${`Its guess, ${less}: ${what}`} caption=${`${less}: ${what}`} />
  </div>`;
}

/** The strongest channels of the chosen block. @param {{said: any}} props */
export function Channels({ said }) {
  const chosen = said.blocks.find((/** @type {any} */ b) => b.path === said.chosen), cells = chosen.height * chosen.width;
  return html`<${Latents} z=${said.arrays.channels} channels=${said.arrays.channels.length / cells} limit=${3 * Math.max(1e-6, chosen.strength)} label=${`The strongest channels of ${chosen.path}`}
    caption=${html`<b>${chosen.path}</b>, its strongest channels<br />${chosen.channels} × ${chosen.height} × ${chosen.width}, ${significant(chosen.parameters)} trained numbers, ${chosen.multiplications ? `${significant(chosen.multiplications)} multiplications, ` : ""}${fixed(chosen.ms, 1)} ms`} />`;
}
