// What can be taken home of a run, and brought back: picture, films, the whole, and the words that make it again.

import { html, useState } from "../parts/html.js";
import { asked, file } from "../wire/api.js";
import { open, refresh, trouble } from "./runs.js";

/** @type {[string, string][]} */
const FILES = [["picture.png", "Picture"], ["guess.gif", "Film of the guess"], ["state.gif", "Film of what it holds"], ["run.zip", "The whole run"]];

/** @param {{run: import("./runs.js").Run, at: number}} props */
export default function Takeaway({ run }) {
  const [words, setWords] = useState(/** @type {{title: string, text: string, note: string} | null} */ (null)), name = run.hello.run;
  const copy = async (/** @type {"python" | "curl"} */ kind) => {
    const said = await told(() => asked(`runs/${name}/code`));
    if (!said) return;
    const text = said[kind] || "A fork is asked by the name of a run that only this studio knows. Take the Python.";
    const note = await navigator.clipboard.writeText(text).then(() => "Copied.", () => "Select it to copy.");
    setWords({ title: kind === "python" ? "The same in Python" : "The same from a shell", text, note: note + (kind === "curl" ? " It holds this studio's token: it works while this studio runs." : "") });
  };
  return html`<h2 class="figure-title">Take it home</h2>
    <div class="doors">${FILES.map(([file, label]) => html`<button type="button" key=${file} disabled=${file === "picture.png" && !run.end} onClick=${() => fetchFile(name, file)}>${label}</button>`)}</div>
    <div class="doors"><button type="button" onClick=${() => copy("python")}>Copy as Python</button><button type="button" onClick=${() => copy("curl")}>Copy as curl</button></div>
    ${words && html`<div class="code"><pre tabindex="0" aria-label=${words.title}><code>${words.text}</code></pre><p role="status">${words.note}</p></div>`}
    <p class="check">The picture carries its recipe. A forked picture carries all its recipes, since no single one makes it. The whole run opens here again, on this or another machine with the same model.</p>
    <${Bring} />`;
}

/** Open an exported run. */
export function Bring() {
  const choose = () => {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: ".zip,application/zip" });
    input.onchange = () => input.files?.[0] && bring(input.files[0]);
    input.click();
  };
  return html`<div class="doors"><button type="button" onClick=${choose}>Open an exported run</button></div>`;
}

/** @param {Blob} data */
async function bring(data) {
  const found = await told(() => asked("imports", { method: "POST", headers: { "Content-Type": "application/zip" }, body: data }));
  if (!found) return;
  await refresh();
  await open(found.run);
}

/** A file of a run, handed to the browser to keep. @param {string} run @param {string} name */
async function fetchFile(run, name) {
  const data = await told(() => file(`runs/${run}/${name}`));
  if (!data) return;
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(data), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** An answer, or nothing and its trouble in one line. @template T @param {() => Promise<T>} ask @returns {Promise<T | null>} */
async function told(ask) {
  trouble.value = "";
  try {
    return await ask();
  } catch (problem) {
    trouble.value = problem instanceof Error ? problem.message : String(problem);
    return null;
  }
}
