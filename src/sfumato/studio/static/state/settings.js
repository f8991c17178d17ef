// How the page looks and moves: kept in this browser, and nothing else is.

import { effect, signal } from "../parts/html.js";

/** @param {string} name @param {string} fallback */
function kept(name, fallback) {
  let before = null;
  try {
    before = localStorage.getItem(`sfumato-${name}`);
  } catch {
    // storage may be forbidden: then nothing is kept
  }
  const value = signal(before ?? fallback);
  effect(() => {
    document.documentElement.dataset[name] = value.value;
    try {
      localStorage.setItem(`sfumato-${name}`, value.value);
    } catch {
      // the same
    }
  });
  return value;
}

/** auto, light or dark */
export const theme = kept("theme", "auto");
/** auto, on or off: auto is what the reader's system asks for */
export const motion = kept("motion", "auto");

const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const systemStill = signal(reduced.matches);
reduced.addEventListener("change", () => (systemStill.value = reduced.matches));

/** Should things stand still? */
export const still = () => motion.value === "off" || (motion.value === "auto" && systemStill.value);
