// The page: figures wake when they come near, numbers in the text are filled in, the rail shows where the reader is.

import { FIGURES } from "./figures/index.js";
import { fillIn, followNetwork } from "./article/live.js";
import { Menu, Promised, Reader, Status } from "./parts/page.js";
import { Print } from "./parts/print.js";
import { h, render } from "./parts/html.js";
import { followPrinting } from "./state/paper.js";
import { photo, readAddress, section, take, writeAddress } from "./state/reader.js";
import { watch } from "./wire/api.js";

/** Each on its own: a script that does not come keeps no other figure waiting.
 * @param {HTMLElement} place */
async function mount(place) {
  const { default: Figure } = await FIGURES[place.dataset.figure ?? ""]();
  if (place.dataset.awake) return;
  render(h(Figure, {}), place);
  stick(place);
  place.dataset.awake = "yes";
}

/** Mount each figure when it is less than two screens away. */
function wake() {
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const place = /** @type {HTMLElement} */ (target);
      if (!isIntersecting || !FIGURES[place.dataset.figure ?? ""]) continue;
      near.unobserve(place);
      mount(place);
    }
  }, { rootMargin: "200% 0px" });
  for (const place of document.querySelectorAll("[data-figure]")) near.observe(place);
}

/** A figure stays beside its text; one taller than the screen stays where its foot can be seen.
 * @param {HTMLElement} place */
function stick(place) {
  const settle = () => (place.style.top = `${Math.min(68, innerHeight - place.offsetHeight - 12)}px`);
  new ResizeObserver(settle).observe(place);
  addEventListener("resize", settle);
}

/** The section in the middle of the screen is the current one, in the rail and in the address. */
function follow() {
  const all = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("section.step"));
  const rail = document.getElementById("rail");
  render(h("ol", {}, [...all].map((s) => h("li", {}, h("a", { href: `#${s.id}` }, `${s.id.slice(1).replace("-", ".")} ${s.dataset.title}`)))), /** @type {Element} */ (rail));
  const watching = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      section.value = target.id;
      for (const link of rail?.querySelectorAll("a") ?? []) {
        if (link.getAttribute("href") === `#${target.id}`) link.setAttribute("aria-current", "location");
        else link.removeAttribute("aria-current");
      }
    }
  }, { rootMargin: "-45% 0px -45%" });
  for (const one of all) watching.observe(one);
}

const asked = readAddress();
render(h(Status, {}), /** @type {Element} */ (document.getElementById("status")));
render(h(Menu, { more: h(Print, { wake: mount }) }), /** @type {Element} */ (document.getElementById("menu")));
render(h(Promised, {}), /** @type {Element} */ (document.getElementById("promise")));
render(h(Reader, {}), /** @type {Element} */ (document.getElementById("reader")));
watch();
followPrinting();
followNetwork();
await take(photo.value);
wake();
follow();
fillIn();
if (asked) document.getElementById(asked)?.scrollIntoView();
section.value = asked;
writeAddress();
