// Write the article's formulas as MathML, in place: each <math data-tex="..."> keeps its source and gets its content.
//
//   npm install temml@0.13 in a scratch folder, then: node scripts/studio_maths.mjs SCRATCH/node_modules [--check]
//
// \class{signal}{...} colours by role; \class{live-jump-t}{250} is a number that the page keeps up to date.
// --check changes nothing and exits with 1 where a formula is not what its source says.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, flag] = process.argv.slice(2);
const temml = (await import(pathToFileURL(resolve(modules, "temml/dist/temml.mjs")).href)).default;
const folder = join(import.meta.dirname, "../src/sfumato/studio/static/article");
let stale = 0;

for (const name of readdirSync(folder).filter((file) => file.endsWith(".html"))) {
  const path = join(folder, name), before = readFileSync(path, "utf8");
  const after = before.replace(/<math ([^>]*?)data-tex="([^"]*)"([^>]*)>[\s\S]*?<\/math>/g, (_, first, tex, last) => {
    const display = /display="block"/.test(first + last);
    const made = temml.renderToString(tex, { displayMode: display, trust: true, throwOnError: true });
    const inner = made.replace(/^<math[^>]*>/, "").replace(/<\/math>$/, "").replace(/ style="[^"]*"/g, "");
    return `<math ${first}data-tex="${tex}"${last}>${inner}</math>`;
  });
  if (after === before) continue;
  stale++;
  if (flag === "--check") console.log(`${name}: a formula is not what its source says`);
  else writeFileSync(path, after);
}
process.exit(flag === "--check" && stale ? 1 : 0);
