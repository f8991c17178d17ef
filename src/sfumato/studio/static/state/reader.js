// What the reader has chosen, once for the whole article: photo, seed, schedule, prompt. The address holds it too.

import { INITIAL, normal } from "../maths/philox.js";
import { signed } from "../maths/forward.js";
import { schedule } from "../maths/schedule.js";
import { moved } from "../maths/custom.js";
import { batch, computed, effect, signal } from "../parts/html.js";
import { ownPhoto, shippedPhoto } from "../wire/api.js";

export const SIDE = 128;
export const KINDS = ["linear", "scaled-linear", "cosine", "custom"];
export const PHOTOS = ["harbour", "mountain"];

export const seed = signal(7);
export const kind = signal("linear");
/** Decibels that the reader's own schedule passes, at t = 1, 334, 667 and 1000. */
export const points = signal([40, 8, -14, -40]);
const FIRST = "a red apple, 3d render";
export const prompt = signal(FIRST);
/** What a picture is to be led away from. */
export const negative = signal("");
/** The photo's name: one of ours, or the one that the server gave the reader's own. */
export const photo = signal("harbour");
export const x0 = signal(/** @type {Float32Array | null} */ (null));
/** Why the last photo could not be read. */
export const trouble = signal("");

/** Every schedule of the article by its kind. */
export const schedules = computed(() => {
  const own = points.value;
  return Object.fromEntries(KINDS.map((k) => [k, schedule({ kind: k, points: own })]));
});
export const current = computed(() => schedules.value[kind.value]);
/** The noise of this seed: standard normal, [3, 128, 128]. */
export const eps = computed(() => normal(seed.value, 3 * SIDE * SIDE, { stream: INITIAL }));
/** The current schedule as the server is told it. */
export const asked = computed(() => (kind.value === "custom" ? { kind: "custom", points: points.value } : { kind: kind.value }));

/** Take a photo of ours, or the reader's own file.
 * @param {string | Blob} from */
export async function take(from) {
  trouble.value = "";
  try {
    const frame = typeof from === "string" ? await shippedPhoto(from) : await ownPhoto(from);
    batch(() => {
      photo.value = frame.id;
      x0.value = signed(frame.arrays.x);
    });
  } catch (problem) {
    trouble.value = problem instanceof Error ? problem.message : String(problem);
  }
}

/** Read the address: #s1-3&seed=7&schedule=cosine&points=40,8,-14,-40&photo=mountain. Answers the section. */
export function readAddress() {
  const [section, ...entries] = location.hash.slice(1).split("&");
  const said = new URLSearchParams(entries.join("&"));
  const number = Number(said.get("seed") ?? "7");
  batch(() => {
    if (Number.isInteger(number) && number >= 0 && number <= Number.MAX_SAFE_INTEGER) seed.value = number;
    if (KINDS.includes(said.get("schedule") ?? "")) kind.value = /** @type {string} */ (said.get("schedule"));
    if (PHOTOS.includes(said.get("photo") ?? "")) photo.value = /** @type {string} */ (said.get("photo"));
    if (said.has("prompt")) prompt.value = (said.get("prompt") ?? "").slice(0, 200);
    if (said.has("negative")) negative.value = (said.get("negative") ?? "").slice(0, 200);
    const own = (said.get("points") ?? "").split(",").map(Number);
    if (own.length === 4 && own.every(Number.isFinite)) {
      points.value = [0, 1, 2, 3].reduce((all, k) => moved(all, k, own[k]), own);
    }
  });
  return section;
}

export const section = signal("");

/** Keep the address as the reader's choices are, from now on. */
export function writeAddress() {
  effect(() => {
    const said = new URLSearchParams({ seed: String(seed.value), schedule: kind.value });
    if (kind.value === "custom") said.set("points", points.value.map((/** @type {number} */ p) => p.toFixed(1)).join(","));
    if (PHOTOS.includes(photo.value)) said.set("photo", photo.value);
    if (prompt.value !== FIRST) said.set("prompt", prompt.value);
    if (negative.value) said.set("negative", negative.value);
    history.replaceState(null, "", `#${section.value}&${said.toString().replaceAll("%2C", ",")}`);
  });
}
