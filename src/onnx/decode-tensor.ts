import { elementTypeOf } from "../ir/element-type.js";
import type { FileWindow } from "./file-window.js";
import type { Dim, OnnxTensor, Payload, ValueInfo } from "./model.js";
import {
  addIntegers,
  bytesAt,
  eachField,
  integerAt,
  type Span,
  textAt,
  WireError,
  type WireField,
} from "./wire.js";

/** Longest name that is believed. */
export const MAX_NAME_BYTES: number = 65_536;

/** Payloads up to this size are held in memory: shape constants, scalars, small weights. */
const INLINE_BYTES = 4096;

const MAX_DIMS = 64;

/** TensorProto fields that hold elements: float, int32, string, int64, raw, double, uint64. */
const CODED_FIELDS: ReadonlySet<number> = new Set([4, 5, 7, 10, 11]);

/** Reads a TensorProto, its payload only where it is small. Fails: `WireError`. */
export function decodeTensor(file: FileWindow, span: Span): OnnxTensor {
  const dims: number[] = [];
  const strings: string[] = [];
  const pieces: { field: number; offset: number; bytes: number }[] = [];
  const external = new Map<string, string>();
  let name = "";
  let dataType = 0;
  let raw: Span | undefined;
  let isExternal = false;
  eachField(file, span, (field) => {
    if (field.number === 1) {
      addIntegers(file, field, dims, MAX_DIMS);
    } else if (field.number === 2) {
      dataType = integerAt(file, field);
    } else if (field.number === 6) {
      strings.push(textAt(file, field, MAX_NAME_BYTES));
    } else if (field.number === 8) {
      name = textAt(file, field, MAX_NAME_BYTES);
    } else if (field.number === 9) {
      raw = field;
    } else if (field.number === 13) {
      addEntry(file, field, external);
    } else if (field.number === 14) {
      isExternal = integerAt(file, field) === 1;
    } else if (CODED_FIELDS.has(field.number)) {
      pieces.push({
        field: field.number,
        offset: field.tagOffset,
        bytes: field.offset + field.bytes - field.tagOffset,
      });
    }
  });
  const elementType = elementTypeOf(dataType);
  if (elementType === undefined) {
    throw new WireError(`tensor data type ${dataType}`, span.offset);
  }
  if (dims.some((size) => size < 0)) {
    throw new WireError(`tensor "${name}" with a negative size`, span.offset);
  }
  const payload = payloadOf(file, { raw, pieces, strings, external, isExternal });
  return { name, elementType, dims, payload };
}

interface Elements {
  readonly raw: Span | undefined;
  readonly pieces: readonly { field: number; offset: number; bytes: number }[];
  readonly strings: readonly string[];
  readonly external: ReadonlyMap<string, string>;
  readonly isExternal: boolean;
}

function payloadOf(file: FileWindow, elements: Elements): Payload {
  const { raw, pieces, strings, external } = elements;
  if (elements.isExternal) {
    const length = external.get("length");
    return {
      kind: "external",
      location: external.get("location") ?? "",
      offset: Number(external.get("offset") ?? 0),
      bytes: length === undefined ? undefined : Number(length),
    };
  }
  if (raw !== undefined) {
    return raw.bytes <= INLINE_BYTES
      ? { kind: "inline", bytes: file.copy(raw.offset, raw.bytes) }
      : { kind: "file", offset: raw.offset, bytes: raw.bytes };
  }
  if (strings.length > 0) {
    return { kind: "strings", values: strings };
  }
  return pieces.length > 0 ? { kind: "coded", pieces } : { kind: "absent" };
}

/** Adds one StringStringEntryProto. */
export function addEntry(file: FileWindow, span: Span, into: Map<string, string>): void {
  let key = "";
  let value = "";
  eachField(file, span, (field) => {
    if (field.number === 1) {
      key = textAt(file, field, MAX_NAME_BYTES);
    } else if (field.number === 2) {
      value = textAt(file, field, MAX_NAME_BYTES);
    }
  });
  into.set(key, value);
}

/** Reads a ValueInfoProto. Fails: `WireError`. */
export function decodeValueInfo(file: FileWindow, span: Span): ValueInfo {
  let name = "";
  let type: { elementType: number; dims: Dim[] | undefined } | undefined;
  eachField(file, span, (field) => {
    if (field.number === 1) {
      name = textAt(file, field, MAX_NAME_BYTES);
    } else if (field.number === 2) {
      eachField(file, field, (kind) => {
        if (kind.number === 1) {
          type = decodeTensorType(file, kind);
        }
      });
    }
  });
  return {
    name,
    elementType: type === undefined ? undefined : elementTypeOf(type.elementType),
    dims: type?.dims,
  };
}

function decodeTensorType(
  file: FileWindow,
  span: Span,
): { elementType: number; dims: Dim[] | undefined } {
  let elementType = 0;
  let dims: Dim[] | undefined;
  eachField(file, span, (field) => {
    if (field.number === 1) {
      elementType = integerAt(file, field);
    } else if (field.number === 2) {
      dims = [];
      eachField(file, field, (dim) => {
        if (dim.number === 1) {
          dims?.push(decodeDim(file, dim));
        }
      });
    }
  });
  return { elementType, dims };
}

function decodeDim(file: FileWindow, span: WireField): Dim {
  let result: Dim;
  eachField(file, span, (field) => {
    if (field.number === 1) {
      const size = integerAt(file, field);
      result = size < 0 ? undefined : size;
    } else if (field.number === 2) {
      const name = new TextDecoder().decode(bytesAt(file, field, MAX_NAME_BYTES));
      result = name === "" ? undefined : name;
    }
  });
  return result;
}
