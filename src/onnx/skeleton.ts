/**
 * Nodes without the payloads of their tensors.
 *
 * A node is kept as the bytes it has in the file, so that writing it again loses nothing, not even
 * fields that this program does not know. But its attributes may hold tensors of any size (a
 * Constant's value, the weights in the bodies of an If), and those must stay in the file. So the
 * skeleton of a node is its bytes with each large payload replaced by a *mark*: a field with the
 * largest possible field number, which holds the place of the payload's own fields in the file.
 * Putting those bytes back in the place of the mark restores the node.
 *
 * Example: a Constant of 4 MB is `node{op_type, attribute{name, t{dims, type, raw_data}}}`; its
 * skeleton is `node{op_type, attribute{name, t{dims, type, mark{9, 1234, 4000005, 1239}}}}`.
 *
 * Leaving such attributes out would need a second record of the missing parts for every depth of
 * nesting. A file that contains the mark's field number itself is refused.
 */
import protobuf from "protobufjs/minimal.js";
import type { ByteSource } from "./byte-source.js";
import { concatenate } from "./rewrite-node.js";
import { eachField, integerAt, MARK_FIELD, messageAt, type Span } from "./wire.js";
import { WireError } from "./wire-error.js";

/** Messages up to this size are kept whole, and payloads up to this size are held in memory. */
export const WHOLE_BYTES: number = 4096;

/** Deepest nesting of control-flow bodies. */
export const MAX_DEPTH: number = 32;

/** Messages that can hold payloads at some depth. */
export type PayloadHolder = "node" | "function" | "attribute" | "graph" | "tensor" | "sparse";

/** Fields of each of them that hold another one. */
export const INNER: Readonly<Record<PayloadHolder, Readonly<Record<number, PayloadHolder>>>> = {
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};

/** TensorProto fields that hold elements: float, int32, string, int64, raw, double, uint64. */
export const PAYLOAD_FIELDS: ReadonlySet<number> = new Set([4, 5, 6, 7, 9, 10, 11]);

/** Fields of the file that follow each other and have one number. */
export interface Piece {
  readonly field: number;
  /** Start of the first field's tag, and the bytes of all fields. */
  readonly offset: number;
  readonly bytes: number;
  /** Start of the first field's value. */
  readonly valueAt: number;
}

/**
 * Returns the bytes of a message with marks in the place of large payloads.
 *
 * Fails: `WireError`. Cost: linear in the bytes that are not payloads, times the depth.
 */
export function skeletonOf(
  file: ByteSource,
  span: Span,
  holder: PayloadHolder,
  depth = 0,
): Uint8Array {
  if (span.bytes <= WHOLE_BYTES) {
    return file.copy(span.offset, span.bytes);
  }
  if (depth > MAX_DEPTH * 3) {
    throw new WireError(`graphs nested more than ${MAX_DEPTH} deep`, span.offset);
  }
  const kept: Uint8Array[] = [];
  let run: Piece | undefined;
  const endRun = (): void => {
    if (run !== undefined) {
      kept.push(encodeMark(run));
      run = undefined;
    }
  };
  eachField(file, span, (field) => {
    const end = field.offset + field.bytes;
    if (holder === "tensor" && PAYLOAD_FIELDS.has(field.number)) {
      const isNext = run?.field === field.number && run.offset + run.bytes === field.tagOffset;
      if (run !== undefined && isNext) {
        run = { ...run, bytes: end - run.offset };
      } else {
        endRun();
        const { number, tagOffset, offset } = field;
        run = { field: number, offset: tagOffset, bytes: end - tagOffset, valueAt: offset };
      }
      return;
    }
    endRun();
    const inner = INNER[holder][field.number];
    if (inner === undefined) {
      kept.push(file.copy(field.tagOffset, end - field.tagOffset));
    } else {
      const message = skeletonOf(file, messageAt(field), inner, depth + 1);
      kept.push(fieldHeader(field.number, message.length), message);
    }
  });
  endRun();
  return concatenate(kept);
}

/** The tag and length of a bytes field. */
export function fieldHeader(field: number, bytes: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32(field * 8 + 2)
    .uint32(bytes)
    .finish();
}

function encodeMark(piece: Piece): Uint8Array {
  const body = protobuf.Writer.create()
    .uint32(8)
    .uint32(piece.field)
    .uint32(16)
    .uint64(piece.offset)
    .uint32(24)
    .uint64(piece.bytes)
    .uint32(32)
    .uint64(piece.valueAt)
    .finish();
  return concatenate([fieldHeader(MARK_FIELD, body.length), body]);
}

/** The piece of the file that a mark stands for. */
export function decodeMark(source: ByteSource, span: Span): Piece {
  const values = [0, 0, 0, 0, 0];
  eachField(source, span, (field) => {
    values[field.number] = integerAt(source, field);
  });
  const [, field = 0, offset = 0, bytes = 0, valueAt = 0] = values;
  return { field, offset, bytes, valueAt };
}
