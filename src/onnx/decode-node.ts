import { type ByteSource, MemorySource } from "./byte-source.js";
import {
  decodeSparseTensor,
  decodeTensor,
  decodeValueInfo,
  MAX_NAME_BYTES,
} from "./decode-tensor.js";
import type { FileWindow } from "./file-window.js";
import type { AttributeValue, OnnxGraph, OnnxNode, OnnxTensor, ValueInfo } from "./model.js";
import { MAX_DEPTH, type PayloadHolder, skeletonOf } from "./skeleton.js";
import {
  addIntegers,
  bytesAt,
  eachField,
  floatAt,
  integerAt,
  messageAt,
  type Span,
  textAt,
  type WireField,
} from "./wire.js";
import { WireError } from "./wire-error.js";

/** Limit on the nodes of one graph: far more than any exporter writes. */
export const MAX_NODES: number = 250_000;

/** Longest list in an attribute (tree ensembles have the longest). */
const MAX_NUMBERS = 2 ** 24;

/** Longest text in an attribute. */
const MAX_TEXT_BYTES = 2 ** 26;

/** Memory of the records of a node or attribute, apart from its names. */
const RECORD_CHARGE = 256;

/** Reads the GraphProto of a model. Fails: `WireError`. Cost: linear in the bytes that are not payloads. */
export function decodeMainGraph(file: FileWindow, span: Span): OnnxGraph {
  return decodeGraph(file, span, 0, (field) =>
    decodeSkeleton(file, field, "node", (source, node) => decodeNode(source, node, 0)),
  );
}

/**
 * Applies `decode` to the skeleton of a message.
 *
 * Fails: `WireError` at its byte in the file, or at the message's start where payloads are left out.
 */
export function decodeSkeleton<T>(
  file: FileWindow,
  span: Span,
  holder: PayloadHolder,
  decode: (source: ByteSource, whole: Span) => T,
): T {
  const skeleton = skeletonOf(file, span, holder);
  try {
    const source = new MemorySource(skeleton, file.budget);
    return decode(source, { offset: 0, bytes: skeleton.length });
  } catch (error) {
    if (error instanceof WireError) {
      const isWhole = skeleton.length === span.bytes;
      throw new WireError(error.message, span.offset + (isWhole ? error.offset : 0));
    }
    throw error;
  }
}

function decodeGraph(
  source: ByteSource,
  span: Span,
  depth: number,
  nodeOf: (field: Span) => OnnxNode,
): OnnxGraph {
  if (depth > MAX_DEPTH) {
    throw new WireError(`graphs nested more than ${MAX_DEPTH} deep`, span.offset);
  }
  let name = "";
  const nodes: OnnxNode[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  const initializers: OnnxTensor[] = [];
  eachField(source, span, (field) => {
    switch (field.number) {
      case 1:
        nodes.push(nodeOf(messageAt(field)));
        break;
      case 2:
        name = textAt(source, field, MAX_NAME_BYTES);
        break;
      case 5:
        initializers.push(decodeTensor(source, messageAt(field)));
        break;
      case 11:
        inputs.push(decodeValueInfo(source, messageAt(field)));
        break;
      case 12:
        outputs.push(decodeValueInfo(source, messageAt(field)));
        break;
      case 13:
        valueInfo.push(decodeValueInfo(source, messageAt(field)));
        break;
      case 15:
        initializers.push(decodeSparseTensor(source, messageAt(field)));
        break;
      default:
        break;
    }
    if (nodes.length > MAX_NODES) {
      throw new WireError(`more than ${MAX_NODES} nodes in one graph`, field.tagOffset);
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

/** Reads a NodeProto that lies in memory. Fails: `WireError`. */
export function decodeNode(source: ByteSource, span: Span, depth: number): OnnxNode {
  let name = "";
  let opType = "";
  let domain = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, AttributeValue>();
  source.charge(RECORD_CHARGE, span.offset);
  eachField(source, span, (field) => {
    switch (field.number) {
      case 1:
        inputs.push(textAt(source, field, MAX_NAME_BYTES));
        break;
      case 2:
        outputs.push(textAt(source, field, MAX_NAME_BYTES));
        break;
      case 3:
        name = textAt(source, field, MAX_NAME_BYTES);
        break;
      case 4:
        opType = textAt(source, field, MAX_NAME_BYTES);
        break;
      case 5: {
        const [key, value] = decodeAttribute(source, messageAt(field), depth);
        attributes.set(key, value);
        break;
      }
      case 7:
        domain = textAt(source, field, MAX_NAME_BYTES);
        break;
      default:
        break;
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
    raw: source.copy(span.offset, span.bytes),
  };
}

/** Reads an AttributeProto: its name and value. Fails: `WireError`. */
export function decodeAttribute(
  source: ByteSource,
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
  source.charge(RECORD_CHARGE, span.offset);
  eachField(source, span, (field) => {
    switch (field.number) {
      case 1:
        name = textAt(source, field, MAX_NAME_BYTES);
        break;
      case 2:
        value = { kind: "float", value: floatAt(source, field) };
        break;
      case 3:
        value = { kind: "int", value: integerAt(source, field) };
        break;
      case 4:
        value = { kind: "string", value: textAt(source, field, MAX_TEXT_BYTES) };
        break;
      case 5:
        value = { kind: "tensor", value: decodeTensor(source, messageAt(field)) };
        break;
      case 6:
        value = { kind: "graph", value: bodyOf(source, messageAt(field), depth) };
        break;
      case 7:
        addFloats(source, field, floats);
        break;
      case 8:
        addIntegers(source, field, ints, MAX_NUMBERS);
        break;
      case 9:
        strings.push(textAt(source, field, MAX_TEXT_BYTES));
        break;
      case 11:
        graphs.push(bodyOf(source, messageAt(field), depth));
        break;
      case 20:
        type = integerAt(source, field);
        break;
      case 21:
        value = { kind: "reference", attribute: textAt(source, field, MAX_NAME_BYTES) };
        break;
      default:
        break;
    }
  });
  if (name === "") {
    throw new WireError("an attribute without a name", span.offset);
  }
  return [name, value ?? manyOf({ type, ints, floats, strings, graphs })];
}

/** A body of control flow. */
function bodyOf(source: ByteSource, span: Span, depth: number): OnnxGraph {
  return decodeGraph(source, span, depth + 1, (node) => decodeNode(source, node, depth + 1));
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

function addFloats(source: ByteSource, field: WireField, into: number[]): void {
  if (field.wire === 5) {
    into.push(floatAt(source, field));
    return;
  }
  const bytes = bytesAt(source, field, MAX_NUMBERS * 4);
  source.charge(bytes.length * 2, field.tagOffset);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    into.push(view.getFloat32(at, true));
  }
}

/** Adds one OperatorSetIdProto. */
export function addOpset(source: ByteSource, span: Span, into: Map<string, number>): void {
  let domain = "";
  let version = 0;
  eachField(source, span, (field) => {
    if (field.number === 1) {
      domain = textAt(source, field, MAX_NAME_BYTES);
    } else if (field.number === 2) {
      version = integerAt(source, field);
    }
  });
  into.set(domain === "ai.onnx" ? "" : domain, version);
}
