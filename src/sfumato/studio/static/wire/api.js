// Questions to the server that this page came from. It is the only one that is ever asked.

import { signal } from "../parts/html.js";
import { frames } from "./frames.js";

/** @typedef {import("./frames.js").Frame} Frame */

/** "asking" until the first answer, then "live", or "offline" when an answer did not come. */
export const server = signal(/** @type {"asking" | "live" | "offline"} */ ("asking"));

/** What /api/v1/info said last. */
export const info = signal(/** @type {any} */ (null));

/** This page among those that are open: each has its own questions. */
const here = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join("");

/** What figures of the network run on: the schedule that the model was trained with. */
export const ownPath = () => `the model's own schedule${info.value ? `, ${info.value.model.schedule.kind}` : ""}`;

const token = () => document.querySelector("meta[name=sfumato-token]")?.getAttribute("content") ?? "";

/** @param {string} path @param {RequestInit} [options] */
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      ...options,
      headers: { ...options.headers, "X-Sfumato-Token": token() },
    });
  } catch (problem) {
    if (!(problem instanceof DOMException && problem.name === "AbortError")) server.value = "offline";
    throw problem;
  }
  server.value = "live";
  if (response.ok) return response;
  const words = await response.text();
  let message = words;
  try {
    message = JSON.parse(words).message;
  } catch {
    // plain words already
  }
  throw new Error(message);
}

/** A JSON question, answered in frames.
 * @param {string} path @param {any} body @param {AbortSignal} [signal]
 * @param {string} [figure] whose question it is: at the server its newer ones take the place of its older ones
 * @returns {AsyncGenerator<Frame>} */
export async function* stream(path, body, signal, figure = "") {
  const headers = { "Content-Type": "application/json", "X-Sfumato-Figure": `${figure}.${here}` };
  yield* checked(await ask(path, { method: "POST", body: JSON.stringify(body), headers, signal }));
}

/** What is answered in JSON. @param {string} path @param {RequestInit} [options] */
export const asked = async (path, options) => (await ask(path, options)).json();

/** What is answered in a file. @param {string} path @param {RequestInit} [options] */
export const file = async (path, options) => (await ask(path, options)).blob();

/** What is kept there, in frames. @param {string} path @returns {AsyncGenerator<Frame>} */
export async function* replayed(path) {
  yield* checked(await ask(path));
}

/** @param {Response} response */
async function* checked(response) {
  let whole = false;
  for await (const frame of frames(response)) {
    if (frame.type === "error") throw new Error(frame.message);
    if (frame.type === "done") whole = true;
    else yield frame;
  }
  if (whole) return;
  server.value = "offline";
  throw new Error("the answer broke off");
}

const shipped = new Map();

/** One of the pictures that come with the studio. @param {string} name @returns {Promise<Frame>} */
export function shippedPhoto(name) {
  const asked = shipped.get(name) ?? ask(`photo?name=${name}`).then((response) => only(checked(response)));
  shipped.set(name, asked);
  asked.catch(() => shipped.delete(name));
  return asked;
}

/** The reader's own picture, decoded by the server. It does not leave this machine.
 * @param {Blob} file @returns {Promise<Frame>} */
export async function ownPhoto(file) {
  return only(checked(await ask("photos", { method: "POST", body: file, headers: { "Content-Type": file.type } })));
}

/** @param {AsyncGenerator<Frame>} all */
async function only(all) {
  let found = null;
  for await (const frame of all) found = frame;
  if (!found) throw new Error("the answer was empty");
  return found;
}

/** Look whether the server is there. */
export async function look() {
  try {
    info.value = await (await ask("info")).json();
  } catch {
    // `server` says it
  }
}

/** Look now and every few seconds while the page is seen. */
export function watch() {
  look();
  setInterval(() => document.hidden || look(), 3000);
}
