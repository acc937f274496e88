import { row } from "./case-row.js";
import type { OracleCase } from "./operator-oracle.js";

const V23 = { opset: 23 } as const;
const THREE = { opset: 23, outputs: 3 } as const;
const FLAT = { q_num_heads: 4, kv_num_heads: 2 } as const;
const TWO_HEADS = { num_heads: 2 } as const;
const MASKED = { ranges: [undefined, undefined, undefined, undefined, [0, 2]] } as const;

const THREE_HEADS = { num_heads: 3 } as const;
const POSITIONS = { opset: 23, ranges: [undefined, undefined, undefined, [0, 9]] } as const;

/** Attention as one operator, and its rotary embeddings. */
export const ATTENTION_CASES: readonly OracleCase[] = [
  row("Attention", "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,5]", {}, V23),
  row("Attention", "f32[2,4,32] f32[2,6,16] f32[2,6,10]", FLAT, V23),
  row("Attention", "f32[2,3,4,8] f32[2,3,4,8] f32[2,3,4,8]", { is_causal: 1 }, V23),
  row("Attention", "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,8] f32[4,6]", { scale: { f: 0.3 } }, V23),
  row("Attention", "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,8] f32[2,1,4,6]", {}, V23),
  row("Attention", "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,8]", { softcap: { f: 2 } }, V23),
  row("Attention", "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,8] - f32[2,3,5,8] f32[2,3,5,8]", {}, THREE),
  row("Attention", "f32[2,3,4,8] f32[2,3,9,8] f32[2,3,9,8] b[4,9]", {}, V23),
  row(
    "Attention",
    "f32[2,3,4,8] f32[2,3,6,8] f32[2,3,6,8] f32[4,6]",
    { softcap: { f: 2 }, is_causal: 1 },
    V23,
  ),
  row("Attention", "f32[1,1,32] f32[1,1,16] f32[1,1,16] - f32[1,2,5,8] f32[1,2,5,8]", FLAT, THREE),
  row(
    "Attention",
    "f32[2,3,40,8] f32[2,3,40,8] f32[2,3,40,8]",
    { is_causal: 1 },
    { ...THREE, tolerance: 5e-5 },
  ),
  row("com.microsoft:MultiHeadAttention", "f32[2,3,8] f32[2,5,8] f32[2,5,6]", TWO_HEADS),
  row("com.microsoft:MultiHeadAttention", "f32[2,3,8] f32[2,5,8] f32[2,5,8] f32[24]", TWO_HEADS),
  row(
    "com.microsoft:MultiHeadAttention",
    "f32[2,3,8] f32[2,5,8] f32[2,5,8] - i32[2,5] f32[1,2,3,5]",
    TWO_HEADS,
    MASKED,
  ),
  row("com.microsoft:Attention", "f32[2,5,6] f32[6,24] f32[24]", TWO_HEADS),
  row("com.microsoft:Attention", "f32[2,5,6] f32[6,24] f32[24]", {
    ...TWO_HEADS,
    unidirectional: 1,
  }),
  row("com.microsoft:Attention", "f32[2,5,6] f32[6,24] f32[24] i32[2,5]", TWO_HEADS),
  row("RotaryEmbedding", "f32[2,3,4,8] f32[9,4] f32[9,4] i64[2,4]", {}, POSITIONS),
  row("RotaryEmbedding", "f32[2,4,24] f32[9,4] f32[9,4] i64[2,4]", THREE_HEADS, POSITIONS),
  row("RotaryEmbedding", "f32[2,3,4,8] f32[2,4,4] f32[2,4,4]", { interleaved: 1 }, V23),
  row(
    "com.microsoft:RotaryEmbedding",
    "f32[2,4,24] i64[2,4] f32[9,4] f32[9,4]",
    {},
    { ranges: [undefined, [0, 9]] },
  ),
  row(
    "com.microsoft:RotaryEmbedding",
    "f32[2,3,4,8] i64[1] f32[9,4] f32[9,4]",
    { interleaved: 1 },
    { ranges: [undefined, [0, 5]] },
  ),
];
