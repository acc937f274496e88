import { productOf } from "../core/product.js";
import { bytesOf, type ElementType, elementTypeOf } from "../ir/element-type.js";
import type { ByteSource } from "./byte-source.js";
import { decodeElements } from "./decode-elements.js";
import type { Dim, NonTensor, OnnxTensor, Payload, ValueInfo } from "./model.js";
import { decodeMark, PAYLOAD_FIELDS, type Piece, WHOLE_BYTES } from "./skeleton.js";
import {
  addIntegers,
  eachField,
  integerAt,
  MARK_FIELD,
  messageAt,
  type Span,
  textAt,
  type WireField,
} from "./wire.js";
import { WireError } from "./wire-error.js";

/** Longest accepted name. */
export const MAX_NAME_BYTES: number = 65_536;

const MAX_DIMS = 64;

/** Memory of a tensor's or value's record, apart from its names. */
const RECORD_CHARGE = 128;

/** Longest text element of a tensor. */
const MAX_TEXT_BYTES = 2 ** 24;

/** Longest list of pieces: a typed field is one piece, unless others stand between its parts. */
const MAX_PIECES = 65_536;

/** Reads a TensorProto, its payload only where it is small. Fails: `WireError`. */
export function decodeTensor(source: ByteSource, span: Span): OnnxTensor {
  const dims: number[] = [];
  const strings: string[] = [];
  const pieces: Piece[] = [];
  const external = new Map<string, string>();
  let name = "";
  let dataType = 0;
  let isExternal = false;
  let hasMark = false;
  source.charge(RECORD_CHARGE, span.offset);
  eachField(source, span, (field) => {
    if (field.number === 1) {
      addIntegers(source, field, dims, MAX_DIMS);
    } else if (field.number === 2) {
      dataType = integerAt(source, field);
    } else if (field.number === 6) {
      strings.push(textAt(source, field, MAX_TEXT_BYTES));
    } else if (field.number === 8) {
      name = textAt(source, field, MAX_NAME_BYTES);
    } else if (field.number === 13) {
      addEntry(source, messageAt(field), external);
    } else if (field.number === 14) {
      isExternal = integerAt(source, field) === 1;
    } else if (field.number === MARK_FIELD) {
      hasMark = true;
      pieces.push(decodeMark(source, messageAt(field)));
    } else if (PAYLOAD_FIELDS.has(field.number)) {
      addPiece(field, pieces);
    }
  });
  const elementType = elementTypeOf(dataType);
  if (elementType === undefined) {
    throw new WireError(`tensor "${name}" of unknown data type ${dataType}`, span.offset);
  }
  if (dims.some((size) => size < 0)) {
    throw new WireError(`tensor "${name}" with a negative size`, span.offset);
  }
  if (isExternal) {
    return { name, elementType, dims, payload: externalPayload(external, name, span) };
  }
  if (strings.length > 0) {
    return { name, elementType, dims, payload: { kind: "strings", values: strings } };
  }
  const elements = { elementType, dims, pieces, hasMark };
  const payload = payloadOf(source, elements);
  if (payload === undefined) {
    const what = `tensor "${name}" has more or fewer elements than its dims [${dims}] say`;
    throw new WireError(what, span.offset);
  }
  return { name, elementType, dims, payload };
}

/** Adds a payload field; fields of one number that follow each other are one piece. */
function addPiece(field: WireField, pieces: Piece[]): void {
  const { number, tagOffset, offset } = field;
  if (number === 9) {
    messageAt(field);
  }
  const end = offset + field.bytes;
  const last = pieces.at(-1);
  if (last?.field === number && last.offset + last.bytes === tagOffset && number !== 9) {
    pieces[pieces.length - 1] = { ...last, bytes: end - last.offset };
  } else if (pieces.length === MAX_PIECES) {
    throw new WireError(`a tensor in more than ${MAX_PIECES} pieces`, tagOffset);
  } else {
    pieces.push({ field: number, offset: tagOffset, bytes: end - tagOffset, valueAt: offset });
  }
}

/** Where the elements of a tensor are outside of the model. A length of 0 stands for none, as for ONNX Runtime. */
function externalPayload(
  external: ReadonlyMap<string, string>,
  name: string,
  { offset: at }: Span,
): Payload {
  const numberOf = (key: string): number => {
    const text = external.get(key) ?? "0";
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new WireError(`tensor "${name}" with external data of ${key} "${text}"`, at);
    }
    return value;
  };
  const length = numberOf("length");
  return {
    kind: "external",
    location: external.get("location") ?? "",
    offset: numberOf("offset"),
    bytes: length === 0 ? undefined : length,
  };
}

interface Elements {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly pieces: readonly Piece[];
  /** The pieces are in the file, not in the given source. */
  readonly hasMark: boolean;
}

