/** Elements in another order of bytes or of indices. */

/** The same elements with the bytes of each in the opposite order. Cost: a copy. */
export function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += width) {
    for (let byte = 0; byte < width; byte++) {
      result[at + byte] = bytes[at + width - 1 - byte] ?? 0;
    }
  }
  return result;
}

/**
 * Elements whose first index varies fastest, in the order in which the last one does.
 *
 * Requires: as many elements as `dims` say, `width` bytes each. Cost: a copy.
 */
export function rowMajor(bytes: Uint8Array, dims: readonly number[], width: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  const strides = dims.map((_, axis) =>
    dims.slice(0, axis).reduce((product, size) => product * size, width),
  );
  const index = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let to = 0; to < bytes.length; to += width) {
    for (let byte = 0; byte < width; byte++) {
      result[to + byte] = bytes[from + byte] ?? 0;
    }
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis] ?? 0;
      index[axis] = (index[axis] ?? 0) + 1;
      if (index[axis] !== dims[axis]) {
        break;
      }
      from -= (strides[axis] ?? 0) * (dims[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return result;
}
