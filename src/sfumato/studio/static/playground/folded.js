// Attention by layer and head, folded into one map for each word.

/** A map for each word: of one layer and head, or means over all, on the finest of their grids.
 * @param {any} said @param {Float32Array[]} maps @param {number} layer -1: all @param {number} head -1: all */
export function folded(said, maps, layer, head) {
  const taken = layer < 0 ? maps.map((_, j) => j) : [layer], across = Math.max(...taken.map((j) => said.shapes[j][3])), down = Math.max(...taken.map((j) => said.shapes[j][2]));
  const words = said.words.map(() => new Float32Array(across * down));
  for (const j of taken) {
    const [heads, count, height, width] = said.shapes[j], chosen = head < 0 ? Array.from({ length: heads }, (_, n) => n) : [head];
    for (const n of chosen) for (let m = 0; m < count; m++) for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) {
      const from = ((n * count + m) * height + Math.floor((y * height) / down)) * width + Math.floor((x * width) / across);
      words[m][y * across + x] += maps[j][from] / (chosen.length * taken.length);
    }
  }
  return { maps: /** @type {Float32Array[]} */ (words), across };
}
