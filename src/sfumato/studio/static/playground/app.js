// The playground: a recipe at the left, the run in the middle, what can be asked of it at the right.

import { Menu, Status } from "../parts/page.js";
import { h, render } from "../parts/html.js";
import { followPrinting } from "../state/paper.js";
import { watch } from "../wire/api.js";
import { Evidence } from "./evidence.js";
import { History } from "./history.js";
import { listen } from "./keys.js";
import { Recipe } from "./recipe.js";
import { Stage } from "./stage.js";
import { begin } from "./settings.js";
import { refresh } from "./runs.js";

/** @param {string} id @param {any} Part */
const mount = (id, Part) => render(h(Part, {}), /** @type {Element} */ (document.getElementById(id)));

mount("status", Status);
mount("menu", Menu);
mount("recipe", Recipe);
mount("stage", Stage);
mount("history", History);
mount("evidence", Evidence);
watch();
followPrinting();
listen();
await begin();
await refresh();
