/**
 * The sizes of every form of attention, read once: types, FLOPs and products follow from them.
 *
 * Sources: ONNX operator documentation, Attention (version 23); ONNX Runtime, ContribOperators:
 * Attention, QAttention, MultiHeadAttention, GroupQueryAttention.
 */
import type { KnownDims } from "./fact.js";
import type { NodeCall } from "./node-call.js";

/** Sizes of one attention; unknown ones are `undefined`. */
export interface AttentionSizes {
  readonly batch: number | undefined;
  /** Heads of the queries, and of keys and values, which several query heads may share. */
  readonly heads: number | undefined;
  readonly keyHeads: number | undefined;
  readonly queries: number | undefined;
  /** Keys that queries see, those kept from earlier calls included. */
  readonly keys: number | undefined;
  /** Elements of a key, and of a value, per head. */
  readonly keySize: number | undefined;
  readonly valueSize: number | undefined;
  /** Elements of a result of rank 3 per query: the values of all heads. */
  readonly width: number | undefined;
  /** The product that makes queries, keys and values of the input: `rows` by `width` by `columns`. */
  readonly projection?: {
    readonly rows: number | undefined;
    readonly width: number | undefined;
    readonly columns: number | undefined;
  };
}

/** The sizes of a node of one type. */
export type AttentionRule = (call: NodeCall) => AttentionSizes;

/** Inputs query, key, value of rank 3 or 4, mask, past key, past value. */
export const plainSizes: AttentionRule = (call) => {
  const heads = call.dims(0)?.length === 4 ? call.dims(0)?.[1] : call.int("q_num_heads");
  const keyHeads = call.dims(1)?.length === 4 ? call.dims(1)?.[1] : call.int("kv_num_heads");
  const [query, key, value] = [
    inHeads(call.dims(0), heads),
    inHeads(call.dims(1), keyHeads),
    inHeads(call.dims(2), keyHeads),
  ];
  return {
    batch: query?.[0],
    heads,
    keyHeads,
    queries: query?.[2],
    keys: sum(key?.[2], call.has(4) ? call.dims(4)?.[2] : 0),
    keySize: key?.[3],
    valueSize: value?.[3],
    width: product(heads, value?.[3]),
  };
};

/** Batch, heads, length and size per head of a tensor of rank 3 or 4. */
function inHeads(dims: KnownDims | undefined, heads: number | undefined): KnownDims | undefined {
  if (dims?.length === 4) {
    return dims;
  }
  const [batch, length, width] = dims ?? [];
  return dims?.length === 3 ? [batch, heads, length, divided(width, heads)] : undefined;
}

/**
 * Inputs query, key, value, bias, mask, attention bias, past key, past value. Queries, keys and
 * values may be packed into one tensor of rank 5, keys and values too, and keys that were kept have
 * rank 4.
 */
export const multiHeadSizes: AttentionRule = (call) => multiHead(call, 6);

/**
 * Inputs query, key, value, mask, attention bias, past key, past value: one new token, whose keys are written
 * into the cache where input and output share it.
 */
export const decoderSizes: AttentionRule = (call) => {
  const sizes = multiHead(call, 5);
  const isShared = call.int("past_present_share_buffer") === 1 && call.has(5);
  return isShared ? { ...sizes, keys: call.dims(5)?.[2] } : sizes;
};

function multiHead(call: NodeCall, past: number): AttentionSizes {
  const [query, key, value] = [call.dims(0), call.dims(1), call.dims(2)];
  const isPacked = query?.length === 5;
  const heads = call.int("num_heads");
  const keySize = isPacked ? query[4] : divided(query?.[2], heads);
  const arePacked = isPacked || key?.length === 5;
  const width = value?.length === 4 ? value[3] : divided(value?.[2], heads);
  const newKeys = isPacked ? query[1] : key?.length === 4 ? key[2] : key?.[1];
  return {
    batch: query?.[0],
    heads,
    keyHeads: heads,
    queries: query?.[1],
    keys: sum(newKeys, call.has(past) ? call.dims(past)?.[2] : 0),
    keySize,
    valueSize: arePacked ? keySize : width,
    width: product(heads, arePacked ? keySize : width),
  };
}

/** Inputs input, weights, bias, then others; the cache of keys and values is input `past`. */
export function projectedSizes(past: number): AttentionRule {
  return (call) => {
    const [batch, queries, width] = call.dims(0) ?? [];
    const heads = call.int("num_heads");
    const columns = call.dims(1)?.[1] ?? call.dims(2)?.[0];
    const given = call.ints("qkv_hidden_sizes");
    const third = divided(columns, 3);
    return {
      batch,
      heads,
      keyHeads: heads,
      queries,
      keys: sum(queries, call.has(past) ? call.dims(past)?.[3] : 0),
      keySize: divided(given?.[0] ?? third, heads),
      valueSize: divided(given?.[2] ?? third, heads),
      width: given?.[2] ?? third,
      projection: { rows: product(batch, queries), width, columns },
    };
  };
}

/**
 * Inputs query, key, value, past key, past value, lengths, total length. Without a key, the query
 * holds all three. Where the total length is not known, as many keys count as are new or kept.
 */
export const groupedSizes: AttentionRule = (call) => {
  const [batch, queries, width] = call.dims(0) ?? [];
  const [heads, keyHeads] = [call.int("num_heads"), call.int("kv_num_heads")];
  const parts = call.has(1) ? heads : sum(heads, product(2, keyHeads));
  const size = divided(width, parts);
  const kept = call.has(3) ? call.dims(3)?.[2] : 0;
  return {
    batch,
    heads,
    keyHeads,
    queries,
    keys: call.values(6)?.[0] ?? sum(queries, kept),
    keySize: size,
    valueSize: size,
    width: product(heads, size),
  };
};

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

function product(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}

function divided(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}
