// What can be asked of the run: one page at a time, each loaded when it is first opened.

import { html, useEffect, useState } from "../parts/html.js";
import { cursor, run } from "./runs.js";
import { Steps } from "./steps.js";
import Takeaway, { Bring } from "./takeaway.js";

/** Each page: its name on the tab, and where it is. @type {Record<string, {words: string, load: (() => Promise<any>) | null}>} */
const PAGES = {
  steps: { words: "Steps", load: null },
  attention: { words: "Attention", load: () => import("./attention.js") },
  guidance: { words: "Guidance", load: () => import("./guidance.js") },
  text: { words: "Text", load: () => import("./text.js") },
  latents: { words: "Latents", load: () => import("./latents.js") },
  network: { words: "Network", load: () => import("./network.js") },
  nearest: { words: "Copied?", load: () => import("./nearest.js") },
  takeaway: { words: "Take home", load: null },
};

export function Evidence() {
  const [page, setPage] = useState("steps"), [parts, setParts] = useState(/** @type {Record<string, any>} */ ({ steps: Steps, takeaway: Takeaway }));
  const here = run.value, names = Object.keys(PAGES), Part = parts[page];
  useEffect(() => {
    const { load } = PAGES[page];
    if (load && !parts[page]) load().then((found) => setParts((/** @type {any} */ before) => ({ ...before, [page]: found.default })), () => {});
  }, [page]);
  if (!here || !here.steps.length) return html`<div class="figure-box"><${Bring} /></div>`;
  const at = Math.min(cursor.value, here.steps.length - 1);
  /** @param {KeyboardEvent} e */
  const key = (e) => {
    const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 })[e.key];
    if (!by) return;
    e.preventDefault();
    const next = names[(names.indexOf(page) + by + names.length) % names.length];
    setPage(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return html`<div class="figure-box">
    ${names.length > 1 && html`<div class="tabs" role="tablist" aria-label="Evidence" onKeyDown=${key}>${names.map((name) => html`<button type="button" role="tab" key=${name} id=${`tab-${name}`}
      aria-selected=${name === page ? "true" : "false"} aria-controls="evidence-page" tabindex=${name === page ? 0 : -1} onClick=${() => setPage(name)}>${PAGES[name].words}</button>`)}</div>`}
    <div id="evidence-page" role=${names.length > 1 ? "tabpanel" : null} aria-labelledby=${names.length > 1 ? `tab-${page}` : null}>
      ${Part ? html`<${Part} run=${here} at=${at} />` : html`<p class="check">Loading.</p>`}</div>
  </div>`;
}
