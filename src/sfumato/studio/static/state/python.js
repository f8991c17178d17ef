// Copy as Python: what every figure's code begins with, so that it runs as it stands and prints the read-outs.

import { PHOTOS } from "./reader.js";

/** Lines of Python. `modules` are imported whole ("numpy as np"), `names` from a module ("sfumato.rng normal").
 * @param {string[]} modules @param {string[]} names @param {string} body which may use x_0 and eps
 * @param {{seed: number, photo: string}} reader */
export function python(modules, names, body, { seed, photo }) {
  const ours = PHOTOS.includes(photo);
  const wanted = [...names, "sfumato rng", `sfumato.studio.photo ${ours ? "x_0 as shipped" : body.includes("shipped(") ? "read_photo, signed, x_0 as shipped" : "read_photo, signed"}`].sort();
  return `${[...modules.map((m) => `import ${m}`), "", ...wanted.map(from)].join("\n")}

x_0 = ${pictured(photo)}
eps = rng.normal(${seed}, x_0.shape, stream=rng.INITIAL)
${body.trim()}
`;
}

/** Lines that begin with the network's `answer` about a noisy photo. @param {string} name what else is imported, as above
 * @param {string} body @param {{seed: number, photo: string, t: number, source?: string}} reader */
export function answered(name, body, { seed, photo, t, source }) {
  const own = bytes(photo);
  return `import sfumato
${["sfumato.studio.denoise denoise", `sfumato.studio.photo ${own.name}`, name].sort().map(from).join("\n")}

photo = ${own.text}
model = sfumato.load("${source ?? "tavola"}")
answer = denoise(model, photo, seed=${seed}, i=${t})
${body.trim()}
`;
}

/** "module name" as an import. @param {string} line */
const from = (line) => line.replace(/^(\S+) (.*)$/, "from $1 import $2");

/** The current schedule in Python: what to import, and the expression.
 * @param {{kind: string}} asked @param {number[]} points */
export function made(asked, points) {
  if (asked.kind === "custom") return { from: "sfumato.studio.custom schedule_through", text: `schedule_through((${points.join(", ")}))` };
  return { from: "sfumato.process.schedules schedule_from", text: `schedule_from({"kind": "${asked.kind}"})` };
}

/** A photo's bytes in Python, by its name here: what to import, and the expression. @param {string} name */
export function bytes(name) {
  return PHOTOS.includes(name) ? { name: "shipped", text: `shipped("${name}")` }
    : { name: "read_photo", text: 'read_photo(open("my-photo.jpg", "rb").read())' };
}

/** The same as numbers in [-1, 1]; of ours `shipped` is imported so. @param {string} name */
function pictured(name) {
  return PHOTOS.includes(name) ? bytes(name).text : `signed(${bytes(name).text})`;
}
