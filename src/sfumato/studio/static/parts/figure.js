// The anatomy of every figure, always in this order: stage, one main control, others, read-outs, footer.

import { current, negative, prompt, seed } from "../state/reader.js";
import { paper } from "../state/paper.js";
import { info, server, look } from "../wire/api.js";
import { html, useEffect, useState } from "./html.js";
import { Spoken } from "./spoken.js";

/** @typedef {{name: string, label: any, value: number | string, shown?: any}} ReadOut
 *   `name` is what Copy as Python prints it under, `value` the number itself, `shown` how it is written
 * @typedef {{caption: string, columns: string[], rows: (string | number)[][]}} Table
 * @typedef {{id: string, title: string, attempt: any, notice: any, stage: any, primary: any, secondary?: any,
 *   readouts: ReadOut[] | any, table: () => Table, python: () => string, say: string, needs?: "browser" | "server", busy?: boolean, path?: string, settings?: Record<string, any>}} Props
 *   `path` names the schedule where it is not the reader's; `settings` are further ones that the playground takes */

const NAMES = /** @type {Record<string, string>} */ ({
  linear: "linear β", "scaled-linear": "scaled-linear β", cosine: "cosine", custom: "your own schedule",
});

/** @param {Props} props */
export function Figure(props) {
  const [open, setOpen] = useState(/** @type {"" | "numbers" | "python"} */ (""));
  const toggle = (/** @type {"numbers" | "python"} */ what) => setOpen(open === what ? "" : what);
  const { id, needs = "browser" } = props;
  return html`<div class="figure-box" role="group" aria-labelledby=${`${id}-title`} data-state=${server.value} aria-busy=${props.busy ? "true" : null}>
    <p class="figure-title" id=${`${id}-title`}>${props.title}</p>
    <div class="stage">${props.stage}</div>
    <div class="primary">${props.primary}</div>
    ${props.secondary && html`<div class="secondary">${props.secondary}</div>`}
    <div class="readouts">${Array.isArray(props.readouts) ? html`<${ReadOuts} all=${props.readouts} />` : props.readouts}</div>
    <p class="caption"><b>Try</b> ${props.attempt} <b>Notice</b> ${props.notice}</p>
    <${Spoken} text=${props.say} />
    <div class="footer">
      <p class="state"><${State} needs=${needs} path=${props.path} /></p>
      <div class="doors">
        <button type="button" aria-expanded=${open === "numbers"} onClick=${() => toggle("numbers")}>Show numbers</button>
        <button type="button" aria-expanded=${open === "python"} onClick=${() => toggle("python")}>Copy as Python</button>
        <a href=${playground(needs, props.settings)}>Open in playground</a>
      </div>
    </div>
    ${(open === "numbers" || paper.value) && html`<${Numbers} ...${props.table()} />`}
    ${open === "python" && html`<${Code} text=${props.python()} />`}
  </div>`;
}

/** The playground with the reader's own settings: the prompt too, where the figure asks the network.
 * @param {string} needs @param {Record<string, any>} [settings] */
function playground(needs, settings = {}) {
  const said = new URLSearchParams({ seed: String(seed.value) });
  if (needs === "server") said.set("prompt", prompt.value);
  if (needs === "server" && negative.value) said.set("negative", negative.value);
  for (const [name, value] of Object.entries(settings)) said.set(name, String(value));
  return `/playground#${said}`;
}

/** @param {{all: ReadOut[]}} props */
function ReadOuts({ all }) {
  return html`<dl>${all.map((r) => html`<div key=${r.name}>
    <dt>${r.label}</dt><dd data-readout=${r.name} data-value=${String(r.value)}>${r.shown ?? r.value}</dd>
  </div>`)}</dl>`;
}

/** @param {{needs: string, path?: string}} props */
function State({ needs, path }) {
  if (server.value === "offline") {
    return html`<span class="badge offline">offline${needs === "server" ? ", last values" : ": this page computes alone"}</span>
      <button type="button" onClick=${() => look()}>Try again</button>`;
  }
  const model = info.value?.model?.name;
  const parts = [model, path ?? NAMES[current.value.kind], `seed ${seed.value}`].filter(Boolean);
  return html`<span class="badge live">computed live</span> ${parts.join(" · ")}`;
}

/** @param {Table} props */
function Numbers({ caption, columns, rows }) {
  return html`<div class="numbers" tabindex="0" role="region" aria-label=${caption}><table>
    <caption>${caption}</caption>
    <thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell, k) =>
      k === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** @param {{text: string}} props */
function Code({ text }) {
  const [copied, setCopied] = useState("");
  useEffect(() => {
    navigator.clipboard.writeText(text).then(() => setCopied("Copied."), () => setCopied("Select it to copy."));
  }, [text]);
  return html`<div class="code"><pre tabindex="0" aria-label="The same in Python"><code>${text}</code></pre>
    <p role="status">${copied} It prints this figure's read-outs.</p></div>`;
}
