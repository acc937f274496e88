/**
 * Emission rules of attention: ONNX's own operators, and those that ONNX Runtime's optimizer fuses.
 */

import type { DeviceNode } from "../device-node.js";
import {
  add,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  less,
  literal,
  load,
  multiply,
  STORAGE_BYTES,
  unary,
} from "../language/expression.js";
import { addressOf, broadcastLayout, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import {
  type AttentionCall,
  attentionNodes,
  flatHeads,
  gathered,
  type Heads,
  headsOf,
} from "./attention.js";
import { libraryType } from "./matrix.js";

type Score = AttentionCall["score"];

/** The buffer of the first mask. */
const FIRST_MASK = 2;

/** A mask that is broadcast over the scores, at buffer `buffer`. */
function maskElement(mask: Operand, dims: readonly number[], buffer: number) {
  return (at: readonly Expression[]): Expression => {
    const [sample, head, query, key] = at;
    const { type } = sample ?? literal("i32", 0);
    const places = [sample, head, query, key].map((each) =>
      convert(type, each ?? literal(type, 0)),
    );
    return load(mask.storage, buffer, addressOf(broadcastLayout(mask.dims, dims), places));
  };
}

/** Keys behind the query get no weight; the first query sees `earlier` keys and its own. */
function causal(value: Expression, at: readonly Expression[], earlier: number): Expression {
  const [, , query = literal("i32", 0), key = literal("i32", 0)] = at;
  const last = add(query, literal(query.type, earlier));
  const isLater = less(last, convert(query.type, key));
  return choose(isLater, literal(value.type, -Infinity), value);
}

function refusalOf(op: OperatorCall, reasons: readonly (readonly [boolean, string])[]): boolean {
  const reason = reasons.find(([holds]) => holds)?.[1];
  if (reason !== undefined) {
    op.refuse(reason);
  }
  return op.call.refusal !== undefined;
}

/** Inputs Q, K, V, mask, past key and value; outputs Y, present key and value. */
const attention: EmitRule = (op) => {
  const [q, k, v, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  const [mask, pastK, pastV] = [op.optional(3), op.optional(4), op.optional(5)];
  if (q === undefined || k === undefined || v === undefined || y === undefined) {
    return undefined;
  }
  const isRefused = refusalOf(op, [
    [op.output(3) !== undefined, "its scores are an output"],
    [op.call.has(6), "padded keys"],
    [libraryType(op, [q, k, v]) === undefined, "these types"],
  ]);
  const heads = headsOf(q, op.call.int("q_num_heads") ?? 1);
  const groups = op.call.int("kv_num_heads") ?? 1;
  if (isRefused || sizeOf(y.dims) * sizeOf(k.dims) === 0) {
    return isRefused ? undefined : op.refuse("an empty sequence");
  }
  const nodes: DeviceNode[] = [];
  const queries = gathered(op, heads, undefined, undefined, nodes);
  const keys = gathered(op, headsOf(k, groups), pastK, op.output(1), nodes);
  const values = gathered(op, headsOf(v, groups), pastV, op.output(2), nodes);
  const [batch, count, length, size] = heads.dims;
  const dims = [batch, count, length, keys.dims[2] ?? 1];
  const element = mask && maskElement(mask, dims, FIRST_MASK);
  const softcap = op.call.float("softcap") ?? 0;
  const score: Score = (value, at) => {
    const limited =
      softcap === 0
        ? value
        : multiply(
            unary("tanh", divide(value, literal(value.type, softcap))),
            literal(value.type, softcap),
          );
    const masked = element === undefined ? limited : underMask(limited, element(at));
    const earlier = pastK?.dims[2] ?? 0;
    return op.call.int("is_causal") === 1 ? causal(masked, at, earlier) : masked;
  };
  const scale = op.call.float("scale") ?? 1 / Math.sqrt(size);
  const masks = mask === undefined ? [] : [mask];
  const call = { q: queries, k: keys, v: values, y, scale, masks, score };
  return [...nodes, ...attentionNodes(op, call)];
};

/** A mask of truth values hides where it is false; one of numbers is added. */
function underMask(value: Expression, mask: Expression): Expression {
  return mask.type === "bool"
    ? choose(mask, value, literal(value.type, -Infinity))
    : add(value, convert(value.type, mask));
}

/** The score of a hidden key in fused attention. */
const HIDDEN = -10_000;

/** Additive masks of the fused operators: of keys (1 for keys that count), and of scores. */
function fusedScore(
  op: OperatorCall,
  dims: readonly number[],
  keyMask: Operand | undefined,
  bias: Operand | undefined,
): { readonly masks: readonly Operand[]; readonly score: Score } {
  const masks = [keyMask, bias].filter((mask) => mask !== undefined);
  const hidden = op.call.float("mask_filter_value") ?? HIDDEN;
  const [batch = 1, , , keys = 1] = dims;
  const spread = keyMask && { ...keyMask, dims: [batch, 1, 1, keys] };
  const isKept = spread && maskElement(spread, dims, FIRST_MASK);
  const added = bias && maskElement(bias, dims, FIRST_MASK + masks.length - 1);
  const score: Score = (value, at) => {
    const number = (constant: number) => literal(value.type, constant);
    let sum = value;
    if (isKept !== undefined) {
      const kept = isKept(at);
      const isZero = binary("equal", kept, literal(kept.type, 0));
      sum = choose(isZero, add(sum, number(hidden)), sum);
    }
    sum = added === undefined ? sum : add(sum, added(at));
    return op.call.int("unidirectional") === 1 ? causal(sum, at, 0) : sum;
  };
  return { masks, score };
}

/** A mask of [batch, keys], one element for each key. */
function keyMaskOf(op: OperatorCall, i: number, batch: number, keys: number) {
  const mask = op.optional(i);
  const isPlain = mask === undefined || (mask.dims[0] === batch && mask.dims[1] === keys);
  return isPlain ? mask : op.refuse(`a mask of [${mask.dims.join(", ")}]`);
}

/** Inputs query, key, value, bias, key padding mask, attention bias, past key and value. */
const multiHead: EmitRule = (op) => {
  const [q, k, v, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  const bias = op.optional(3);
  if (q === undefined || k === undefined || v === undefined || y === undefined) {
    return undefined;
  }
  const isPlain = q.dims.length === 3 && k.dims.length !== 5;
  const isRefused = refusalOf(op, [
    [!isPlain, "packed queries, keys or values"],
    [op.call.has(8) || op.output(3) !== undefined, "a shared buffer of past keys"],
    [libraryType(op, [q, k, v]) === undefined, "these types"],
  ]);
  if (isRefused || sizeOf(y.dims) * sizeOf(k.dims) === 0) {
    return isRefused ? undefined : op.refuse("an empty sequence");
  }
  const heads = op.call.int("num_heads") ?? 1;
  const width = q.dims[2] ?? 1;
  const withBias = (operand: Operand, part: number): Heads => {
    const own = headsOf(operand, heads);
    const isBiased = bias !== undefined && operand.dims.length === 3;
    return isBiased ? { ...own, bias: { operand: bias, start: part * width } } : own;
  };
  const nodes: DeviceNode[] = [];
  const queries = gathered(op, withBias(q, 0), undefined, undefined, nodes);
  const keys = gathered(op, withBias(k, 1), op.optional(6), op.output(1), nodes);
  const values = gathered(op, withBias(v, 2), op.optional(7), op.output(2), nodes);
  const [batch = 1, , length = 1, size = 1] = queries.dims;
  const dims = [batch, heads, length, keys.dims[2] ?? 1];
  const keyMask = keyMaskOf(op, 4, batch, dims[3] ?? 1);
  const masked = fusedScore(op, dims, keyMask, op.optional(5));
  const scale = op.call.float("scale") || 1 / Math.sqrt(size);
  const call = { q: queries, k: keys, v: values, y, scale, ...masked };
  return [...nodes, ...attentionNodes(op, call)];
};

/** Inputs x [batch, length, width], weights [width, 3 * hidden], bias, mask; one product for all three. */
const projected: EmitRule = (op) => {
  const [x, w, bias, y] = [op.input(0), op.input(1), op.optional(2), op.result()];
  if (x === undefined || w === undefined || y === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  const isRefused = refusalOf(op, [
    [op.call.has(4) || op.output(1) !== undefined, "past keys and values"],
    [op.call.ints("qkv_hidden_sizes") !== undefined, "sizes that differ"],
    [op.call.int("do_rotary") === 1, "rotary embedding"],
    [libraryType(op, [x, w]) === undefined, "these types"],
  ]);
  if (isRefused || sizeOf(y.dims) * sizeOf(x.dims) === 0) {
    return isRefused ? undefined : op.refuse("an empty sequence");
  }
  const [batch = 1, length = 1, width = 1] = x.dims;
  const row = w.dims[1] ?? 1;
  const heads = op.call.int("num_heads") ?? 1;
  const dims = [batch, heads, length, row / 3 / heads] as const;
  const inputs = op.scratch(x.storage, STORAGE_BYTES[x.storage], [batch * length, row]);
  const matrix = (operand: Operand, rowStride: number) =>
    ({ place: operand.place, rowStride, isTransposed: false, batchStride: 0 }) as const;
  const nodes: DeviceNode[] = [
    {
      kind: "gemm",
      type: x.storage === "f16" ? "f16" : "f32",
      m: batch * length,
      n: row,
      k: width,
      batch: 1,
      alpha: 1,
      beta: 0,
      a: matrix(x, width),
      b: matrix(w, row),
      c: matrix(inputs, row),
    },
  ];
  const [q, k, v] = [0, 1, 2].map((part) => {
    const offset = (part * row) / 3;
    const own = bias && { operand: bias, start: offset };
    const source = { ...flatHeads(inputs, dims, { row, offset }), bias: own };
    return gathered(op, source, undefined, undefined, nodes);
  }) as [Operand, Operand, Operand];
  const scores = [batch, heads, length, length];
  const keyMask = keyMaskOf(op, 3, batch, length);
  const masked = fusedScore(op, scores, keyMask, op.optional(5));
  const scale = op.call.float("scale") || 1 / Math.sqrt(dims[3]);
  return [...nodes, ...attentionNodes(op, { q, k, v, y, scale, ...masked })];
};

/** Emission rules of attention. */
export const ATTENTION_RULES: EmitTable = {
  Attention: attention,
  "com.microsoft:Attention": projected,
  "com.microsoft:MultiHeadAttention": multiHead,
};
