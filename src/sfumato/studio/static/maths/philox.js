// Random numbers as a pure function of (seed, stream, step, draw, element): the twin of sfumato/rng.py, word for word.
// Philox4x32-10 (Salmon et al. 2011). Words and uniforms are exact; normals agree to one unit in float32's last place.

export const INITIAL = 0, SAMPLER = 1, DATA = 2;

const M0 = 0xd2511f53, M1 = 0xcd9e8d57, W0 = 0x9e3779b9, W1 = 0xbb67ae85;

/** The upper 32 bits of a 32 x 32-bit product, by halves: every part stays below 2^32.
 * @param {number} a @param {number} b */
function high(a, b) {
  const al = a & 0xffff, ah = a >>> 16, bl = b & 0xffff, bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  return (ah * bh + (middle >>> 16) + (other >>> 16)) >>> 0;
}

/** The first n random words of one (seed, stream, step, draw).
 * @param {number} seed a whole number from 0 to 2^53
 * @param {number} n
 * @param {{stream: number, step?: number, draw?: number}} where */
export function words(seed, n, { stream, step = 0, draw = 0 }) {
  const blocks = Math.ceil(n / 4), out = new Uint32Array(4 * blocks);
  const key0 = seed >>> 0, key1 = Math.floor(seed / 4294967296) >>> 0;
  for (let block = 0; block < blocks; block++) {
    let c0 = block, c1 = step, c2 = stream, c3 = draw, k0 = key0, k1 = key1;
    for (let round = 0; round < 10; round++) {
      const h0 = high(M0, c0), l0 = Math.imul(M0, c0), h1 = high(M1, c2), l1 = Math.imul(M1, c2);
      c0 = (h1 ^ c1 ^ k0) >>> 0;
      c1 = l1 >>> 0;
      c2 = (h0 ^ c3 ^ k1) >>> 0;
      c3 = l0 >>> 0;
      k0 = (k0 + W0) >>> 0;
      k1 = (k1 + W1) >>> 0;
    }
    out[4 * block] = c0;
    out[4 * block + 1] = c1;
    out[4 * block + 2] = c2;
    out[4 * block + 3] = c3;
  }
  return out.subarray(0, n);
}

/** Standard normal numbers by Box and Muller, cosine first, in float64, rounded to float32.
 * @param {number} seed @param {number} n
 * @param {{stream: number, step?: number, draw?: number}} where */
export function normal(seed, n, where) {
  const even = n + (n % 2), drawn = words(seed, even, where), out = new Float32Array(even);
  for (let e = 0; e < even; e += 2) {
    const radius = Math.sqrt(-2 * Math.log((drawn[e] + 0.5) * 2 ** -32));
    const angle = 2 * Math.PI * ((drawn[e + 1] + 0.5) * 2 ** -32);
    out[e] = radius * Math.cos(angle);
    out[e + 1] = radius * Math.sin(angle);
  }
  return out.subarray(0, n);
}
