// A picture of numbers: [-1, 1] is black to white, what lies outside is clipped, pixels are never smoothed.

import { html, useLayoutEffect, useRef, useState } from "./html.js";

/** @param {Float32Array} x planar [3, side, side] @param {Uint8ClampedArray} bytes RGBA */
export function paint(x, bytes) {
  const n = x.length / 3;
  for (let p = 0, b = 0; p < n; p++, b += 4) {
    bytes[b] = 127.5 * (x[p] + 1);
    bytes[b + 1] = 127.5 * (x[n + p] + 1);
    bytes[b + 2] = 127.5 * (x[2 * n + p] + 1);
    bytes[b + 3] = 255;
  }
}

/** @param {number} v */
const three = (v) => (v < 0 ? "−" : "+") + Math.abs(v).toFixed(2);

/** The numbers under the pointer, or under the cursor that the arrow keys move, stand in the caption's last line.
 * @param {{x: Float32Array | null, label: string, caption?: any, kind?: string, probe?: boolean}} props */
export function Tile({ x, label, caption, kind = "", probe = true }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [at, setAt] = useState(/** @type {[number, number] | null} */ (null));
  const side = x ? Math.round(Math.sqrt(x.length / 3)) : 128, n = side * side;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !x) return;
    const image = context.createImageData(side, side);
    paint(x, image.data);
    context.putImageData(image, 0, 0);
  }, [x]);
  /** @param {PointerEvent} e */
  const look = (e) => {
    const box = /** @type {HTMLElement} */ (e.target).getBoundingClientRect();
    const k = (/** @type {number} */ v) => Math.min(side - 1, Math.max(0, Math.floor(v * side)));
    setAt([k((e.clientX - box.left) / box.width), k((e.clientY - box.top) / box.height)]);
  };
  const p = at && x ? at[1] * side + at[0] : 0;
  const values = at && x ? [x[p], x[n + p], x[2 * n + p]].map(three).join(" ") : "";
  return html`<figure class=${`tile ${kind}`}>
    <div class="screen">
      <canvas ref=${canvas} width=${side} height=${side} role=${label ? "img" : null} aria-label=${label || null} aria-hidden=${label ? null : "true"}
        onPointerMove=${probe ? look : null} onPointerLeave=${() => setAt(null)}></canvas>
      ${values && html`<span class="probe" aria-hidden="true">${values}</span>`}
    </div>
    ${caption && html`<figcaption>${caption}</figcaption>`}
  </figure>`;
}
