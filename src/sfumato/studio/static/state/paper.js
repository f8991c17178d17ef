// On paper: light whatever the screen is, numbers instead of controls. What is drawn in the page's colours reads `paper`.

import { batch, signal } from "../parts/html.js";
import { theme } from "./settings.js";

/** Is the page as it is printed? */
export const paper = signal(false);

/** What a canvas in the page's colours is painted anew for: read while rendering, and the part is rendered when it changes. */
export const look = () => `${theme.value} ${paper.value}`;

/** Follow the browser's own printing: what is on the paper is there before the browser looks. */
export function followPrinting() {
  const turn = (/** @type {boolean} */ on) => batch(() => {
    document.documentElement.toggleAttribute("data-paper", on);
    paper.value = on;
  });
  addEventListener("beforeprint", () => turn(true));
  addEventListener("afterprint", () => turn(false));
}
