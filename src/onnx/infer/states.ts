/** Operators that carry a state from call to call: linear attention and causal convolutions. */
import { tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Sizes of a `LinearAttention`; unknown ones are `undefined`. */
export interface LinearAttentionSizes {
  readonly batch: number | undefined;
  readonly tokens: number | undefined;
  /** Heads of the queries, and of keys and values, each of which has a state. */
  readonly heads: number | undefined;
  readonly stateHeads: number | undefined;
  /** Elements of a key and of a value per head: the sides of a state. */
  readonly keySize: number | undefined;
  readonly valueSize: number | undefined;
}

/** Reads the sizes from queries and values [batch, tokens, heads x size]. */
export function linearAttentionSizes(call: NodeCall): LinearAttentionSizes {
  const [heads, stateHeads] = [call.int("q_num_heads"), call.int("kv_num_heads")];
  const [batch, tokens, width] = call.dims(0) ?? [];
  return {
    batch,
    tokens,
    heads,
    stateHeads,
    keySize: divided(width, heads),
    valueSize: divided(call.dims(2)?.[2], stateHeads),
  };
}

function divided(whole: number | undefined, parts: number | undefined): number | undefined {
  return whole === undefined || parts === undefined || parts === 0 ? undefined : whole / parts;
}

/** Inputs query, key, value, past state, decay, beta; outputs result and present state. */
export const linearAttention: InferRule = (call) => {
  const { batch, tokens, heads, stateHeads, keySize, valueSize } = linearAttentionSizes(call);
  const type = call.input(0).elementType;
  const width = heads === undefined || valueSize === undefined ? undefined : heads * valueSize;
  return [
    tensor(type, call.dims(0) && [batch, tokens, width]),
    tensor(call.has(3) ? call.input(3).elementType : type, [batch, stateHeads, keySize, valueSize]),
  ];
};

/** Inputs x [batch, channels, length], weights [channels, 1, kernel]; outputs y and the last inputs. */
export const causalConvolution: InferRule = (call) => {
  const { elementType, dims } = call.input(0);
  const kernel = call.dims(1)?.[2];
  const state = kernel === undefined ? undefined : kernel - 1;
  return [tensor(elementType, dims), tensor(elementType, dims && [dims[0], dims[1], state])];
};
