// A map of amounts over the picture: nothing is the panel's colour, the most is guidance's, and a scale says how much.

import { html, useLayoutEffect, useRef } from "../parts/html.js";
import { significant } from "../parts/numbers.js";
import { look } from "../state/paper.js";

/** A colour of the page as it is now. @param {string} name */
function ink(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);
  probe.remove();
  return found;
}

/** @param {{z: Float32Array, across: number, limit: number, label: string, caption?: any}} props rows one after another */
export function Map({ z, across, limit, label, caption }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null)), down = Math.max(1, z.length / across);
  look();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const none = ink("--panel"), full = ink("--guidance"), image = context.createImageData(across, down);
    for (let p = 0; p < z.length; p++) {
      const share = Math.max(0, Math.min(1, z[p] / limit));
      for (let k = 0; k < 3; k++) image.data[4 * p + k] = none[k] + share * (full[k] - none[k]);
      image.data[4 * p + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  });
  return html`<figure class="tile map"><canvas ref=${canvas} width=${across} height=${down} role="img" aria-label=${label}></canvas>
    <p class="ramp" aria-hidden="true"><span>0</span><i></i><span>${significant(limit, 2)}</span></p>${caption && html`<figcaption>${caption}</figcaption>`}</figure>`;
}

/** A map for each word: of one layer and head, or means over all, on the finest of their grids.
 * @param {any} said @param {Float32Array[]} maps @param {number} layer -1: all @param {number} head -1: all */
export function folded(said, maps, layer, head) {
  const taken = layer < 0 ? maps.map((_, j) => j) : [layer], across = Math.max(...taken.map((j) => said.shapes[j][3])), down = Math.max(...taken.map((j) => said.shapes[j][2]));
  const words = said.words.map(() => new Float32Array(across * down));
  for (const j of taken) {
    const [heads, count, height, width] = said.shapes[j], chosen = head < 0 ? Array.from({ length: heads }, (_, n) => n) : [head];
    for (const n of chosen) for (let m = 0; m < count; m++) for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) {
      const from = ((n * count + m) * height + Math.floor((y * height) / down)) * width + Math.floor((x * width) / across);
      words[m][y * across + x] += maps[j][from] / (chosen.length * taken.length);
    }
  }
  return { maps: /** @type {Float32Array[]} */ (words), across };
}
