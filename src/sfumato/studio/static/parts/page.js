// The page's own parts: who computes, how it looks, and what the reader brings.

import { signed } from "../maths/forward.js";
import { PHOTOS, photo, seed, take, trouble, x0 } from "../state/reader.js";
import { motion, theme } from "../state/settings.js";
import { info, server, shippedPhoto } from "../wire/api.js";
import { html, useEffect, useState } from "./html.js";
import { Choice } from "./slider.js";
import { Tile } from "./tile.js";

/** The model and whether the server is there. */
export function Status() {
  if (server.value === "offline") return html`<span>offline</span>`;
  if (!info.value) return html`<span>asking</span>`;
  return html`<span>${info.value.model.name} · ${info.value.device} · ${info.value.state}</span>`;
}

/** @param {{more?: any}} props what else a page has there */
export function Menu({ more }) {
  return html`<details>
    <summary>Settings</summary>
    <div class="sheet">
      <${Choice} name="theme" label="Theme" value=${theme.value} change=${(/** @type {string} */ v) => (theme.value = v)}
        options=${[["auto", "auto"], ["light", "light"], ["dark", "dark"]]} />
      <${Choice} name="motion" label="Motion" value=${motion.value} change=${(/** @type {string} */ v) => (motion.value = v)}
        options=${[["auto", "auto"], ["on", "on"], ["off", "off"]]} />
      ${more}
      <p class="told"><${Status} /></p>
    </div>
  </details>`;
}

/** How many numbers are at work on the reader's machine. */
export function Promised() {
  const numbers = info.value?.model?.numbers;
  if (!numbers) return html`<span>Nothing on this page is a recording.</span>`;
  return html`<span>Nothing on this page is a recording. A model of ${(numbers / 1e6).toFixed(1)} million numbers is on your
    machine, and whatever a figure shows is computed there, now.</span>`;
}

/** Photo and seed, once for the whole article. A photo may also be dropped or pasted anywhere on the page. */
export function Reader() {
  const small = useShipped();
  useEffect(() => {
    const over = (/** @type {DragEvent} */ e) => e.preventDefault();
    const drop = (/** @type {DragEvent} */ e) => (e.preventDefault(), accept(e.dataTransfer?.files));
    const paste = (/** @type {ClipboardEvent} */ e) => accept(e.clipboardData?.files);
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    addEventListener("paste", paste);
  }, []);
  return html`<div class="reader">
    <div class="pick" role="group" aria-label="Photo">
      ${PHOTOS.map((name) => html`<button type="button" key=${name} aria-pressed=${photo.value === name} aria-label=${`The ${name}`}
        onClick=${() => take(name)}><${Small} x=${small[name]} /></button>`)}
      ${PHOTOS.includes(photo.value) ? null : html`<button type="button" aria-pressed="true" aria-label="Your photo"><${Small} x=${x0.value} /></button>`}
      <button type="button" class="own" onClick=${choose}>Your own photo</button>
    </div>
    <label>Seed <input type="number" min="0" max=${Number.MAX_SAFE_INTEGER} step="1" value=${seed.value} onChange=${(/** @type {any} */ e) => {
      const value = Number(e.target.value);
      if (Number.isSafeInteger(value) && value >= 0) seed.value = value;
      else e.target.value = seed.value;
    }} /></label>
    ${trouble.value && html`<p class="trouble" role="alert">That photo could not be read: ${trouble.value}</p>`}
  </div>`;
}

/** @param {{x: Float32Array | null | undefined}} props */
function Small({ x }) {
  return html`<${Tile} x=${x ?? null} label="" probe=${false} />`;
}

/** The shipped pictures, for their buttons. */
function useShipped() {
  const [found, setFound] = useState(/** @type {Record<string, Float32Array>} */ ({}));
  useEffect(() => {
    Promise.all(PHOTOS.map(async (name) => [name, signed((await shippedPhoto(name)).arrays.x)]))
      .then((all) => setFound(Object.fromEntries(all)), () => {});
  }, []);
  return found;
}

function choose() {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/png,image/jpeg,image/webp,image/gif,image/bmp" });
  input.onchange = () => accept(input.files);
  input.click();
}

/** @param {FileList | null | undefined} files */
function accept(files) {
  const file = [...(files ?? [])].find((one) => one.type.startsWith("image/"));
  if (file) take(file);
}
