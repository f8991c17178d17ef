// What every part is made of: preact, signals and htm, kept under vendor/ with their licences.

import { h, render } from "../vendor/preact.js";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { batch, computed, effect, signal } from "../vendor/signals.js";
import htm from "../vendor/htm.js";

export { batch, computed, effect, h, render, signal, useEffect, useLayoutEffect, useMemo, useRef, useState };

/** Elements as they are written in HTML: html`<p class="a">${text}</p>`. */
export const html = /** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */ (/** @type {any} */ (htm).bind(h));
