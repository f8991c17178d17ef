// Frames from the server (sfumato/studio/frames.py): arrays with what they mean, read while they arrive.

/** @typedef {{type: string, arrays: Record<string, any>, [entry: string]: any}} Frame */

const TYPES = /** @type {Record<string, any>} */ ({
  f32: Float32Array, f64: Float64Array, u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array,
});
const text = new TextDecoder();

/** Half precision to single, where the browser has no Float16Array.
 * @param {Uint16Array} bits */
function widened(bits) {
  return Float32Array.from(bits, (b) => {
    const sign = b & 0x8000 ? -1 : 1, exponent = (b >> 10) & 31, part = b & 1023;
    if (exponent === 0) return sign * part * 2 ** -24;
    if (exponent === 31) return part ? NaN : sign * Infinity;
    return sign * (1 + part / 1024) * 2 ** (exponent - 15);
  });
}

/** @param {ArrayBuffer} buffer @param {number} at @param {any} entry */
function array(buffer, at, entry) {
  if (entry.dtype === "f16") return widened(new Uint16Array(buffer, at, entry.len / 2));
  const Type = TYPES[entry.dtype];
  return Type ? new Type(buffer, at, entry.len / Type.BYTES_PER_ELEMENT) : null;
}

/** The frame that begins the bytes, and where it ends; null while it is not all there.
 * @param {Uint8Array} bytes
 * @returns {{frame: Frame, end: number} | null} */
export function first(bytes) {
  if (bytes.length < 12) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  if (text.decode(bytes.subarray(0, 4)) !== "SFM1") throw new Error("the answer is no stream of frames");
  const start = 12 + view.getUint32(4, true), end = start + view.getUint32(8, true);
  if (bytes.length < end) return null;
  const header = JSON.parse(text.decode(bytes.subarray(12, start)));
  const body = bytes.slice(start, end).buffer;
  const arrays = Object.fromEntries(header.arrays.map((/** @type {any} */ e) => [e.name, array(body, e.off, e)]));
  return { frame: { ...header, arrays }, end };
}

/** The frames of an answer, each as soon as it is whole.
 * @param {Response} response
 * @returns {AsyncGenerator<Frame>} */
export async function* frames(response) {
  if (!response.body) return;
  const reader = response.body.getReader();
  let held = new Uint8Array(0), ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      const joined = new Uint8Array(held.length + value.length);
      joined.set(held);
      joined.set(value, held.length);
      held = joined;
      for (let found = first(held); found; found = first(held)) {
        held = held.slice(found.end);
        yield found.frame;
      }
    }
  } finally {
    if (!ended) reader.cancel().catch(() => {});
  }
}