/** `undefined`: the elements contradict the dims. */
function payloadOf(source: ByteSource, elements: Elements): Payload | undefined {
  const { elementType, dims, pieces, hasMark } = elements;
  const count = productOf(dims);
  const total = bytesOf(elementType, count);
  // Of several raw fields the last one counts, as in every protobuf reader.
  const raw = pieces.findLast(({ field }) => field === 9);
  if (raw !== undefined) {
    const bytes = raw.offset + raw.bytes - raw.valueAt;
    if (bytes !== total) {
      return bytes === 0 ? { kind: "absent" } : undefined;
    }
    return bytes <= WHOLE_BYTES && !hasMark
      ? { kind: "inline", bytes: source.copy(raw.valueAt, bytes) }
      : { kind: "file", offset: raw.valueAt, bytes };
  }
  if (pieces.length === 0) {
    return count === 0 ? { kind: "inline", bytes: new Uint8Array() } : { kind: "absent" };
  }
  const coded = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  if (coded > WHOLE_BYTES || hasMark) {
    return { kind: "coded", pieces };
  }
  const bytes = decodeElements(source, pieces, elementType, count);
  return bytes === undefined ? undefined : { kind: "inline", bytes };
}

/** Reads a SparseTensorProto: a tensor of its name, type and dense dims. */
export function decodeSparseTensor(source: ByteSource, span: Span): OnnxTensor {
  const dims: number[] = [];
  let values: OnnxTensor | undefined;
  let indices: OnnxTensor | undefined;
  eachField(source, span, (field) => {
    if (field.number === 1) {
      values = decodeTensor(source, messageAt(field));
    } else if (field.number === 2) {
      indices = decodeTensor(source, messageAt(field));
    } else if (field.number === 3) {
      addIntegers(source, field, dims, MAX_DIMS);
    }
  });
  if (values === undefined) {
    throw new WireError("a sparse tensor without values", span.offset);
  }
  const { name, elementType } = values;
  const payload: Payload =
    indices === undefined ? { kind: "absent" } : { kind: "sparse", values, indices };
  return { name, elementType, dims, payload };
}

/** Adds one StringStringEntryProto. */
function addEntry(source: ByteSource, span: Span, into: Map<string, string>): void {
  let key = "";
  let value = "";
  eachField(source, span, (field) => {
    if (field.number === 1) {
      key = textAt(source, field, MAX_NAME_BYTES);
    } else if (field.number === 2) {
      value = textAt(source, field, MAX_NAME_BYTES);
    }
  });
  into.set(key, value);
}

/** Reads a ValueInfoProto. Fails: `WireError`. */
export function decodeValueInfo(source: ByteSource, span: Span): ValueInfo {
  let name = "";
  let type: { elementType: number; dims: Dim[] | undefined } | undefined;
  let other: NonTensor | undefined;
  source.charge(RECORD_CHARGE, span.offset);
  eachField(source, span, (field) => {
    if (field.number === 1) {
      name = textAt(source, field, MAX_NAME_BYTES);
    } else if (field.number === 2) {
      eachField(source, messageAt(field), (kind) => {
        if (kind.number === 1) {
          type = decodeTensorType(source, messageAt(kind));
        }
        other ??= NON_TENSORS[kind.number];
      });
    }
  });
  return {
    name,
    elementType: type === undefined ? undefined : elementTypeOf(type.elementType),
    dims: type?.dims,
    ...(other === undefined ? {} : { other }),
  };
}

/** Fields of TypeProto for what is no tensor. */
const NON_TENSORS: Readonly<Record<number, NonTensor>> = {
  4: "a sequence",
  5: "a map",
  7: "opaque",
  8: "a sparse tensor",
  9: "an optional value",
};

function decodeTensorType(
  source: ByteSource,
  span: Span,
): { elementType: number; dims: Dim[] | undefined } {
  let elementType = 0;
  let dims: Dim[] | undefined;
  eachField(source, span, (field) => {
    if (field.number === 1) {
      elementType = integerAt(source, field);
    } else if (field.number === 2) {
      dims = [];
      eachField(source, messageAt(field), (dim) => {
        if (dim.number === 1) {
          dims?.push(decodeDim(source, messageAt(dim)));
        }
      });
    }
  });
  return { elementType, dims };
}

function decodeDim(source: ByteSource, span: Span): Dim {
  let result: Dim;
  eachField(source, span, (field) => {
    if (field.number === 1) {
      const size = integerAt(source, field);
      result = size < 0 ? undefined : size;
    } else if (field.number === 2) {
      const name = textAt(source, field, MAX_NAME_BYTES);
      result = name === "" ? undefined : name;
    }
  });
  return result;
}
