// A film strip: every step of a run as a small picture, the one on the stage marked; a press goes to a step.

import { html, useLayoutEffect, useRef } from "../parts/html.js";
import { useWidth } from "../parts/curve.js";

const SIDE = 40;

/** @param {{frames: Uint8Array[], side: number, at: number, shared?: number, label: string, kind?: string, pick: (at: number) => void}} props
 *   shared: how many steps are those of the run it was forked from */
export function Film({ frames, side, at, shared = 0, label, kind = "", pick }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null)), canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const width = useWidth(place, 600), places = Math.max(1, Math.min(frames.length, Math.floor(width / (SIDE * 0.8))));
  const step = (/** @type {number} */ k) => (places === 1 ? frames.length - 1 : Math.round((k * (frames.length - 1)) / (places - 1)));
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !frames.length) return;
    const small = new OffscreenCanvas(side, side), brush = /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d"));
    for (let k = 0; k < places; k++) {
      brush.putImageData(imageOf(frames[step(k)], side), 0, 0);
      context.drawImage(small, k * SIDE, 0, SIDE, SIDE);
    }
  }, [frames, places, side]);
  let marked = 0;
  for (let k = 1; k < places; k++) if (Math.abs(step(k) - at) < Math.abs(step(marked) - at)) marked = k;
  /** @param {PointerEvent} e */
  const press = (e) => {
    const box = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
    pick(step(Math.min(places - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * places)))));
  };
  const branch = places > 1 ? Array.from({ length: places }, (_, k) => step(k) < shared).filter(Boolean).length : 0;
  return html`<div class=${`film ${kind}`} ref=${place} onPointerDown=${press}>
    <canvas ref=${canvas} width=${places * SIDE} height=${SIDE} role="img" aria-label=${label}></canvas>
    <svg viewBox=${`0 0 ${places} 1`} preserveAspectRatio="none" aria-hidden="true">
      ${branch > 0 && html`<rect class="shared" x="0" y="0" width=${branch} height="1" />`}
      <rect class="cut" x=${marked} y="0" width="1" height="1" /></svg>
  </div>`;
}

/** @param {Uint8Array} bytes RGB by pixel @param {number} side */
export function imageOf(bytes, side) {
  const image = new ImageData(side, side);
  for (let p = 0, b = 0; p < side * side; p++, b += 4) {
    image.data[b] = bytes[3 * p];
    image.data[b + 1] = bytes[3 * p + 1];
    image.data[b + 2] = bytes[3 * p + 2];
    image.data[b + 3] = 255;
  }
  return image;
}

/** The same as planes in [-1, 1], once for each picture. @param {Uint8Array} bytes */
export function planes(bytes) {
  const before = made.get(bytes);
  if (before) return before;
  const n = bytes.length / 3, x = new Float32Array(3 * n);
  for (let p = 0; p < n; p++) for (let c = 0; c < 3; c++) x[c * n + p] = bytes[3 * p + c] / 127.5 - 1;
  made.set(bytes, x);
  return x;
}
const made = /** @type {WeakMap<Uint8Array, Float32Array>} */ (new WeakMap());
