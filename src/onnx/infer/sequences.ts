/**
 * Sequences of tensors whose items are all known: enough for sequences that models build and take
 * apart.
 */

import { constant, type Fact, tensor, UNKNOWN } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";
import { concatDims, splitSizes } from "./slicing.js";

/** Longer sequences are not followed item by item. */
const MAX_ITEMS = 10_000;

function sequence(items: readonly Fact[]): Fact {
  return { ...UNKNOWN, items };
}

/** Output types of `SequenceConstruct`. */
export const construct: InferRule = (call) => [sequence(call.inputs)];

/** Output types of `SequenceEmpty`. */
export const empty: InferRule = () => [sequence([])];

function position(call: NodeCall, input: number, length: number): number | undefined {
  const at = call.has(input) ? call.values(input)?.[0] : length;
  return at !== undefined && at < 0 ? at + length : at;
}

/** Output types of `SequenceInsert`. */
export const insert: InferRule = (call) => {
  const items = call.input(0).items;
  const at = items && position(call, 2, items.length);
  return [
    at === undefined || items === undefined
      ? UNKNOWN
      : sequence(items.toSpliced(at, 0, call.input(1))),
  ];
};

/** Output types of `SequenceErase`. */
export const erase: InferRule = (call) => {
  const items = call.input(0).items;
  const at = items && (call.has(1) ? position(call, 1, items.length) : items.length - 1);
  return [at === undefined || items === undefined ? UNKNOWN : sequence(items.toSpliced(at, 1))];
};

/** Output types of `SequenceAt`. */
export const itemAt: InferRule = (call) => {
  const items = call.input(0).items;
  const at = items && position(call, 1, items.length);
  const item = at === undefined ? items?.[0] : items?.[at];
  const isSame = items?.every((other) => other.dims?.join() === item?.dims?.join());
  return [
    item === undefined || (at === undefined && !isSame)
      ? UNKNOWN
      : tensor(item.elementType, item.dims),
  ];
};

/** Output types of `SequenceLength`. */
export const length: InferRule = (call) => {
  const items = call.input(0).items;
  return [items === undefined ? tensor("int64", []) : constant("int64", [], [items.length])];
};

/** Output types of `ConcatFromSequence`. */
export const concatFromSequence: InferRule = (call) => {
  const items = call.input(0).items;
  const axis = call.int("axis") ?? 0;
  if (items === undefined || items.length === 0) {
    return [UNKNOWN];
  }
  const shapes = items.map((item) => item.dims);
  const rank = shapes[0]?.length;
  if (call.int("new_axis") !== 1 || rank === undefined) {
    return [tensor(items[0]?.elementType, concatDims(call, shapes, axis))];
  }
  const at = call.axis(axis, rank + 1) ?? 0;
  return [tensor(items[0]?.elementType, shapes[0]?.toSpliced(at, 0, items.length))];
};

/** Output types of `SplitToSequence`. */
export const splitToSequence: InferRule = (call) => {
  const { elementType, dims } = call.input(0);
  const axis = dims && call.axis(call.int("axis") ?? 0, dims.length);
  const size = axis === undefined ? undefined : dims?.[axis];
  if (dims === undefined || axis === undefined || size === undefined) {
    return [UNKNOWN];
  }
  const single = call.has(1) && call.dims(1)?.length === 0 ? call.values(1)?.[0] : undefined;
  const each = call.has(1) ? single : 1;
  if (each !== undefined && !(each >= 1 && size / each <= MAX_ITEMS)) {
    return [UNKNOWN];
  }
  const sizes =
    each === undefined
      ? splitSizes(call, size)
      : Array.from({ length: Math.ceil(size / each) }, (_, i) => Math.min(each, size - i * each));
  const drops = !call.has(1) && call.int("keepdims") === 0;
  return [
    sizes === undefined
      ? UNKNOWN
      : sequence(
          sizes.map((part) =>
            tensor(elementType, drops ? dims.toSpliced(axis, 1) : dims.with(axis, part)),
          ),
        ),
  ];
};

/** An optional value has the fact of its content. */
export const optional: InferRule = (call) => [call.input(0)];

/** Output types of `OptionalHasElement`. */
export const optionalHasElement: InferRule = () => [tensor("bool", [])];
