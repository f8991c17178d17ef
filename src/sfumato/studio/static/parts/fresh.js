// A button for new noise: at most two a second, because a field of noise that changes is a flash.

import { html, useRef } from "./html.js";

export const PAUSE = 500;

/** @param {{change: () => void, children?: any}} props */
export function Fresh({ change, children }) {
  const last = useRef(-PAUSE);
  const press = () => {
    const now = performance.now();
    if (now - last.current < PAUSE) return;
    last.current = now;
    change();
  };
  return html`<button type="button" onClick=${press}>${children}</button>`;
}
