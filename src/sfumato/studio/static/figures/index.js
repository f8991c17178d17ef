// The figures by the name that stands in the text: <div class="figure" data-figure="jump">. One line each.

export const FIGURES = /** @type {Record<string, () => Promise<{default: any}>>} */ ({
  staircase: () => import("./staircase.js"),
  schedules: () => import("./schedules.js"),
  jump: () => import("./jump.js"),
  twophotos: () => import("./twophotos.js"),
  futures: () => import("./futures.js"),
  xray: () => import("./xray.js"),
  faces: () => import("./faces.js"),
  triangle: () => import("./triangle.js"),
  film: () => import("./film.js"),
  race: () => import("./race.js"),
  words: () => import("./words.js"),
  attention: () => import("./attention.js"),
  guidance: () => import("./guidance.js"),
  code: () => import("./code.js"),
  lie: () => import("./lie.js"),
  machine: () => import("./machine.js"),
  losses: () => import("./losses.js"),
  straight: () => import("./straight.js"),
  copies: () => import("./copies.js"),
});
