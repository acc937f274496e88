/**
 * The header of NumPy's file format `.npy`, versions 1 to 3.
 *
 * A file begins with `\x93NUMPY`, two bytes of version and the length of the header: 2 bytes in version 1,
 * 4 since; all little-endian. The header is a Python dictionary in text, such as
 * `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
 *
 * Source: NumPy Enhancement Proposal 1 and the documentation of `numpy.lib.format`.
 */
import type { ElementType } from "../../ir/element-type.js";

/** What a header says. */
export interface NpyHeader {
  readonly elementType: ElementType;
  readonly isBigEndian: boolean;
  /** The first index varies fastest. */
  readonly isFortran: boolean;
  readonly dims: readonly number[];
}

/** The first bytes of every `.npy` file. */
export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Longer headers describe records, which are refused anyway. */
export const MOST_HEADER_BYTES = 65_535;

const MOST_DIMS = 64;

/** NumPy's letter and size to our type; others cannot be handed to ONNX Runtime. */
const TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["b1", "bool"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
]);

/** The kinds that are refused, by NumPy's letter. */
const REFUSED: Readonly<Record<string, string>> = {
  O: "Python objects",
  S: "text",
  U: "text",
  a: "text",
  V: "records or raw bytes",
  M: "dates",
  m: "spans of time",
  c: "complex numbers",
};

/** Reads the text of a header; a text is the reason why it cannot be used. */
export function parseNpyHeader(text: string): NpyHeader | string {
  const entries = entriesOf(text);
  if (typeof entries === "string") {
    return entries;
  }
  const { descr = "", fortran_order: order = "", shape = "" } = entries;
  const type = typeOf(descr);
  if (typeof type === "string") {
    return type;
  }
  const dims = dimsOf(shape);
  if (dims === undefined || !/^(True|False)$/.test(order)) {
    return `its header is not one of NumPy: shape ${short(shape)}, fortran_order ${short(order)}`;
  }
  return { ...type, isFortran: order === "True", dims };
}

/** Key and value of a dictionary: a text, a word, a tuple or a list without brackets inside, in this order. */
const ENTRY = /\s*'(\w+)'\s*:\s*('[^']*'|\w+|\([^()]*\)|\[.*\])\s*(,|\})/sy;

/** The values by key, as they are written. */
function entriesOf(text: string): Readonly<Record<string, string>> | string {
  const found = new Map<string, string>();
  const pattern = new RegExp(ENTRY);
  pattern.lastIndex = text.indexOf("{") + 1;
  const isOpened = /^\s*\{/.test(text);
  for (let isClosed = false; !isClosed; ) {
    const match = isOpened ? pattern.exec(text) : null;
    const [, key = "", value = "", next = ""] = match ?? [];
    if (match === null || found.has(key)) {
      return `its header is not one of NumPy: ${short(text)}`;
    }
    found.set(key, value);
    isClosed = next === "}" || /^\s*\}/.test(text.slice(pattern.lastIndex));
  }
  return Object.fromEntries(found);
}

function typeOf(descr: string): Pick<NpyHeader, "elementType" | "isBigEndian"> | string {
  if (descr.startsWith("[")) {
    return "it holds records (a structured array): save one of their fields";
  }
  const [, order = "", kind = "", size = ""] =
    /^'([<>|]?)(\w)(\d*)(?:\[\w+\])?'$/.exec(descr) ?? [];
  const elementType = TYPES.get(`${kind}${size}`);
  if (elementType !== undefined) {
    return { elementType, isBigEndian: order === ">" };
  }
  const words = REFUSED[kind];
  return words === undefined
    ? `its element type ${short(descr)} has no counterpart in ONNX Runtime`
    : `it holds ${words} (${short(descr)}), not numbers`;
}

/** The sizes of a tuple, `()`, `(3,)` or `(3, 4)`; old versions of Python wrote `3L`. */
function dimsOf(shape: string): readonly number[] | undefined {
  const inside = /^\(([\dL,\s]*)\)$/.exec(shape)?.[1];
  const parts = inside?.split(",").map((part) => part.trim());
  // A tuple of one size has a comma behind it.
  const sizes = parts?.at(-1) === "" ? parts.slice(0, -1) : parts;
  const isTuple = sizes?.every((size) => /^\d{1,16}L?$/.test(size)) === true;
  return !isTuple || sizes.length > MOST_DIMS
    ? undefined
    : sizes.map((size) => Number(size.replace("L", "")));
}

/** A piece of a header for a message. */
function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text.trim() || "nothing";
}
