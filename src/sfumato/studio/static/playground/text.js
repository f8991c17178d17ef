// Evidence: the prompt and the negative prompt as the model reads them, token by token.

import { html } from "../parts/html.js";
import { fixed } from "../parts/numbers.js";
import { useAnswer } from "../wire/answer.js";

/** @param {{run: import("./runs.js").Run}} props */
export default function Text({ run }) {
  const { frames, trouble } = useAnswer("text", "ask/text", { run: run.hello.run }), said = frames[0];
  if (trouble) return html`<p class="trouble" role="alert">${trouble}</p>`;
  if (!said) return html`<p class="check">The text is being read.</p>`;
  return html`${said.sides.map((/** @type {any} */ one) => html`<section class="reading" key=${one.side}>
    <h2 class="figure-title">${one.side === "prompt" ? "The prompt" : "The negative prompt"}</h2>
    <p class="tokens">${one.words.map((/** @type {string} */ word, /** @type {number} */ k) => html`<span key=${k} class=${word === "[UNK]" ? "unknown" : /^\[.*\]$/.test(word) ? "mark-of" : ""}>${word}</span>`)}</p>
    <p class="check">${one.words.length} of ${one.room} places taken; each token has become ${one.width} numbers.${one.notes.length ? ` ${one.notes.join(". ")}.` : ""}</p>
    <div class="numbers" tabindex="0" role="region" aria-label=${`Tokens of the ${one.side}`}><table><caption>How alike the tokens' states are (cosine)</caption>
      <thead><tr><th scope="col">token</th><th scope="col">size</th>${one.words.map((/** @type {string} */ word) => html`<th scope="col">${word}</th>`)}</tr></thead>
      <tbody>${one.words.map((/** @type {string} */ word, /** @type {number} */ k) => html`<tr key=${k}><th scope="row">${word}</th><td>${fixed(one.sizes[k], 2)}</td>${one.alike[k].map((/** @type {number} */ v) => html`<td>${fixed(v, 2)}</td>`)}</tr>`)}</tbody></table></div>
  </section>`)}`;
}
