// A number that runs by itself: only when asked or when first seen, never where stillness is wanted, never out of sight.

import { still } from "../state/settings.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";

/** Run a signal from `from` to `to` in `seconds`. It starts once by itself when it comes into sight; any touch stops it.
 * @param {{value: any, from: number, to: number, seconds: number}} props */
export function Play({ value, from, to, seconds }) {
  const [running, setRunning] = useState(false);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const box = place.current?.closest(".figure-box");
    if (!box) return;
    let fresh = true;
    const seen = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return setRunning(false);
      if (fresh && !still()) start();
      fresh = false;
    }, { threshold: 0.6 });
    const stop = (/** @type {Event} */ e) => place.current?.contains(/** @type {Node} */ (e.target)) || setRunning(false);
    seen.observe(box);
    for (const kind of ["pointerdown", "keydown", "input"]) box.addEventListener(kind, stop);
    return () => (seen.disconnect(), ["pointerdown", "keydown", "input"].forEach((kind) => box.removeEventListener(kind, stop)));
  }, []);
  useLayoutEffect(() => { // the last step is taken before the button says so
    if (!running) return;
    const begin = performance.now(), first = value.value;
    let next = requestAnimationFrame(function tick(now) {
      if (document.hidden) return setRunning(false);
      const at = Math.min(to, first + ((now - begin) / 1000 / seconds) * (to - from));
      value.value = Math.round(at);
      if (at < to) next = requestAnimationFrame(tick);
      else setRunning(false);
    });
    return () => cancelAnimationFrame(next);
  }, [running]);
  const start = () => {
    if (still()) return void (value.value = to);
    value.value = from;
    setRunning(true);
  };
  return html`<button type="button" ref=${place} onClick=${() => (running ? setRunning(false) : start())}>${running ? "Pause" : "Play"}</button>`;
}
