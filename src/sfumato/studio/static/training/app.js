// A training run, live while it trains: loss, loss by noise level, caption sensitivity, samples over time.

import { Menu, Status } from "../parts/page.js";
import { h, html, render } from "../parts/html.js";
import { watch } from "../wire/api.js";
import { Levels, Sheets, Story } from "./charts.js";
import { follow, run, trouble } from "./log.js";

function Page() {
  const here = run.value;
  if (trouble.value && !here) return html`<p class="trouble" role="alert">${trouble.value}</p>`;
  if (!here) return html`<p class="waiting">The run is being read.</p>`;
  if (!here.run) return html`<div class="figure-box"><h1 class="figure-title">No training run</h1>
    <p>Start the studio with the folder of a run, while it trains or after:</p><div class="code"><pre tabindex="0" aria-label="The command"><code>sfumato studio --run FOLDER</code></pre></div></div>`;
  const last = here.metrics[here.metrics.length - 1], quiet = here.quiet;
  return html`<h1 class="run-name">${here.run.recipe ?? "A training run"}</h1>
    <p class="check" role="status">${last ? `${last.images.toLocaleString("en")} pictures shown` : "Nothing is logged yet"}${here.run.parameters ? ` · ${(here.run.parameters / 1e6).toFixed(1)} million numbers` : ""}${quiet === null ? "" : quiet < 120 ? " · it is training" : ` · nothing was written for ${ago(quiet)}`}</p>
    ${trouble.value && html`<p class="trouble" role="alert">${trouble.value}</p>`}
    <div class="charts"><${Story} /><${Levels} /><${Sheets} /></div>`;
}

/** @param {number} seconds */
const ago = (seconds) => (seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : seconds < 172800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86400)} days`);

/** @param {string} id @param {any} Part */
const mount = (id, Part) => render(h(Part, {}), /** @type {Element} */ (document.getElementById(id)));

mount("status", Status);
mount("menu", Menu);
mount("run", Page);
watch();
await follow();
