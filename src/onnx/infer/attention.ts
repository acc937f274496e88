/** Attention as one operator: ONNX's own (version 23) and those that ONNX Runtime fuses. */
import {
  type AttentionSizes,
  decoderSizes,
  groupedSizes,
  multiHeadSizes,
  plainSizes,
  projectedSizes,
} from "./attention-sizes.js";
import { type Fact, type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Inputs Q, K, V, mask, past key, past value; outputs Y, present key and value, scores. */
export const attention: InferRule = (call) => {
  const type = call.input(0).elementType;
  const sizes = plainSizes(call);
  const { batch, heads, keyHeads, queries, keys, keySize, valueSize } = sizes;
  if (call.dims(0) === undefined || keySize === undefined || valueSize === undefined) {
    return [tensor(type, undefined)];
  }
  const y =
    call.dims(0)?.length === 4 ? [batch, heads, queries, valueSize] : [batch, queries, sizes.width];
  return [
    tensor(type, y),
    tensor(call.input(1).elementType, [batch, keyHeads, keys, keySize]),
    tensor(call.input(2).elementType, [batch, keyHeads, keys, valueSize]),
    tensor(type, [batch, heads, queries, keys]),
  ];
};

/** Inputs Q, K, V of rank 4; what modifies scores and probabilities leaves their sizes. */
export const flexAttention: InferRule = (call) => attention(call).slice(0, 1);

/** Inputs input [batch, length, width], weights [width, all columns], bias, mask, past. */
export const fusedAttention: InferRule = (call) => projected(call, call.input(0).elementType, 4);

/** The same for quantized inputs and weights, whose scales have the type of the output. */
export const quantizedAttention: InferRule = (call) =>
  projected(call, call.input(3).elementType, 8);

function projected(call: NodeCall, type: ReturnType<typeof tensor>["elementType"], past: number) {
  const sizes = projectedSizes(past)(call);
  const { batch, heads, queries, keys, valueSize } = sizes;
  const shared = call.int("past_present_share_buffer") === 1 ? call.dims(past) : undefined;
  const present: KnownDims = shared ?? [2, batch, heads, keys, valueSize];
  return [
    tensor(type, call.dims(0) && [batch, queries, sizes.width]),
    tensor(type, heads === undefined ? undefined : present),
  ];
}

/** Outputs Y [batch, queries, values of all heads], present key and value, scores. */
export const multiHeadAttention: InferRule = (call) => inHeads(call, multiHeadSizes(call));

/** The same for one new token. */
export const decoderAttention: InferRule = (call) => inHeads(call, decoderSizes(call));

function inHeads(call: NodeCall, sizes: AttentionSizes): readonly Fact[] {
  const type = call.input(0).elementType;
  const { batch, heads, queries, keys, keySize, valueSize } = sizes;
  const rank = call.dims(0)?.length;
  return [
    tensor(type, rank === 3 || rank === 5 ? [batch, queries, sizes.width] : undefined),
    tensor(type, [batch, heads, keys, keySize]),
    tensor(type, [batch, heads, keys, valueSize]),
    tensor(type, [batch, heads, queries, keys]),
  ];
}

/**
 * Output caches are as long as input caches, or as all keys if those are more. A cache of few bits has its own
 * type, and fewer elements per head. The fourth output is the scores.
 */
export const groupQueryAttention: InferRule = (call) => {
  const type = call.input(0).elementType;
  const sizes = groupedSizes(call);
  const { batch, heads, keyHeads, queries, keys, keySize } = sizes;
  const kept = call.has(3) ? call.dims(3)?.[2] : 0;
  const total = call.has(6) ? call.values(6)?.[0] : queries;
  const length = kept === undefined || total === undefined ? undefined : Math.max(kept, total);
  const cached = (past: number) =>
    call.has(past)
      ? tensor(call.input(past).elementType, [batch, keyHeads, length, call.dims(past)?.[3]])
      : tensor(type, [batch, keyHeads, length, keySize]);
  return [
    tensor(type, call.dims(0) && [batch, queries, sizes.width]),
    cached(3),
    cached(4),
    tensor(type, [batch, heads, queries, keys]),
  ];
};
