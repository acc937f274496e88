/** Attention as one operator: ONNX's own (version 23) and those that ONNX Runtime fuses. */
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Batch, heads, length and size per head of a query, key or value of rank 3 or 4. */
function headDims(dims: KnownDims | undefined, heads: number | undefined): KnownDims | undefined {
  if (dims?.length === 4) {
    return dims;
  }
  const [batch, length, width] = dims ?? [];
  return dims?.length === 3 && heads !== undefined
    ? [batch, heads, length, width === undefined ? undefined : width / heads]
    : undefined;
}

/** Inputs Q, K, V, mask, past key, past value; outputs Y, present key and value, scores. */
export const attention: InferRule = (call) => {
  const type = call.input(0).elementType;
  const kvHeads = call.int("kv_num_heads");
  const q = headDims(call.dims(0), call.int("q_num_heads"));
  const k = headDims(call.dims(1), kvHeads);
  const v = headDims(call.dims(2), kvHeads);
  if (q === undefined || k === undefined || v === undefined) {
    return [tensor(type, undefined)];
  }
  const past = call.has(4) ? call.dims(4)?.[2] : 0;
  const total = past === undefined || k[2] === undefined ? undefined : past + k[2];
  const y =
    call.dims(0)?.length === 4
      ? [q[0], q[1], q[2], v[3]]
      : [q[0], q[2], q[1] === undefined || v[3] === undefined ? undefined : q[1] * v[3]];
  return [
    tensor(type, y),
    tensor(call.input(1).elementType, [k[0], k[1], total, k[3]]),
    tensor(call.input(2).elementType, [v[0], v[1], total, v[3]]),
    tensor(type, [q[0], q[1], q[2], total]),
  ];
};

/** Inputs input [batch, length, width], weights [width, 3 x hidden], bias, mask, past. */
export const fusedAttention: InferRule = (call) => {
  const x = call.dims(0);
  const type = call.input(0).elementType;
  const columns = call.dims(1)?.[1] ?? call.dims(2)?.[0];
  const split = call.ints("qkv_hidden_sizes");
  const hidden = split?.[2] ?? (columns === undefined ? undefined : columns / 3);
  return [tensor(type, x && [x[0], x[1], hidden]), tensor(type, presentDims(call, hidden))];
};

function presentDims(call: NodeCall, hidden: number | undefined): KnownDims | undefined {
  const [batch, length] = call.dims(0) ?? [];
  const heads = call.int("num_heads");
  const past = call.has(4) ? call.dims(4)?.[3] : 0;
  return heads === undefined || hidden === undefined
    ? undefined
    : [
        2,
        batch,
        heads,
        length === undefined || past === undefined ? undefined : length + past,
        hidden / heads,
      ];
}

/** Query [batch, length, hidden] (or packed), key, value. */
export const multiHeadAttention: InferRule = (call) => {
  const q = call.dims(0);
  const type = call.input(0).elementType;
  const width = call.dims(2)?.length === 3 ? call.dims(2)?.[2] : q?.[2];
  return [tensor(type, q?.length === 3 ? [q[0], q[1], width] : undefined)];
};
