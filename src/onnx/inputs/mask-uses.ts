/** Uses of a value as a mask or as the length of a sequence: nothing is masked, sequences are full. */
import { type Demand, fed, guessed, within } from "./demand.js";
import type { UseCall, UseRule } from "./use-call.js";

/** The number of the type `bool` in ONNX. */
const BOOL = 9;

const FULL = "a full sequence is what the sizes are for";
const UNMASKED = "a mask of zeros leaves nothing to compute, and gives NaN in a softmax";

/** A length of at least 1, fed at its largest. */
function lengthOf(size: number | undefined): Demand | undefined {
  return size === undefined || size < 1 ? undefined : within(1, size, size);
}

/** The length of the keys of an attention, the past included: of [B, L, ...] or [B, heads, L, ...]. */
function keyLength(call: UseCall, keys: number, past: number): number | undefined {
  const dims = call.dims(keys) ?? call.dims(0);
  const length = dims?.at(dims.length === 4 ? 2 : 1);
  // Packed pasts are [2, B, heads, L, size].
  return length === undefined ? undefined : length + (call.dims(past)?.at(-2) ?? 0);
}

/** A mask of an attention of com.microsoft: lengths where it has one dim, else ones. */
function attentionMask(mask: number, keys: number, past: number) {
  return (call: UseCall): Demand | undefined => {
    const dims = call.dims(mask);
    if (dims === undefined) {
      return undefined;
    }
    const length = keyLength(call, keys, past);
    const batch = call.size(0, 0);
    if (dims.length !== 1 || length === undefined || batch === undefined) {
      return fed(1);
    }
    const ends = new Array<number>(batch).fill(length);
    const starts = new Array<number>(Math.max(0, (dims[0] ?? 0) - batch)).fill(0);
    return starts.length === 2 * batch + 2
      ? fed(cumulative(batch, length))
      : fed([...ends, ...starts]);
  };
}

/** Lengths of the keys, then where queries and keys of every sequence begin: `3 batch + 2` numbers. */
function cumulative(batch: number, length: number): readonly number[] {
  const begins = Array.from({ length: batch + 1 }, (_, at) => at * length);
  return [...new Array<number>(batch).fill(length), ...begins, ...begins];
}

/** Tokens of GroupQueryAttention: those of the cache and those of the query. */
function totalTokens(call: UseCall): number | undefined {
  const length = call.size(0, 1);
  return length === undefined ? undefined : length + (call.size(3, 2) ?? 0);
}

/** `n` where input `i` is a constant with the numbers 0 to n - 1, in any shape; n at least 2. */
function countedTo(call: UseCall, i: number): number | undefined {
  const values = call.values(i);
  const isRange =
    values !== undefined && values.length > 1 && values.every((each, at) => each === at);
  return isRange ? values.length : undefined;
}

function comparedWithRange(input: number): UseRule {
  return {
    types: ["Less", "LessOrEqual", "Greater", "GreaterOrEqual"],
    input,
    what: "a number compared with 0, 1, ... n - 1",
    drawn: "n, unless it indexes a table too",
    why: `a mask is made of lengths this way; ${FULL}`,
    demand: (call) => {
      const size = call.isInteger(input) ? countedTo(call, 1 - input) : undefined;
      return size === undefined ? undefined : guessed(size);
    },
  };
}

/** The rules, in the order of the documents. */
export const MASK_USES: readonly UseRule[] = [
  {
    types: ["LSTM", "GRU", "RNN", "com.microsoft:DynamicQuantizeLSTM"],
    input: 4,
    what: "lengths of sequences",
    drawn: "the size of the time axis",
    why: FULL,
    demand: (call) => lengthOf(call.size(0, call.int("layout", 0) === 1 ? 1 : 0)),
  },
  {
    types: ["ReverseSequence"],
    input: 1,
    what: "lengths of sequences",
    drawn: "the size of the time axis",
    why: FULL,
    demand: (call) => lengthOf(call.size(0, call.int("time_axis", 0))),
  },
  {
    types: ["Attention"],
    input: 3,
    what: "mask of integers or booleans",
    drawn: "1",
    why: UNMASKED,
    demand: (call) => (/^(bool|u?int)/.test(call.elementType(3) ?? "") ? fed(1) : undefined),
  },
  {
    types: ["Attention"],
    input: 6,
    what: "lengths of the keys",
    drawn: "the number of keys",
    why: FULL,
    demand: (call) => lengthOf(keyLength(call, 1, 4)),
  },
  {
    types: ["com.microsoft:Attention"],
    input: 3,
    what: "mask",
    drawn: "1, or the number of keys where it holds lengths",
    why: UNMASKED,
    demand: attentionMask(3, 0, 4),
  },
  {
    types: ["com.microsoft:QAttention"],
    input: 5,
    what: "mask",
    drawn: "1, or the number of keys where it holds lengths",
    why: UNMASKED,
    demand: attentionMask(5, 0, 8),
  },
  {
    types: ["com.microsoft:MultiHeadAttention"],
    input: 4,
    what: "mask of the keys",
    drawn: "1, or the number of keys where it holds lengths",
    why: UNMASKED,
    demand: attentionMask(4, 1, 6),
  },
  {
    types: ["com.microsoft:GroupQueryAttention"],
    input: 5,
    what: "lengths of the sequences less 1",
    drawn: "tokens of the cache and of the query together, less 1",
    why: FULL,
    demand: (call) => {
      const total = totalTokens(call);
      return total === undefined ? undefined : fed(total - 1);
    },
  },
  {
    types: ["com.microsoft:GroupQueryAttention"],
    input: 6,
    what: "total length",
    drawn: "tokens of the cache and of the query together",
    why: FULL,
    demand: (call) => {
      const total = totalTokens(call);
      return total === undefined ? undefined : fed(total);
    },
  },
  {
    types: ["com.microsoft:EmbedLayerNormalization", "com.microsoft:QEmbedLayerNormalization"],
    input: 7,
    what: "mask",
    drawn: "1",
    why: UNMASKED,
    demand: () => fed(1),
  },
  {
    types: ["Sub"],
    input: 1,
    what: "what is subtracted from the constant 1",
    drawn: "1 where it follows from an input of integers, unless it indexes a table too",
    why: `a mask is turned round this way; ${UNMASKED}`,
    demand: (call) =>
      call.values(0)?.every((value) => value === 1) === true ? guessed(1) : undefined,
  },
  {
    types: ["Cast"],
    input: 0,
    what: "integers that become booleans",
    drawn: "1, unless they index a table too",
    why: UNMASKED,
    demand: (call) => (call.int("to", 0) === BOOL && call.isInteger(0) ? guessed(1) : undefined),
  },
  comparedWithRange(1),
  comparedWithRange(0),
];
