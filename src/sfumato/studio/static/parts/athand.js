// What was looked up among the pictures at hand, in words: the rule's answer, where was looked, and whose the rule is.

import { info } from "../wire/api.js";
import { significant } from "./numbers.js";

/** A whole number in groups of three. @param {number} n */
export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** Among what was looked, and whose the rule is. @param {any} said */
export function told(said) {
  const away = said.learnt.filter((/** @type {any} */ one) => !one.here), name = info.value?.model?.name ?? "the model";
  const list = away.map((/** @type {any} */ one) => `${one.name}${one.pictures ? ` (${grouped(one.pictures)})` : ""}`).join(", ");
  const rule = `The rule is made of ${grouped(said.held_out)} real pictures of ${said.ruler} that are held out from training, against ${grouped(said.train)}.`;
  if (!said.files.length) return `Looked among the ${said.count} pictures that come with this page; no model was trained on them. ${away.length ? `What ${name} was trained on does not come with it: ${list}. ` : ""}Start the studio with --data CORPUS to look among training pictures. ${rule}`;
  const rest = away.length ? `Of what ${name} was trained on, this is not at hand: ${list}. ` : said.learnt.length ? `It is all that ${name} was trained on. ` : "";
  return `Looked among the ${grouped(said.count)} training pictures of ${said.files.join(", ")}. ${rest}${rule}`;
}

/** @param {any} said */
export function verdict(said) {
  const { nearest, threshold, copied } = said.numbers;
  return `${copied ? "Called copied" : "Not called copied"}: ${significant(nearest)} grey levels from the nearest of ${grouped(said.count)}, and 99 % of real pictures are farther than ${significant(threshold)} from theirs.`;
}

/** How far the opening of the pictures is. @param {any} frame */
export const opening = (frame) => `The pictures are being opened, which is done once${frame.total ? `: ${frame.what}, ${frame.done} of ${frame.total}` : ""}.`;
