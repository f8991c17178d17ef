// What the next run is asked: the dials that the model has, and the address that holds them.

import { effect, signal } from "../parts/html.js";
import { asked } from "../wire/api.js";

/** What /api/v1/playground said of the model; null until then. */
export const dials = signal(/** @type {any} */ (null));

/** Why the dials are not there. */
export const missing = signal("");

/** @typedef {{prompt: string, negative: string, seed: number, steps: number, w: number, sampler: Record<string, any>, grid: string,
 *   interval?: [number, number], rescale?: number}} Settings */

export const settings = signal(/** @type {Settings} */ ({
  prompt: "a red apple, 3d render", negative: "", seed: 7, steps: 20, w: 5, sampler: { kind: "ddim" }, grid: "trailing",
}));

/** @param {Partial<Settings>} some */
export const change = (some) => (settings.value = { ...settings.value, ...some });

/** A sampler with every option at its default, by its name; the model's own options where it is the model's own.
 * @param {string} kind */
export function sampler(kind) {
  const { samplers, sampler: own } = dials.value;
  if (kind === own.kind) return { ...own };
  const options = samplers.find((/** @type {any} */ one) => one.kind === kind).options;
  return Object.fromEntries([["kind", kind], ...options.map((/** @type {any} */ one) => [one.name, one.value])]);
}

/** The settings as the server is asked; a dial that the model lacks is left out. */
export function body() {
  const { negative, interval, rescale, ...plain } = settings.value, has = dials.value?.guidance ?? {};
  return { ...plain, ...(has.negative ? { negative } : {}), ...(has.interval && interval ? { interval } : {}),
    ...(has.rescale !== null && rescale !== undefined ? { rescale } : {}) };
}

/** Take a recipe as the package writes it. @param {any} recipe */
export function adopt(recipe) {
  change({ prompt: recipe.prompt, negative: recipe.negative, seed: recipe.seed, steps: recipe.steps, grid: recipe.grid,
    sampler: { ...recipe.sampler }, w: recipe.guidance.scale, interval: recipe.guidance.interval, rescale: recipe.guidance.rescale });
}

/** Ask for the dials, take the model's own settings, then those of the address. */
export async function begin() {
  try {
    dials.value = await asked("playground");
  } catch (problem) {
    missing.value = problem instanceof Error ? problem.message : String(problem);
    return;
  }
  const { defaults, guidance } = dials.value;
  change({ steps: defaults.steps, w: defaults.w, grid: defaults.grid, sampler: { ...dials.value.sampler },
    interval: guidance.interval ?? undefined, rescale: guidance.rescale ?? undefined });
  readAddress();
  addEventListener("hashchange", readAddress);
  effect(() => {
    const { sampler: { kind, ...options }, interval, rescale, ...plain } = settings.value;
    const said = new URLSearchParams({ ...plain, seed: String(plain.seed), steps: String(plain.steps), w: String(plain.w), sampler: kind });
    for (const [name, value] of Object.entries(options)) said.set(name, String(value));
    if (interval && String(interval) !== String(guidance.interval)) said.set("interval", interval.join(","));
    if (rescale !== undefined && rescale !== guidance.rescale) said.set("rescale", String(rescale));
    if (!plain.negative) said.delete("negative");
    history.replaceState(null, "", `#${said.toString().replaceAll("%2C", ",")}`);
  });
}

/** #prompt=a+red+apple&seed=7&steps=20&w=5&sampler=ddim&eta=0&grid=trailing: what is not understood is passed over. */
function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1)), { samplers, grids, most } = dials.value;
  /** @param {string} name @param {number} low @param {number} high */
  const number = (name, low, high) => {
    const value = Number(said.get(name) || NaN);
    return value >= low && value <= high ? value : undefined;
  };
  const found = /** @type {any} */ ({ seed: number("seed", 0, Number.MAX_SAFE_INTEGER), steps: number("steps", 1, most), w: number("w", -20, 40),
    rescale: number("rescale", 0, 1), prompt: said.get("prompt") ?? undefined, negative: said.get("negative") ?? undefined });
  const kind = said.get("sampler"), known = samplers.find((/** @type {any} */ one) => one.kind === kind);
  if (known) {
    found.sampler = sampler(known.kind);
    for (const one of known.options) {
      const value = said.get(one.name);
      if (value !== null) found.sampler[one.name] = typeof one.value === "number" ? Number(value) : value;
    }
  }
  if (grids.includes(said.get("grid"))) found.grid = said.get("grid");
  const interval = (said.get("interval") ?? "").split(",").map(Number);
  if (interval.length === 2 && interval.every((v) => v >= 0 && v <= 1)) found.interval = interval;
  change(Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)));
}
