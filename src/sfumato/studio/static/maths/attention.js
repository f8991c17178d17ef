// Maps of attention as sfumato/studio/attention.py reads them: means over heads and layers, changes, and their ranks.

/** @typedef {{name: string, shape: number[], weights: Float32Array}} Layer shape: heads, tokens, height, width */

/** The weights on one token: of one layer or the mean of all (-1), of one head or the mean of all (-1), on the finest grid.
 * @param {Layer[]} layers @param {number} token @param {number} layer @param {number} head */
export function mapOf(layers, token, layer, head) {
  const side = Math.max(...layers.map((one) => one.shape[3])), chosen = layer < 0 ? layers : [layers[layer]];
  const out = new Float64Array(side * side);
  for (const { shape: [heads, tokens, h, w], weights } of chosen) {
    const by = side / w, of = head < 0 ? Array.from({ length: heads }, (_, k) => k) : [head];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (const k of of) out[y * side + x] += weights[((k * tokens + token) * h + Math.floor(y / by)) * w + Math.floor(x / by)] / of.length / chosen.length;
  }
  return out;
}

/** The mean of each block, on a grid of `side`. @param {Float32Array} x @param {number[]} size @param {number} side */
export function coarser(x, [h, w], side) {
  const by = w / side, out = new Float64Array((h / by) * side);
  for (let y = 0; y < h; y++) for (let c = 0; c < w; c++) out[Math.floor(y / by) * side + Math.floor(c / by)] += x[y * w + c] / by / by;
  return out;
}

/** Mean ranks, from 0. @param {ArrayLike<number>} x */
function ranks(x) {
  const order = Array.from(x, (_, k) => k).sort((a, b) => x[a] - x[b]), out = new Float64Array(x.length);
  for (let k = 0; k < order.length; ) {
    let end = k;
    while (end + 1 < order.length && x[order[end + 1]] === x[order[k]]) end++;
    for (let j = k; j <= end; j++) out[order[j]] = (k + end) / 2;
    k = end + 1;
  }
  return out;
}

/** The correlation of ranks; 0 where one does not vary. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function spearman(a, b) {
  const middle = (a.length - 1) / 2, one = ranks(a).map((v) => v - middle), other = ranks(b).map((v) => v - middle);
  const sum = (/** @type {Float64Array} */ p, /** @type {Float64Array} */ q) => p.reduce((s, v, k) => s + v * q[k], 0), lengths = Math.sqrt(sum(one, one) * sum(other, other));
  return lengths > 0 ? sum(one, other) / lengths : 0;
}
