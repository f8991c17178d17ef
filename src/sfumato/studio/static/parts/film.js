// A run at a glance: two strips of thumbnails, the ladder of detail under them, the price of each step under that.

import { html, useLayoutEffect, useRef } from "./html.js";
import { paint } from "./tile.js";

const SMALL = 32;

/** @param {{stills: any[], n: number, at: number, ladder: any, bits: number[], pick: (k: number) => void}} props */
export function Film({ stills, n, at, ladder, bits, pick }) {
  const choose = (/** @type {PointerEvent} */ e) => {
    const box = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
    if (e.buttons) pick(Math.max(0, Math.min(n - 1, Math.floor((n * (e.clientX - box.left)) / box.width))));
  };
  const bands = ladder?.bands ?? [], low = bands.map((/** @type {number[]} */ b) => b[0]), most = Math.log1p(Math.max(1, ...bits));
  return html`<div class="film" tabindex="0" role="region" aria-label="The run, step by step"><div class="reel">
    <p>x<sub>t</sub></p><p>x̂₀</p><p class="bands">${low.toReversed().map((/** @type {number} */ v) => html`<span key=${v}>${v}+</span>`)}</p><p>bits</p>
    <div class="frames" onPointerDown=${choose} onPointerMove=${choose}>
      <${Strip} stills=${stills} n=${n} name="holds" label="What the model holds, step by step" /><${Strip} stills=${stills} n=${n} name="guess" label="What it guesses, step by step" />
      <svg class="rungs" viewBox=${`0 0 ${n} ${Math.max(1, bands.length)}`} preserveAspectRatio="none" role="img" aria-label="Likeness to the finished picture: step by step to the right, finer detail upwards">
        ${bands.flatMap((/** @type {any} */ _, /** @type {number} */ b) => Array.from({ length: n }, (_, k) => html`<rect key=${`${b}-${k}`} x=${k} y=${bands.length - 1 - b} width="1" height="1" fill-opacity=${Math.max(0, ladder.arrays.rungs[k * bands.length + b]).toFixed(3)} />`))}
        ${bands.map((/** @type {any} */ _, /** @type {number} */ b) => html`<path key=${b} class="cut" d=${`M${ladder.settled[b]} ${bands.length - 1 - b}v1`} />`)}
      </svg>
      <svg class="prices" viewBox=${`0 0 ${n} 1`} preserveAspectRatio="none" role="img" aria-label="The price of each step for your photo in bits, on a logarithmic scale">
        ${bits.map((v, k) => html`<rect key=${k} x=${k + 0.1} y=${1 - Math.log1p(v) / most} width="0.8" height=${Math.log1p(v) / most} />`)}
      </svg>
      <svg class="chosen" viewBox=${`0 0 ${n} 1`} preserveAspectRatio="none" aria-hidden="true"><rect x=${at} y="0" width="1" height="1" /></svg>
    </div>
  </div></div>`;
}

/** Thumbnails side by side: every so many pixels each way, not blurred. @param {{stills: any[], n: number, name: string, label: string}} props */
function Strip({ stills, n, name, label }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    stills.forEach((still, k) => {
      const image = context.createImageData(SMALL, SMALL);
      paint(thinned(still.arrays[name]), image.data);
      context.putImageData(image, k * SMALL, 0);
    });
  }, [stills.length, stills[0], n]);
  return html`<canvas ref=${canvas} width=${n * SMALL} height=${SMALL} role="img" aria-label=${label}></canvas>`;
}

/** @param {Float32Array} x planar */
function thinned(x) {
  const side = Math.round(Math.sqrt(x.length / 3)), by = side / SMALL, out = new Float32Array(3 * SMALL * SMALL);
  for (let c = 0, o = 0; c < 3; c++)
    for (let y = 0; y < SMALL; y++) for (let k = 0; k < SMALL; k++, o++) out[o] = x[(c * side + Math.floor(y * by)) * side + Math.floor(k * by)];
  return out;
}
