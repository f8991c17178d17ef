// The latents of a picture: channels side by side, minus to plus on one scale from noise's colour to signal's.

import { look } from "../state/paper.js";
import { ink } from "./heat.js";
import { html, useLayoutEffect, useRef } from "./html.js";

/** Channels in a row: as near to a square as all of them fill, wide rather than high. @param {number} channels */
function columns(channels) {
  let across = Math.ceil(Math.sqrt(channels));
  while (channels % across) across++;
  return across;
}

/** @param {{z: Float32Array | null, channels: number, limit: number, label: string, caption?: any}} props
 *   limit: what is drawn in full colour; the same for all that are to be compared */
export function Latents({ z, channels, limit, label, caption }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const side = z ? Math.round(Math.sqrt(z.length / channels)) : 16, across = columns(channels), down = channels / across;
  look();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !z) return;
    const [low, middle, high] = ["--noise", "--panel", "--signal"].map(ink), image = context.createImageData(across * side, down * side);
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const v = Math.max(-1, Math.min(1, z[(c * side + y) * side + x] / limit)), end = v < 0 ? low : high;
          const at = 4 * ((Math.floor(c / across) * side + y) * across * side + (c % across) * side + x);
          for (let k = 0; k < 3; k++) image.data[at + k] = middle[k] + Math.abs(v) * (end[k] - middle[k]);
          image.data[at + 3] = 255;
        }
    context.putImageData(image, 0, 0);
  });
  return html`<figure class="tile latents"><canvas ref=${canvas} width=${across * side} height=${down * side} role="img" aria-label=${label}></canvas>
    ${caption && html`<figcaption>${caption}</figcaption>`}</figure>`;
}
