// Numbers of a figure that the text beside it repeats: <span class="live-futures-spread">words until it is known</span>.

import { useEffect } from "./html.js";

/** Write them wherever the text asks for them. @param {string} figure @param {Record<string, string>} numbers by name */
export function useTold(figure, numbers) {
  useEffect(() => {
    for (const [name, shown] of Object.entries(numbers)) {
      for (const place of document.querySelectorAll(`.live-${figure}-${name}`)) (place.querySelector("mn") ?? place).textContent = shown;
    }
  }, Object.values(numbers));
}
