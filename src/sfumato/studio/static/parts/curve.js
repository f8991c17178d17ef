// Curves on one pair of axes, drawn as SVG at the size it has on the screen, so that letters keep theirs. What moves at
// every frame (cursor, marks, rings) lies on a sheet of its own: axes and lines are written, and painted, when they change.

import { html, useEffect, useMemo, useRef, useState } from "./html.js";

/** @typedef {{name: string, label: string, kind: string, x: ArrayLike<number>, y: ArrayLike<number>, strong?: boolean}} Series
 * @typedef {{x: number, y: number, label: string, low: number, high: number, shown: string, move: (y: number) => void}} Handle
 * @typedef {{series: Series[], x: [number, number], y: [number, number], xTicks: number[], yTicks: number[],
 *   xLabel: string, yLabel: string, tick?: (v: number) => string, xTick?: (v: number) => string, log?: boolean, cursor?: number, label: string,
 *   pick?: (x: number) => void, handles?: Handle[], height?: number, marks?: {x: number, y: number, kind: string}[]}} Props */

const LEFT = 50, RIGHT = 18, TOP = 12, BOTTOM = 34;

/** The width that an element has. @param {{current: HTMLElement | null}} place @param {number} first */
export function useWidth(place, first) {
  const [width, setWidth] = useState(first);
  useEffect(() => {
    if (!place.current) return;
    const watching = new ResizeObserver(([entry]) => setWidth(Math.max(240, Math.round(entry.contentRect.width))));
    watching.observe(place.current);
    return () => watching.disconnect();
  }, []);
  return width;
}

/** @param {Props} props */
export function Curve(props) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(place, 600), { height = 240, log = false, tick = String, xTick = String } = props;
  const u = (/** @type {number} */ v) => (log ? Math.log10(Math.max(v, 1e-300)) : v);
  const [x0, x1] = props.x, [y0, y1] = props.y.map(u);
  const px = (/** @type {number} */ v) => LEFT + ((v - x0) / (x1 - x0)) * (width - LEFT - RIGHT);
  const py = (/** @type {number} */ v) => height - BOTTOM - ((u(v) - y0) / (y1 - y0)) * (height - TOP - BOTTOM);
  const back = (/** @type {number} */ v) => y0 + ((height - BOTTOM - v) / (height - TOP - BOTTOM)) * (y1 - y0);
  /** @param {PointerEvent} e */
  const pick = (e) => {
    if (!props.pick || (e.type === "pointermove" && !e.buttons)) return;
    const box = /** @type {Element} */ (e.currentTarget).getBoundingClientRect();
    const share = (e.clientX - box.left - LEFT) / (width - LEFT - RIGHT);
    props.pick(x0 + Math.min(1, Math.max(0, share)) * (x1 - x0));
  };
  const clip = `clip-${props.label.replace(/\W+/g, "-")}`, frame = { width, height, viewBox: `0 0 ${width} ${height}` };
  const within = { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
  const ticks = { x: props.xTicks.map((v) => [px(v), xTick(v)]), y: props.yTicks.map((v) => [py(v), tick(v)]) };
  const written = useMemo(() => html`<svg class="lines" ...${frame} aria-hidden="true">
      <clipPath id=${clip}><rect ...${within} /></clipPath>
      <g class="axes">
        ${ticks.y.map(([at, words]) => html`<line x1=${LEFT} x2=${width - RIGHT} y1=${at} y2=${at} />
          <text x=${LEFT - 6} y=${Number(at) + 4} text-anchor="end">${words}</text>`)}
        ${ticks.x.map(([at, words]) => html`<text x=${at} y=${height - BOTTOM + 16} text-anchor="middle">${words}</text>`)}
        <text x=${width - RIGHT} y=${height - 3} text-anchor="end">${props.xLabel}</text>
        <text x=${LEFT} y=${height - 3}>${props.yLabel}</text>
      </g>
      <g clip-path=${`url(#${clip})`}>
        ${props.series.map((s) => html`<path key=${s.name} class=${`line ${s.kind} ${s.strong ? "strong" : ""}`} d=${path(s, px, py)} />`)}
      </g>
    </svg>`, [props.series, JSON.stringify([frame, props.x, props.y, ticks, log, props.xLabel, props.yLabel])]);
  return html`<div class="curve" ref=${place}><div class="sheets">
    ${written}
    <svg class="front" ...${frame} role="group" aria-label=${props.label} onPointerDown=${pick} onPointerMove=${pick}>
      <clipPath id=${`${clip}-front`}><rect ...${within} /></clipPath>
      <g clip-path=${`url(#${clip}-front)`} aria-hidden="true">
        ${props.cursor !== undefined && html`<line class="cursor" x1=${px(props.cursor)} x2=${px(props.cursor)} y1=${TOP} y2=${height - BOTTOM} />`}
        ${(props.marks ?? []).map((m) => html`<circle class=${`mark ${m.kind}`} cx=${px(m.x)} cy=${py(m.y)} r="4.5" />`)}
      </g>
      ${(props.handles ?? []).map((one, k) => html`<${Grip} key=${k} ...${one} cx=${px(one.x)} cy=${py(one.y)} back=${back} />`)}
    </svg>
  </div></div>`;
}

/** A line through the points that are finite. @param {Series} s @param {(v: number) => number} px @param {(v: number) => number} py */
function path(s, px, py) {
  let d = "";
  for (let k = 0; k < s.x.length; k++) if (Number.isFinite(s.y[k])) d += `${d ? "L" : "M"}${px(s.x[k]).toFixed(1)} ${py(s.y[k]).toFixed(1)}`;
  return d;
}

/** A point that is dragged up and down, or moved by the arrow keys.
 * @param {Handle & {cx: number, cy: number, back: (pixel: number) => number}} props */
function Grip({ cx, cy, back, label, y, low, high, shown, move }) {
  /** @param {PointerEvent} e */
  const drag = (e) => {
    e.stopPropagation();
    const held = /** @type {SVGElement} */ (e.currentTarget);
    if (e.type === "pointerdown") held.setPointerCapture(e.pointerId);
    const box = /** @type {SVGElement} */ (held.ownerSVGElement).getBoundingClientRect();
    if (e.buttons) move(back(e.clientY - box.top));
  };
  /** @param {KeyboardEvent} e */
  const key = (e) => {
    const by = /** @type {Record<string, number>} */ ({ ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 });
    if (!(e.key in by)) return;
    e.preventDefault();
    move(y + by[e.key]);
  };
  return html`<circle class="grip" cx=${cx} cy=${cy} r="9" tabindex="0" role="slider" aria-orientation="vertical"
    aria-label=${label} aria-valuenow=${y} aria-valuemin=${low} aria-valuemax=${high} aria-valuetext=${shown}
    onPointerDown=${drag} onPointerMove=${drag} onKeyDown=${key} />`;
}
