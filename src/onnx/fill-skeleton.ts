import { fail, ok, type Result } from "../core/result.js";
import { Budget, MemorySource } from "./byte-source.js";
import { decodeTensor } from "./decode-tensor.js";
import type { PayloadReader } from "./read-payload.js";
import { concatenate, rawFields } from "./rewrite-node.js";
import { decodeMark, fieldHeader, INNER, type PayloadHolder } from "./skeleton.js";
import { MARK_FIELD } from "./wire.js";

/** TensorProto fields: name, raw_data, external_data, data_location. */
const TENSOR = { name: 8, raw: 9, external: 13, location: 14 } as const;

/**
 * Completes a skeleton: marks become the fields they stand for, and external data become inline,
 * because the written model has no folder that they could be relative to.
 *
 * Returns the same memory when nothing was left out.
 * Fails: `weights-missing`. Cost: linear in the bytes of the result, times the depth.
 */
export function fillSkeleton(
  skeleton: Uint8Array,
  holder: PayloadHolder,
  payloads: PayloadReader,
): Result<Uint8Array> {
  if (holder === "tensor") {
    return fillTensor(skeleton, payloads);
  }
  let isChanged = false;
  const pieces: Uint8Array[] = [];
  for (const field of rawFields(skeleton)) {
    const inner = INNER[holder][field.number];
    if (inner === undefined) {
      pieces.push(field.bytes);
      continue;
    }
    const message = field.bytes.subarray(field.valueAt);
    const filled = fillSkeleton(message, inner, payloads);
    if (!filled.ok) {
      return filled;
    }
    if (filled.value === message) {
      pieces.push(field.bytes);
    } else {
      isChanged = true;
      pieces.push(fieldHeader(field.number, filled.value.length), filled.value);
    }
  }
  return ok(isChanged ? concatenate(pieces) : skeleton);
}

function fillTensor(skeleton: Uint8Array, payloads: PayloadReader): Result<Uint8Array> {
  const fields = rawFields(skeleton);
  if (fields.some(({ number }) => number === TENSOR.location)) {
    return fillExternal(skeleton, payloads);
  }
  if (fields.every(({ number }) => number !== MARK_FIELD)) {
    return ok(skeleton);
  }
  const pieces: Uint8Array[] = [];
  for (const field of fields) {
    if (field.number !== MARK_FIELD) {
      pieces.push(field.bytes);
      continue;
    }
    const mark = memory(field.bytes.subarray(field.valueAt));
    const { offset, bytes } = decodeMark(mark, { offset: 0, bytes: mark.bytes });
    const read = payloads.fromModel("of an attribute", offset, bytes);
    if (!read.ok) {
      return read;
    }
    pieces.push(read.value);
  }
  return ok(concatenate(pieces));
}

function fillExternal(skeleton: Uint8Array, payloads: PayloadReader): Result<Uint8Array> {
  const tensor = decodeTensor(memory(skeleton), { offset: 0, bytes: skeleton.length });
  if (tensor.payload.kind !== "external") {
    return ok(skeleton);
  }
  const read = payloads.external(tensor);
  if (!read.ok) {
    return fail(read.error);
  }
  const kept = rawFields(skeleton)
    .filter(({ number }) => number !== TENSOR.external && number !== TENSOR.location)
    .map(({ bytes }) => bytes);
  return ok(concatenate([...kept, fieldHeader(TENSOR.raw, read.value.length), read.value]));
}

function memory(bytes: Uint8Array): MemorySource {
  return new MemorySource(bytes, new Budget(Number.POSITIVE_INFINITY));
}
