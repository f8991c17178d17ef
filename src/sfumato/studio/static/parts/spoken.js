// What a screen reader hears, once things have been still for a moment.

import { html, useEffect, useState } from "./html.js";

/** @param {{text: string}} props */
export function Spoken({ text }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const waiting = setTimeout(() => setSaid(text), 1000);
    return () => clearTimeout(waiting);
  }, [text]);
  return html`<p class="unseen" role="status">${said}</p>`;
}
