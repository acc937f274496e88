/** Tensors as NumPy's `.npy` files. */
import type { ElementType } from "../../ir/element-type.js";
import { bytesOf } from "../../ir/element-type.js";
import type { FileWindow } from "../../onnx/file-window.js";
import { elementCount, type TensorData } from "../tensor-data.js";
import { rowMajor, swapped } from "./element-order.js";
import { MOST_HEADER_BYTES, NPY_MAGIC, type NpyHeader, parseNpyHeader } from "./npy-header.js";

/** Whether a file begins like one of NumPy. */
export function isNpy(file: FileWindow): boolean {
  return file.bytes >= NPY_MAGIC.length && NPY_MAGIC.every((byte, at) => file.byteAt(at) === byte);
}

/**
 * The array in a `.npy` file; a text is the reason why it cannot be read.
 *
 * Requires: `isNpy(file)`. Ensures: no more memory is taken than twice the file has. Throws `WireError`
 * where reading the file fails.
 */
export function readNpy(file: FileWindow): TensorData | string {
  const head = headerOf(file);
  if (typeof head === "string") {
    return head;
  }
  const { header, begin } = head;
  const { elementType, dims, isBigEndian, isFortran } = header;
  const wanted = bytesOf(elementType, elementCount(dims));
  const there = file.bytes - begin;
  if (wanted !== there) {
    return `its header asks for ${wanted} bytes of elements, and ${there} follow`;
  }
  const width = bytesOf(elementType, 1);
  const raw = file.copy(begin, wanted);
  const little = isBigEndian ? swapped(raw, width) : raw;
  const bytes = isFortran ? rowMajor(little, dims, width) : little;
  return { elementType, dims, bytes: elementType === "bool" ? bytes.map(zeroOrOne) : bytes };
}

function zeroOrOne(byte: number): number {
  return byte === 0 ? 0 : 1;
}

/** The header, and where the elements begin. */
function headerOf(
  file: FileWindow,
): { readonly header: NpyHeader; readonly begin: number } | string {
  const version = file.bytes > 7 ? file.byteAt(6) : 0;
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (version < 1 || version > 3) {
    return `is of version ${version} of NumPy's format; 1 to 3 are known`;
  }
  let length = 0;
  for (let at = 0; at < lengthBytes && 8 + at < file.bytes; at++) {
    length += file.byteAt(8 + at) * 256 ** at;
  }
  if (length > MOST_HEADER_BYTES) {
    return `its header has ${length} bytes, more than any array of numbers needs`;
  }
  if (start + length > file.bytes) {
    return "ends inside its header";
  }
  const header = parseNpyHeader(file.text(start, length));
  return typeof header === "string" ? header : { header, begin: start + length };
}

/** NumPy's names of the types that cross sessions. */
const DESCRIPTIONS: ReadonlyMap<ElementType, string> = new Map<ElementType, string>([
  ["bool", "|b1"],
  ["int8", "|i1"],
  ["uint8", "|u1"],
  ["int16", "<i2"],
  ["uint16", "<u2"],
  ["int32", "<i4"],
  ["uint32", "<u4"],
  ["int64", "<i8"],
  ["uint64", "<u8"],
  ["float16", "<f2"],
  ["float32", "<f4"],
  ["float64", "<f8"],
]);

/** Elements begin at a multiple of this. */
const ALIGNMENT = 64;

/** The head of a `.npy` file of version 1; the elements follow. `undefined`: NumPy has no such type. */
export function npyHead({ elementType, dims }: TensorData): Uint8Array | undefined {
  const description = DESCRIPTIONS.get(elementType);
  if (description === undefined) {
    return undefined;
  }
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': ${shape}, }`;
  const end = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const length = end - 10;
  const header = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  return Uint8Array.from([...NPY_MAGIC, 1, 0, length & 0xff, length >>> 8, ...header]);
}
