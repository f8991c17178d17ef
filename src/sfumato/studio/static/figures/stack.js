// 2.2 for a transformer: what every block makes of one noisy photo, how open its gates are, and its branches one by one.

import { Figure } from "../parts/figure.js";
import { html, signal } from "../parts/html.js";
import { Channels, Guesses, Station } from "../parts/inside.js";
import { fixed, significant } from "../parts/numbers.js";
import { Slider } from "../parts/slider.js";
import { useTold } from "../parts/told.js";
import { answered } from "../state/python.js";
import { photo, seed } from "../state/reader.js";
import { info, ownPath } from "../wire/api.js";
import { useAnswer } from "../wire/answer.js";

/** @typedef {{path: string, part: string, gate: number | null, adds: number, parameters: number, multiplications: number, ms: number}} Branch */

const NAMES = /** @type {Record<string, string>} */ ({ self_attn: "attention", cross_attn: "cross-attention", ff: "feed-forward" });
const t = signal(500), off = signal(/** @type {string[]} */ ([])), block = signal(1);

/** "attention of block 2" @param {string} path */
const named = (path) => `${NAMES[path.split(".")[2]]} of block ${Number(path.split(".")[1]) + 1}`;

/** Off if any of these is on, else on. @param {string[]} paths */
function flip(paths) {
  const others = off.value.filter((path) => !paths.includes(path));
  off.value = paths.every((path) => off.value.includes(path)) ? others : [...others, ...paths].sort();
}

export default function Stack() {
  const answer = useAnswer("xray", "xray/branches", { photo: photo.value, seed: seed.value, t: t.value, off: off.value, block: block.value });
  const said = /** @type {any} */ (answer.frames[0]), numbers = said?.numbers, layers = said?.blocks ?? [], k = Math.min(block.value, Math.max(0, layers.length - 1));
  const ms = layers.reduce((/** @type {number} */ sum, /** @type {any} */ b) => sum + b.ms, 0), gates = /** @type {Record<string, number>} */ (said?.gates ?? {});
  const what = off.value.length > 2 ? `${off.value.length} branches` : off.value.map(named).join(", ") || "nothing";
  useTold("xray", said ? { blocks: String(layers.length - 1), grid: `${layers[0].height} × ${layers[0].width}`, ms: significant(ms, 2) } : {});
  return html`<${Figure} id="xray" title="X-ray, with a switch on every branch" needs="server" path=${ownPath()} busy=${answer.busy}
    attempt="switch off one branch, then one kind of branch in all blocks by the word above it. Press a block to see its channels, and move t to move the gates."
    notice="a branch adds its answer, times its gate where it has one. Where a gate is 0, nothing comes through, and nothing is missed; show the numbers to see what each branch adds."
    stage=${html`<${Guesses} said=${said} t=${t.value} whole="branches on" less="off" what=${what} />
      <div class="xray">${said && html`<${Blocks} said=${said} />`}
        <div>${said && html`<${Channels} said=${said} />`}</div></div>`}
    primary=${html`<${Slider} id="xray-t" label=${html`<i>t</i>`} value=${t.value} min=${1} max=${1000} change=${(/** @type {number} */ v) => (t.value = v)} spoken=${`step ${t.value} of 1000`} />`}
    secondary=${html`<button type="button" disabled=${what === "nothing"} onClick=${() => (off.value = [])}>Switch all on again</button>`}
    readouts=${numbers ? [
      { name: "moved", label: "the guess has moved by", value: numbers.moved, shown: significant(numbers.moved) },
      { name: "coarse", label: "broadest shapes, likeness", value: numbers.coarse, shown: fixed(numbers.coarse, 2) },
      { name: "fine", label: "finest detail, likeness", value: numbers.fine, shown: fixed(numbers.fine, 2) },
      { name: "strength", label: "strength of the chosen block", value: numbers.strength, shown: significant(numbers.strength) },
      ...Object.entries(gates).map(([name, value]) => ({ name, label: `its ${NAMES[name.slice(5)]} gate`, value, shown: significant(value) })),
    ] : []}
    table=${() => ({ caption: `The blocks and their branches in the order in which they run, t = ${t.value}`, columns: ["part", "output", "trained numbers", "multiplications", "gate", "strength, or what it adds", "ms, measured"], rows: layers.flatMap(rows) })}
    python=${() => code(k)}
    say=${numbers ? `Off: ${what}. The guess has moved by ${significant(numbers.moved)}; broad shapes are alike by ${fixed(numbers.coarse, 2)}, fine detail by ${fixed(numbers.fine, 2)}.` : "The network is being asked."} />
    ${answer.trouble && html`<p class="trouble" role="alert">${answer.trouble}</p>`}`;
}

