import { decodeTensor, decodeValueInfo, MAX_NAME_BYTES } from "./decode-tensor.js";
import type { FileWindow } from "./file-window.js";
import type { AttributeValue, OnnxGraph, OnnxNode, OnnxTensor, ValueInfo } from "./model.js";
import {
  addIntegers,
  bytesAt,
  eachField,
  floatAt,
  integerAt,
  type Span,
  textAt,
  WireError,
  type WireField,
} from "./wire.js";

/** Bodies of control flow inside bodies of control flow. */
const MAX_DEPTH = 32;

/** Attributes larger than this stay in the file; the node's `raw` is then without them. */
const RAW_ATTRIBUTE_BYTES = 16_384;

/** Nodes, tensors and values of one graph: more is not a model. */
const MAX_ENTRIES = 10_000_000;

const MAX_INTEGERS = 1_000_000;

/** Reads a GraphProto. Fails: `WireError`. Cost: linear in the bytes that are not payloads. */
export function decodeGraph(file: FileWindow, span: Span, depth: number): OnnxGraph {
  if (depth > MAX_DEPTH) {
    throw new WireError(`graphs nested more than ${MAX_DEPTH} deep`, span.offset);
  }
  let name = "";
  const nodes: OnnxNode[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  const initializers: OnnxTensor[] = [];
  eachField(file, span, (field) => {
    switch (field.number) {
      case 1:
        nodes.push(decodeNode(file, field, depth));
        break;
      case 2:
        name = textAt(file, field, MAX_NAME_BYTES);
        break;
      case 5:
        initializers.push(decodeTensor(file, field));
        break;
      case 11:
        inputs.push(decodeValueInfo(file, field));
        break;
      case 12:
        outputs.push(decodeValueInfo(file, field));
        break;
      case 13:
        valueInfo.push(decodeValueInfo(file, field));
        break;
      default:
        break;
    }
    if (nodes.length > MAX_ENTRIES || valueInfo.length > MAX_ENTRIES) {
      throw new WireError(`more than ${MAX_ENTRIES} entries in one graph`, field.tagOffset);
    }
  });
  const constants = new Set(initializers.map((tensor) => tensor.name));
  return {
    name,
    nodes,
    inputs: inputs.filter((input) => !constants.has(input.name)),
    outputs,
    valueInfo,
    initializers,
  };
}

/** Reads a NodeProto. Fails: `WireError`. */
export function decodeNode(file: FileWindow, span: Span, depth: number): OnnxNode {
  let name = "";
  let opType = "";
  let domain = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, AttributeValue>();
  const kept: Uint8Array[] = [];
  eachField(file, span, (field) => {
    switch (field.number) {
      case 1:
        inputs.push(textAt(file, field, MAX_NAME_BYTES));
        break;
      case 2:
        outputs.push(textAt(file, field, MAX_NAME_BYTES));
        break;
      case 3:
        name = textAt(file, field, MAX_NAME_BYTES);
        break;
      case 4:
        opType = textAt(file, field, MAX_NAME_BYTES);
        break;
      case 5: {
        const [key, value] = decodeAttribute(file, field, depth);
        attributes.set(key, value);
        break;
      }
      case 7:
        domain = textAt(file, field, MAX_NAME_BYTES);
        break;
      default:
        break;
    }
    const end = field.offset + field.bytes;
    const isLarge = field.number === 5 && field.bytes > RAW_ATTRIBUTE_BYTES;
    if (!isLarge || !isTensor(attributes)) {
      kept.push(file.copy(field.tagOffset, end - field.tagOffset));
    }
  });
  if (opType === "") {
    throw new WireError("a node without an operator type", span.offset);
  }
  return {
    name,
    opType,
    domain: domain === "ai.onnx" ? "" : domain,
    inputs,
    outputs,
    attributes,
    raw: joined(kept),
  };
}

/** Whether the attribute read last is a tensor: the only large kind whose payload may stay behind. */
function isTensor(attributes: ReadonlyMap<string, AttributeValue>): boolean {
  return [...attributes.values()].at(-1)?.kind === "tensor";
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

/** Reads an AttributeProto: its name and value. Fails: `WireError`. */
export function decodeAttribute(
  file: FileWindow,
  span: Span,
  depth: number,
): readonly [string, AttributeValue] {
  let name = "";
  let type = 0;
  let value: AttributeValue | undefined;
  const ints: number[] = [];
  const floats: number[] = [];
  const strings: string[] = [];
  const graphs: OnnxGraph[] = [];
  eachField(file, span, (field) => {
    switch (field.number) {
      case 1:
        name = textAt(file, field, MAX_NAME_BYTES);
        break;
      case 2:
        value = { kind: "float", value: floatAt(file, field) };
        break;
      case 3:
        value = { kind: "int", value: integerAt(file, field) };
        break;
      case 4:
        value = { kind: "string", value: new TextDecoder().decode(bytesAt(file, field, 1 << 24)) };
        break;
      case 5:
        value = { kind: "tensor", value: decodeTensor(file, field) };
        break;
      case 6:
        value = { kind: "graph", value: decodeGraph(file, field, depth + 1) };
        break;
      case 7:
        addFloats(file, field, floats);
        break;
      case 8:
        addIntegers(file, field, ints, MAX_INTEGERS);
        break;
      case 9:
        strings.push(new TextDecoder().decode(bytesAt(file, field, 1 << 24)));
        break;
      case 11:
        graphs.push(decodeGraph(file, field, depth + 1));
        break;
      case 20:
        type = integerAt(file, field);
        break;
      case 21:
        value = { kind: "reference", attribute: textAt(file, field, MAX_NAME_BYTES) };
        break;
      default:
        break;
    }
  });
  return [name, value ?? manyOf({ type, ints, floats, strings, graphs })];
}

function manyOf(read: {
  readonly type: number;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
  readonly graphs: readonly OnnxGraph[];
}): AttributeValue {
  if (read.floats.length > 0 || read.type === 6) {
    return { kind: "floats", value: read.floats };
  }
  if (read.strings.length > 0 || read.type === 8) {
    return { kind: "strings", value: read.strings };
  }
  if (read.graphs.length > 0 || read.type === 10) {
    return { kind: "graphs", value: read.graphs };
  }
  if (read.ints.length > 0 || read.type === 7) {
    return { kind: "ints", value: read.ints };
  }
  return emptyOf(read.type);
}

/** Scalars equal to their proto3 default may be left out of the file. */
function emptyOf(type: number): AttributeValue {
  if (type === 1) {
    return { kind: "float", value: 0 };
  }
  if (type === 2) {
    return { kind: "int", value: 0 };
  }
  return type === 3 ? { kind: "string", value: "" } : { kind: "other" };
}

function addFloats(file: FileWindow, field: WireField, into: number[]): void {
  if (field.wire === 5) {
    into.push(floatAt(file, field));
    return;
  }
  const bytes = bytesAt(file, field, MAX_INTEGERS * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    into.push(view.getFloat32(at, true));
  }
}

/** Adds one OperatorSetIdProto. */
export function addOpset(file: FileWindow, span: Span, into: Map<string, number>): void {
  let domain = "";
  let version = 0;
  eachField(file, span, (field) => {
    if (field.number === 1) {
      domain = textAt(file, field, MAX_NAME_BYTES);
    } else if (field.number === 2) {
      version = integerAt(file, field);
    }
  });
  into.set(domain === "ai.onnx" ? "" : domain, version);
}
