import protobuf from "protobufjs/minimal.js";
import type { OnnxNode } from "./model.js";

const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, integer: 3, graph: 6, graphs: 11, kind: 20, reference: 21 } as const;
const ATTRIBUTE_KIND_INTEGER = 2;
const GRAPH = {
  node: 1,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparse: 15,
} as const;
const TENSOR_NAME = 8;
const VALUE_NAME = 1;
const SPARSE_VALUES = 1;

/** Returns the NodeProto with another name; every other field, known or not, is unchanged. */
export function renameNode(node: OnnxNode, name: string): Uint8Array {
  const kept = rawFields(node.raw).filter((field) => field.number !== NODE.name);
  return concatenate([textField(NODE.name, name), ...kept.map((field) => field.bytes)]);
}

/** Returns the node with other inputs; every other field, known or not, is unchanged. */
export function withInputs(node: OnnxNode, inputs: readonly string[]): OnnxNode {
  const kept = rawFields(node.raw).filter((field) => field.number !== NODE.input);
  const raw = concatenate([
    ...inputs.map((name) => textField(NODE.input, name)),
    ...kept.map((field) => field.bytes),
  ]);
  return { ...node, inputs, raw };
}

/** A node of the default domain with one output and the output's name; attributes are integers. */
export function newNode(
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): OnnxNode {
  const raw = [
    ...inputs.map((name) => textField(NODE.input, name)),
    textField(NODE.output, output),
    textField(NODE.name, output),
    textField(NODE.type, opType),
    ...Object.entries(attributes).map(([name, value]) =>
      messageField(NODE.attribute, integerAttribute(name, value)),
    ),
  ];
  return {
    name: output,
    opType,
    domain: "",
    inputs,
    outputs: [output],
    attributes: new Map(
      Object.entries(attributes).map(([name, value]) => [name, { kind: "int", value }]),
    ),
    raw: concatenate(raw),
  };
}

function integerAttribute(name: string, value: number): Uint8Array {
  const writer = protobuf.Writer.create()
    .uint32(ATTRIBUTE.name * 8 + 2)
    .string(name);
  writer.uint32(ATTRIBUTE.integer * 8).int64(value);
  return writer
    .uint32(ATTRIBUTE.kind * 8)
    .int32(ATTRIBUTE_KIND_INTEGER)
    .finish();
}

/** Renaming of a node of a function's body for the graph that calls it. */
export interface Rewriting {
  /** The new name of a value; never called with the empty one. */
  readonly value: (name: string) => string;
  /** The encoded attribute that stands for a reference, named `name`; `undefined`: left out. */
  readonly attribute: (reference: string, name: string) => Uint8Array | undefined;
}

/**
 * The NodeProto with its values renamed and its references to attributes replaced, in its bodies
 * too; every other field, known or not, is unchanged. Recursion is as deep as bodies are nested.
 *
 * Inputs that are left out at the end of the list are not named: kernels of ONNX Runtime count the names
 * (LayerNormalization reads a bias that is not there).
 */
export function rewriteNode(raw: Uint8Array, rewriting: Rewriting): Uint8Array {
  return withoutLastBlanks(renamedNode(raw, rewriting));
}

function withoutLastBlanks(raw: Uint8Array): Uint8Array {
  const fields = rawFields(raw);
  const inputs = fields.filter(({ number }) => number === NODE.input);
  const named = inputs.findLastIndex((field) => payloadOf(field).length > 0) + 1;
  const blank = new Set(inputs.slice(named));
  return blank.size === 0
    ? raw
    : concatenate(fields.flatMap((field) => (blank.has(field) ? [] : [field.bytes])));
}

function renamedNode(raw: Uint8Array, rewriting: Rewriting): Uint8Array {
  return mapFields(raw, (field) => {
    switch (field.number) {
      case NODE.input:
      case NODE.output:
        return renamedText(field, rewriting);
      case NODE.attribute:
        return rewriteAttribute(field, rewriting);
      default:
        return field.bytes;
    }
  });
}

/**
 * The NodeProto with every node of its bodies replaced by others, which are encoded too; nodes in
 * bodies of bodies are left to the caller.
 */
