import protobuf from "protobufjs/minimal.js";
import type { OnnxNode } from "./model.js";

/** What may be given another value when a node is written again. */
export interface NodeChanges {
  readonly name?: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Encoded AttributeProtos that replace all attributes of the node. */
  readonly attributes?: readonly Uint8Array[];
}

const FIELD = { input: 1, output: 2, name: 3, attribute: 5 } as const;

/** The NodeProto with some fields changed and every other one, known or not, kept as it stands. */
export function rewriteNode(node: OnnxNode, changes: NodeChanges): Uint8Array {
  const dropped = new Set<number>();
  const writer = protobuf.Writer.create();
  const put = (field: number, texts: readonly string[] | undefined): void => {
    if (texts !== undefined) {
      dropped.add(field);
      for (const text of texts) {
        writer.uint32(field * 8 + 2).string(text);
      }
    }
  };
  put(FIELD.input, changes.inputs);
  put(FIELD.output, changes.outputs);
  put(FIELD.name, changes.name === undefined ? undefined : [changes.name]);
  if (changes.attributes !== undefined) {
    dropped.add(FIELD.attribute);
    for (const attribute of changes.attributes) {
      writer.uint32(FIELD.attribute * 8 + 2).bytes(attribute);
    }
  }
  const kept = rawFields(node.raw).filter((field) => !dropped.has(field.number));
  return concatenate([writer.finish(), ...kept.map((field) => field.bytes)]);
}

/** One field of an encoded message, tag included. */
export interface RawField {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Where the value starts inside `bytes`: behind tag and length. */
  readonly valueAt: number;
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

/** All pieces one after the other. */
export function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
