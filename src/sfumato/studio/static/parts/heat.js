// A map of amounts: nothing is the panel's colour, `limit` is guidance's in full, with a scale that says so.

import { look } from "../state/paper.js";
import { html, useLayoutEffect, useRef } from "./html.js";
import { significant } from "./numbers.js";

/** A colour of the page as it is now. @param {string} name @returns {number[]} */
export function ink(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);
  probe.remove();
  return found;
}

/** @param {{z: ArrayLike<number> | null, across: number, limit: number, label: string, caption?: any, scale?: boolean, at?: [number, number] | null,
 *   pick?: (x: number, y: number) => void}} props rows one after another; `limit` the same for all that are to be compared */
export function Heat({ z, across, limit, label, caption, scale = true, at = null, pick }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null)), down = z ? z.length / across : across;
  look();
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !z) return;
    const none = ink("--panel"), full = ink("--guidance"), edge = ink("--ink"), image = context.createImageData(across, down);
    for (let p = 0; p < z.length; p++) {
      const share = limit > 0 ? Math.max(0, Math.min(1, z[p] / limit)) : 0, here = at && p === at[1] * across + at[0];
      for (let k = 0; k < 3; k++) image.data[4 * p + k] = here ? edge[k] : none[k] + share * (full[k] - none[k]);
      image.data[4 * p + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  });
  const put = (/** @type {number} */ x, /** @type {number} */ y) => pick?.(Math.max(0, Math.min(across - 1, x)), Math.max(0, Math.min(down - 1, y)));
  /** @param {PointerEvent} e */
  const point = (e) => {
    const box = /** @type {HTMLElement} */ (e.target).getBoundingClientRect();
    if (e.type === "pointerdown" || e.buttons) put(Math.floor(((e.clientX - box.left) / box.width) * across), Math.floor(((e.clientY - box.top) / box.height) * down));
  };
  /** @param {KeyboardEvent} e */
  const key = (e) => {
    const by = /** @type {Record<string, number[]>} */ ({ ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] })[e.key];
    if (!by || !at) return;
    e.preventDefault();
    put(at[0] + by[0], at[1] + by[1]);
  };
  const reach = pick ? { tabindex: 0, role: "application", onPointerDown: point, onPointerMove: point, onKeyDown: key } : { role: "img" };
  return html`<figure class="tile heat"><canvas ref=${canvas} width=${across} height=${down} aria-label=${label} ...${reach}></canvas>
    ${scale && html`<p class="scale" aria-hidden="true"><span>0</span><i></i><span>${significant(limit, 2)}</span></p>`}
    ${caption && html`<figcaption>${caption}</figcaption>`}</figure>`;
}
