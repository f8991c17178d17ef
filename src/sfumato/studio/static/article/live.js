// The numbers in the text: computed here, now, by the same code as the figures. <span data-live="linear.steepest">.

import { effect } from "../parts/html.js";
import { fixed, power, signedly, significant } from "../parts/numbers.js";
import { KINDS, schedules } from "../state/reader.js";
import { info } from "../wire/api.js";

/** Everything that can be said of one schedule, by name.
 * @type {Record<string, (s: import("../maths/schedule.js").Schedule) => string>} */
const SAID = {
  std1: (s) => fixed(Math.sqrt(s.beta[1])),
  grey1: (s) => fixed(127.5 * Math.sqrt(s.beta[1]), 1),
  db250: (s) => signedly(s.db(250)),
  noise250: (s) => fixed(100 * (1 - s.alphaBar(250)), 0),
  growth: (s) => significant(s.beta[1000] / s.beta[1]),
  steepest: (s) => String(s.steepest),
  even: (s) => String(s.even),
  below: (s) => fixed(100 * s.below(-20), 1),
  last: (s) => power(10 ** (s.db(1000) / 10)),
};

/** Fill in every number of the text that speaks of a schedule. Figures fill in their own. */
export function fillIn() {
  for (const place of document.querySelectorAll("[data-live]")) {
    const [kind, name] = (place.getAttribute("data-live") ?? "").split(".");
    if (KINDS.includes(kind) && SAID[name]) place.textContent = SAID[name](schedules.value[kind]);
  }
}

/** Show the words that are true of the kind of network at work: .of-unet until it is known, .of-dit of a transformer. */
export function followNetwork() {
  effect(() => {
    const network = info.value?.model?.network;
    if (network) document.documentElement.dataset.network = network;
  });
}