/** From the patches down: a row for each block, a switch for each of its branches. @param {{said: any}} props */
function Blocks({ said }) {
  const [patches, ...blocks] = said.blocks, kinds = /** @type {string[]} */ ((blocks[0]?.branches ?? []).map((/** @type {Branch} */ b) => b.part));
  const most = Math.max(1e-9, ...blocks.flatMap((/** @type {any} */ b) => b.branches.map((/** @type {Branch} */ one) => one.gate ?? 0)));
  const press = (/** @type {number} */ k) => (block.value = k);
  return html`<div class="storeys" role="group" aria-label="The blocks, from the first to the last">
    <div class="storey"><${Station} k=${0} said=${said} press=${press} /><p>${patches.height} × ${patches.width} patches; each becomes ${patches.channels} numbers</p></div>
    <div class="storey heads"><span></span>${kinds.map((part) => {
      const all = blocks.map((/** @type {any} */ b) => b.branches.find((/** @type {Branch} */ one) => one.part === part).path);
      return html`<button type="button" key=${part} aria-pressed=${all.every((path) => off.value.includes(path))} aria-label=${`Switch off ${NAMES[part]} in all blocks`} onClick=${() => flip(all)}>${NAMES[part]}</button>`;
    })}</div>
    ${blocks.map((/** @type {any} */ own, /** @type {number} */ j) => html`<div class="storey" key=${own.path}><${Station} k=${j + 1} said=${said} press=${press} />
      ${own.branches.map((/** @type {Branch} */ one) => html`<${Switch} key=${one.path} one=${one} most=${most} />`)}</div>`)}</div>`;
}

/** A branch: its gate as a bar, pressed to switch it off. @param {{one: Branch, most: number}} props */
function Switch({ one, most }) {
  const isOff = off.value.includes(one.path), gate = one.gate === null ? "no gate" : significant(one.gate, 2);
  return html`<button type="button" class="branch" aria-pressed=${isOff} aria-label=${`Switch off ${named(one.path)}, ${one.gate === null ? gate : `gate ${gate}`}`} onClick=${() => flip([one.path])}>
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${one.gate !== null && html`<rect width=${(100 * one.gate) / most} height="8" />`}</svg><span>${isOff ? "off" : gate}</span></button>`;
}

/** A block and its branches, as they stand in the table. @param {any} own @returns {(string | number)[][]} */
function rows(own) {
  const counts = (/** @type {any} */ one) => [significant(one.parameters), significant(one.multiplications)], size = `${own.channels} × ${own.height} × ${own.width}`;
  return [[own.path, size, ...counts(own), "", significant(own.strength), fixed(own.ms, 2)],
    ...own.branches.map((/** @type {Branch} */ one) => [one.path, size, ...counts(one), one.gate === null ? "none" : significant(one.gate), significant(one.adds), fixed(one.ms, 2)])];
}

/** @param {number} k */
function code(k) {
  return answered("sfumato.studio.stack stack", `
seen = stack(model, answer, off=${JSON.stringify(off.value)})
for name, number in (seen.numbers() | seen.gates(${k})).items():
    print(name, number)
print("strength", seen.layers[${k}].strength)
`, { seed: seed.value, photo: photo.value, t: t.value, source: info.value?.model?.source });
}
