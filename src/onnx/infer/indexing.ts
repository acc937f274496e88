/** Operators that look elements up, scatter them, or choose some. */
import { printDims } from "./broadcast.js";
import { like } from "./elementwise.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule } from "./node-call.js";

/** Output types of `Gather`. */
export const gather: InferRule = (call) => {
  const data = call.dims(0);
  const indices = call.dims(1);
  const axis = data && call.axis(call.int("axis") ?? 0, data.length);
  return [
    tensor(
      call.input(0).elementType,
      data && indices && axis !== undefined
        ? [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)]
        : undefined,
    ),
  ];
};

/**
 * Rows of a quantized table, as wide as their scales. Bytes hold 8 / `bits` elements along the last
 * dim. Source: ONNX Runtime, ContribOperators, GatherBlockQuantized.
 */
export const gatherBlocks: InferRule = (call) => {
  const { elementType, dims: stored } = call.input(0);
  const indices = call.dims(1);
  const perElement = elementType === "uint8" ? 8 / (call.int("bits") ?? 4) : 1;
  const last = stored?.at(-1);
  const data = stored && [...stored.slice(0, -1), last && last * perElement];
  const axis = data && call.axis(call.int("gather_axis") ?? 0, data.length);
  const isKnown = data !== undefined && indices !== undefined && axis !== undefined;
  const dims = isKnown ? [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)] : undefined;
  return [tensor(call.input(2).elementType, dims)];
};

/** Output types of `GatherElements`. */
export const gatherElements: InferRule = (call) => {
  const [data, indices] = [call.dims(0), call.dims(1)];
  if (data !== undefined && indices !== undefined && data.length !== indices.length) {
    call.refuse(`indices ${printDims(indices)} have another rank than ${printDims(data)}`);
  }
  return [tensor(call.input(0).elementType, indices)];
};

/** Output types of `GatherND`. */
export const gatherNd: InferRule = (call) => {
  const [data, indices] = [call.dims(0), call.dims(1)];
  const batch = call.int("batch_dims") ?? 0;
  const depth = indices?.at(-1);
  if (data === undefined || indices === undefined || depth === undefined) {
    return [tensor(call.input(0).elementType, undefined)];
  }
  if (batch + depth > data.length) {
    call.refuse(`indices ${printDims(indices)} reach deeper than ${printDims(data)}`);
  }
  return [
    tensor(call.input(0).elementType, [...indices.slice(0, -1), ...data.slice(batch + depth)]),
  ];
};

/** Output types of `OneHot`. */
export const oneHot: InferRule = (call) => {
  const dims = call.dims(0);
  const depth = call.values(1)?.[0];
  const axis = dims && call.axis(call.int("axis") ?? -1, dims.length + 1);
  return [
    tensor(
      call.input(2).elementType,
      dims && axis !== undefined ? [...dims.slice(0, axis), depth, ...dims.slice(axis)] : undefined,
    ),
  ];
};

/** `k` is an attribute before version 10, then an input. */
export const topK: InferRule = (call) => {
  const dims = call.dims(0);
  const k = call.has(1) ? call.values(1)?.[0] : call.int("k");
  const axis = dims && call.axis(call.int("axis") ?? -1, dims.length);
  const size = axis === undefined ? undefined : dims?.[axis];
  if (k !== undefined && size !== undefined && k > size) {
    call.refuse(`cannot select ${k} of ${size} elements`);
  }
  const result = axis === undefined ? undefined : dims?.map((dim, i) => (i === axis ? k : dim));
  return [tensor(call.input(0).elementType, result), tensor("int64", result)];
};

/** One column per non-zero element: a known number only for a known tensor. */
export const nonZero: InferRule = (call) => {
  const rank = call.dims(0)?.length;
  const count = call.values(0)?.filter((value) => value !== 0).length;
  return [tensor("int64", [rank === undefined ? undefined : Math.max(rank, 1), count])];
};

/** Inputs ids, scores: what repeats is made impossible, and the rest stays. */
export const likeScores: InferRule = (call) => [like(call.input(1))];

/** Output types of `NonMaxSuppression`. */
export const nonMaxSuppression: InferRule = () => [tensor("int64", [undefined, 3])];

/** Output types of `Unique`. */
export const unique: InferRule = (call) => {
  const dims = call.dims(0);
  const axis = call.int("axis");
  const at = axis === undefined || dims === undefined ? undefined : call.axis(axis, dims.length);
  const indices = tensor("int64", [undefined]);
  return [
    tensor(
      call.input(0).elementType,
      axis === undefined ? [undefined] : dims?.map((dim, i) => (i === at ? undefined : dim)),
    ),
    indices,
    indices,
    indices,
  ];
};

/** Output types of `Compress`. */
export const compress: InferRule = (call) => {
  const dims = call.dims(0);
  const kept = call.values(1)?.filter((value) => value !== 0).length;
  const axis = call.int("axis");
  const at = axis === undefined || dims === undefined ? undefined : call.axis(axis, dims.length);
  const result: KnownDims | undefined =
    axis === undefined ? [kept] : dims?.map((dim, i) => (i === at ? kept : dim));
  return [tensor(call.input(0).elementType, result)];
};

/** Output types of `ArgMax`. */
export const arg: InferRule = (call) => {
  const dims = call.dims(0);
  const axis = dims && call.axis(call.int("axis") ?? 0, dims.length);
  const keeps = call.int("keepdims") !== 0;
  return [
    tensor(
      "int64",
      axis === undefined
        ? undefined
        : dims?.flatMap((dim, i) => (i === axis ? (keeps ? [1] : []) : [dim])),
    ),
  ];
};

/** Output types of `com.microsoft:QEmbedLayerNormalization`: floats from tables of bytes. */
export const quantizedEmbedding: InferRule = (call) => {
  const ids = call.dims(0);
  const embedded = tensor(call.input(8).elementType, ids && [...ids, call.dims(2)?.[1]]);
  return [embedded, tensor("int32", ids && [ids[0]])];
};

/** Output types of `com.microsoft:EmbedLayerNormalization`. */
export const embedLayerNormalization: InferRule = (call) => {
  const ids = call.dims(0);
  const hidden = call.dims(2)?.[1];
  const type = call.input(2).elementType;
  const embedded = tensor(type, ids && [...ids, hidden]);
  return [embedded, tensor("int32", ids && [ids[0]]), embedded];
};
