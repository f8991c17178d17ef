// 3.1 One word at a time: a prompt as tokens, what each word does to the picture, and what the prompt costs in bits.

import { Curve } from "../parts/curve.js";
import { Figure } from "../parts/figure.js";
import { Heat } from "../parts/heat.js";
import { html, signal, useRef } from "../parts/html.js";
import { fixed, significant } from "../parts/numbers.js";
import { Line } from "../parts/prompt.js";
import { Slider } from "../parts/slider.js";
import { Tile } from "../parts/tile.js";
import { useTold } from "../parts/told.js";
import { negative, prompt, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

const off = signal({ of: "", words: /** @type {number[]} */ ([]) }), other = signal("a green pear, 3d render"), share = signal(0);
const wanted = signal(/** @type {any} */ (null));
const left = () => (off.value.of === prompt.value ? off.value.words : []);

export default function Words() {
  const told = { prompt: prompt.value, off: left() };
  const heard = useAnswer("words", "words", told), read = /** @type {any} */ (heard.frames[0]);
  const drawn = useAnswer("words", "words/draw", { ...told, negative: negative.value, seed: seed.value, other: other.value, share: share.value / 100 });
  const each = useAnswer("words", "words/without", wanted.value), without = /** @type {any[]} */ (each.frames);
  const last = useRef(/** @type {any} */ (null)); // the last picture stays until the next one is whole
  last.current = drawn.frames.find((f) => f.type === "picture") ?? last.current;
  const done = last.current, numbers = done?.numbers;
  const cells = done?.arrays.cells, most = cells ? cells.reduce((/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b), 0) : 1;
  const toggle = (/** @type {number} */ k) => (off.value = { of: prompt.value, words: left().includes(k) ? left().filter((/** @type {number} */ one) => one !== k) : [...left(), k].sort((a, b) => a - b) });
  useTold("words", read ? { length: String(read.length), features: String(read.features) } : {});
  useTold("words-bits", numbers ? { total: significant(numbers.bits), early: fixed(100 * numbers.early, 0) } : {});
  return html`<${Figure} id="words" title="One word at a time" needs="server" path=${ownPath()} busy=${heard.busy || drawn.busy || each.busy}
    attempt="switch a word off; then leave out each in turn, or walk to another prompt."
    notice="a word is not a knob of its own: without it the vectors of the others turn too, and some words hardly matter."
    stage=${html`<div class="chips" role="group" aria-label="Words of the prompt">${read && html`<span class="chip limit">${read.tokens[0]?.[0]}</span>`}
        ${(read?.words ?? []).map((/** @type {string} */ word, /** @type {number} */ k) => html`<button type="button" class="chip" key=${k} aria-pressed=${!left().includes(k)} onClick=${() => toggle(k)}>
          <b>${word}</b> <small>${read.places[k].map((/** @type {number} */ p) => `${read.tokens[p][0]} ${read.tokens[p][1] ?? ""}`).join(", ") || "not read"}</small>
          ${read.turns[k] > 1e-6 && html` <small class="turned">turns ${fixed(100 * read.turns[k], 1)} %</small>`}</button>`)}
        ${read && html`<span class="chip limit">${read.tokens.at(-1)?.[0]}</span>`}</div>
      <div class="priced">
        <${Tile} x=${done?.arrays.x ?? null} label="The picture drawn from the words that are on" caption=${drawn.busy ? `step ${drawn.frames.length} of 10` : "drawn from what is on"} />
        <${Heat} z=${cells ?? null} across=${done ? cells.length / done.rows : 16} limit=${most} label="Where the prompt had its say, in bits a place" caption="the prompt’s bits, place by place" />
        <${Curve} label="The prompt's bits by time" series=${[{ name: "bits", label: "bits", kind: "guidance", x: done?.levels ?? [], y: done?.bits ?? [] }]} x=${[0, 1]} xTicks=${[0, 0.5, 1]} xLabel="time t" height=${190}
          y=${[0.1, 1e4]} log=${true} yTicks=${[0.1, 10, 1000]} tick=${String} yLabel="bits a step" />
      </div>
      ${without.length > 0 && html`<div class="columns many-words">${without.map((f) => html`<div key=${f.word}><${Tile} x=${f.arrays.x} label=${f.word < 0 ? "With all words" : `Without the word ${f.word + 1}`} probe=${false} />
        <p>${f.word < 0 ? "all words" : html`without “${each.asked.prompt.split(/\s+/)[f.word]}”`}<br />${f.word < 0 ? "" : `differs ${fixed(f.apart, 2)}`}</p></div>`)}</div>`}`}
    primary=${html`<div class="duo"><${Slider} id="words-share" label="towards the other" value=${share.value} min=${0} max=${100} shown=${`${share.value} %`} change=${(/** @type {number} */ v) => (share.value = v)}
      spoken=${`${share.value} percent of the way to the other prompt`} /></div>`}
    secondary=${html`<div class="duo"><${Line} label="Prompt" value=${prompt.value} change=${(/** @type {string} */ v) => (prompt.value = v)} /><${Line} label="The other" value=${other.value} change=${(/** @type {string} */ v) => (other.value = v)} />
        <${Line} label="Away from" hint="nothing in particular" value=${negative.value} change=${(/** @type {string} */ v) => (negative.value = v)} /></div>
      <button type="button" class="main" disabled=${each.busy} onClick=${() => (wanted.value = { prompt: prompt.value, negative: negative.value, seed: seed.value })}>
        ${each.busy ? `Drawing: ${without.length} of ${1 + (read?.words.length ?? 0)}` : "Leave out each word"}</button>`}
    readouts=${read && numbers ? [
      { name: "length", label: "tokens, both ends included", value: read.length },
      { name: "features", label: "numbers in each vector", value: read.features },
      { name: "bits", label: "the prompt’s bits", value: numbers.bits, shown: significant(numbers.bits) },
      { name: "early", label: "of them in the first half", value: numbers.early, shown: `${fixed(100 * numbers.early, 0)} %` },
      { name: "turned", label: "other words turn, 1 − cosine", value: mean(read.turns), shown: fixed(mean(read.turns)) },
    ] : []}
    table=${() => ({ caption: "The prompt’s bits step by step", columns: ["from t", "bits", "so far, %"],
      rows: (done?.bits ?? []).map((/** @type {number} */ b, /** @type {number} */ k) => [fixed(done.levels[k], 3), significant(b),
        fixed((100 * done.bits.slice(0, k + 1).reduce((/** @type {number} */ s, /** @type {number} */ v) => s + v, 0)) / (numbers.bits || 1), 1)]) })}
    python=${code}
    say=${numbers ? `${left().length} words are off. The prompt steered the picture by ${significant(numbers.bits)} bits, ${fixed(100 * numbers.early, 0)} percent of them in the first half.` : "The picture is being drawn."} />
    ${[heard, drawn, each].map((one) => one.trouble && html`<p class="trouble" role="alert">${one.trouble}</p>`)}`;
}

/** Of the words that are on. @param {(number | null)[]} turns */
function mean(turns) {
  const found = /** @type {number[]} */ (turns.filter((v) => v !== null));
  return found.reduce((a, b) => a + b, 0) / Math.max(1, found.length);
}

function code() {
  const text = JSON.stringify, between = share.value ? `{"prompt": ${text(other.value)}, "seed": ${seed.value}, "share": ${share.value / 100}}` : "None";
  return `import sfumato
from sfumato.studio.prompted import kept, read, settings, steered, turned

model = sfumato.load("${info.value?.model?.source ?? "tavola"}")
prompt, off = ${text(prompt.value)}, ${text(left())}
states = read(model, prompt).states
print("length", len(states))
print("features", states.shape[1])
asked = settings(model, seed=${seed.value}, negative=${text(negative.value)}, between=${between})
*_, drawn = steered(model, kept(prompt, off), **asked)
for name, number in drawn.numbers().items():
    print(name, number)
turns = [turn for turn in turned(model, prompt, off) if turn is not None]
print("turned", sum(turns) / max(1, len(turns)))
`;
}
