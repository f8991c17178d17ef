// The figures by the name that stands in the text: <div class="figure" data-figure="jump">. One line each.

export const FIGURES = /** @type {Record<string, () => Promise<{default: any}>>} */ ({
  schedules: () => import("./schedules.js"),
  jump: () => import("./jump.js"),
});