export function mapBodyNodes(
  raw: Uint8Array,
  nodesFor: (node: Uint8Array) => readonly Uint8Array[],
): Uint8Array {
  const mapGraph = (graph: Uint8Array): Uint8Array =>
    mapFields(graph, (field) =>
      field.number === GRAPH.node
        ? concatenate(nodesFor(payloadOf(field)).map((node) => messageField(GRAPH.node, node)))
        : field.bytes,
    );
  return mapFields(raw, (field) =>
    field.number !== NODE.attribute
      ? field.bytes
      : messageField(
          NODE.attribute,
          mapFields(payloadOf(field), (inner) =>
            inner.number === ATTRIBUTE.graph || inner.number === ATTRIBUTE.graphs
              ? messageField(inner.number, mapGraph(payloadOf(inner)))
              : inner.bytes,
          ),
        ),
  );
}

function rewriteAttribute(field: RawField, rewriting: Rewriting): Uint8Array {
  const fields = rawFields(payloadOf(field));
  const reference = fields.find(({ number }) => number === ATTRIBUTE.reference);
  if (reference !== undefined) {
    const name = fields.find(({ number }) => number === ATTRIBUTE.name);
    const given = rewriting.attribute(textOf(reference), name === undefined ? "" : textOf(name));
    return given === undefined ? new Uint8Array() : messageField(NODE.attribute, given);
  }
  if (fields.every(({ number }) => number !== ATTRIBUTE.graph && number !== ATTRIBUTE.graphs)) {
    return field.bytes;
  }
  const attribute = mapFields(payloadOf(field), (inner) =>
    inner.number === ATTRIBUTE.graph || inner.number === ATTRIBUTE.graphs
      ? messageField(inner.number, rewriteGraph(payloadOf(inner), rewriting))
      : inner.bytes,
  );
  return messageField(NODE.attribute, attribute);
}

function rewriteGraph(raw: Uint8Array, rewriting: Rewriting): Uint8Array {
  const renamed = (message: Uint8Array, nameField: number): Uint8Array =>
    mapFields(message, (field) =>
      field.number === nameField ? renamedText(field, rewriting) : field.bytes,
    );
  return mapFields(raw, (field) => {
    const message = payloadOf(field);
    switch (field.number) {
      case GRAPH.node:
        return messageField(field.number, rewriteNode(message, rewriting));
      case GRAPH.initializer:
        return messageField(field.number, renamed(message, TENSOR_NAME));
      case GRAPH.input:
      case GRAPH.output:
      case GRAPH.valueInfo:
        return messageField(field.number, renamed(message, VALUE_NAME));
      case GRAPH.sparse:
        return messageField(
          field.number,
          mapFields(message, (part) =>
            part.number === SPARSE_VALUES
              ? messageField(part.number, renamed(payloadOf(part), TENSOR_NAME))
              : part.bytes,
          ),
        );
      default:
        return field.bytes;
    }
  });
}

function renamedText(field: RawField, rewriting: Rewriting): Uint8Array {
  const name = textOf(field);
  return name === "" ? field.bytes : textField(field.number, rewriting.value(name));
}

/** Returns the message with every field replaced by the result of `map`. */
function mapFields(message: Uint8Array, map: (field: RawField) => Uint8Array): Uint8Array {
  return concatenate(rawFields(message).map(map));
}

/** One field of an encoded message, tag included. */
export interface RawField {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Start of the value inside `bytes`: behind tag and length. */
  readonly valueAt: number;
}

/** The bytes of a field's value. */
export function payloadOf(field: RawField): Uint8Array {
  return field.bytes.subarray(field.valueAt);
}

/** The text of a field. */
export function textOf(field: RawField): string {
  const value = payloadOf(field);
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8");
}

/** An encoded field that holds text. */
export function textField(number: number, text: string): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number * 8 + 2)
    .string(text)
    .finish();
}

/** An encoded field that holds a message. */
export function messageField(number: number, message: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number * 8 + 2)
    .bytes(message)
    .finish();
}

/** The fields of an encoded message in order. Requires: the message was read without a failure. */
export function rawFields(message: Uint8Array): RawField[] {
  const reader = protobuf.Reader.create(message);
  const fields: RawField[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const afterTag = reader.pos;
    let valueAt = afterTag;
    if ((tag & 7) === 2) {
      reader.uint32();
      valueAt = reader.pos;
      reader.pos = afterTag;
    }
    reader.skipType(tag & 7);
    fields.push({
      number: tag >>> 3,
      bytes: message.subarray(start, reader.pos),
      valueAt: valueAt - start,
    });
  }
  return fields;
}

/** The concatenation of the pieces. */
export function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
