/** Cases of operators that ONNX Runtime adds: what its optimization and the tools around it write. */
import type { ExpectedCase } from "./operator-cases.js";
import type { CaseAttribute } from "./operator-models.js";

function row(
  type: string,
  inputs: string,
  types: string,
  flops: number | undefined,
  attributes: Readonly<Record<string, CaseAttribute>> = {},
): ExpectedCase {
  return {
    type: `com.microsoft${type.includes(":") ? "." : ":"}${type}`,
    inputs,
    types,
    flops,
    attributes,
    opset: 17,
    outputs: types.split(" ").length,
  };
}

const REAL_DFT = { signal_ndim: 1, normalized: 0, onesided: 1 };
const HALVES = { kernel_shape: [2, 2], strides: [2, 2] };

/** Expected types and FLOPs, by hand. */
export const CONTRIBUTED_CASES: readonly ExpectedCase[] = [
  row("FusedMatMulActivation", "f32[2,3] f32[3,4]", "f32[2,4]", 8 * (6 + 1), {
    activation: "Relu",
  }),
  row("GemmFastGelu", "f32[2,3] f32[3,4] f32[4]", "f32[2,4]", 8 * (6 + 9)),
  // Three complex numbers in each of two rows: 4 products and 2 sums each.
  row("ComplexMul", "f32[2,6] f32[2,6]", "f32[2,6]", 6 * 6),
  row("ComplexMulConj", "f32[2,6] f32[2,6]", "f32[2,6]", 6 * 6),
  row("Inverse", "f32[3,4,4]", "f32[3,4,4]", 3 * 2 * 4 ** 3),
  // 32 real numbers are 17 pairs, and back.
  row("Rfft", "f32[3,32]", "f32[3,17,2]", 3 * 5 * 32 * 5, REAL_DFT),
  row("Irfft", "f32[3,17,2]", "f32[3,32]", 3 * 5 * 32 * 5, REAL_DFT),
  row("Rfft", "f32[3,32]", "f32[3,32,2]", 3 * 5 * 32 * 5, { ...REAL_DFT, onesided: 0 }),
  row("Rfft", "f32[2,8,16]", "f32[2,8,9,2]", 2 * 5 * 128 * 7, { ...REAL_DFT, signal_ndim: 2 }),
  row("ExpandDims", "f32[2,3] i32()=1", "f32[2,1,3]", undefined),
  row("ExpandDims", "f32[2,3] i32()=-1", "f32[2,3,1]", undefined),
  row("NGramRepeatBlock", "i64[2,4] f32[2,9]", "f32[2,9]", 0, { ngram_size: 3 }),
  row("NhwcMaxPool", "u8[1,6,8,4]", "u8[1,3,4,4]", 48 * 3, HALVES),
  // Two operations to scale a byte of each of three tables, and 9 as for floats.
  row(
    "QEmbedLayerNormalization",
    "i32[1,3] i32[1,3] u8[9,4] u8[5,4] u8[2,4] u8[4] u8[4] - f32()=1 f32()=1 f32()=1 f32()=1 f32()=1 u8()=0 u8()=0 u8()=0 u8()=0 u8()=0",
    "f32[1,3,4] i32[1]",
    12 * 15,
  ),
  // One new token of 3 heads of 8 sees 5 keys; in a buffer of 12 it sees all of them.
  row(
    "DecoderMaskedMultiHeadAttention",
    "f32[2,1,24] f32[2,1,24] f32[2,1,24] - - f32[2,3,4,8] f32[2,3,4,8]",
    "f32[2,1,24] f32[2,3,5,8] f32[2,3,5,8]",
    2 * 3 * 5 * (4 * 8 + 7),
    { num_heads: 3 },
  ),
  row(
    "DecoderMaskedMultiHeadAttention",
    "f32[2,1,24] f32[2,1,24] f32[2,1,24] - - f32[2,3,12,8] f32[2,3,12,8] i32()=4",
    "f32[2,1,24] f32[2,3,12,8] f32[2,3,12,8]",
    2 * 3 * 12 * (4 * 8 + 7),
    { num_heads: 3, past_present_share_buffer: 1 },
  ),
  // Blocks of channels, as ONNX Runtime stores them: 3 x 3 taps of 16 channels, a bias, an activation.
  row("nchwc:Conv", "f32[1,16,6,6] f32[16,16,3,3] f32[16]", "f32[1,16,4,4]", 256 * (2 * 144 + 2), {
    activation: "Relu",
  }),
  row("nchwc:MaxPool", "f32[1,16,6,8]", "f32[1,16,3,4]", 192 * 3, HALVES),
  row("nchwc:AveragePool", "f32[1,16,6,8]", "f32[1,16,3,4]", 192 * 4, HALVES),
  row("nchwc:GlobalAveragePool", "f32[1,16,6,8]", "f32[1,16,1,1]", 768),
  row("nchwc:GlobalMaxPool", "f32[1,16,6,8]", "f32[1,16,1,1]", 768),
  row("nchwc:Upsample", "f32[1,16,3,4]", "f32[1,16,6,12]", 0, { scales: [1, 1, 2, 3] }),
  row("nchwc:ReorderInput", "f32[1,32,3,4]", "f32[1,32,3,4]", 0),
  row("nchwc:ReorderInput", "f32[1,3,4,32]", "f32[1,32,3,4]", 0, { channels_last: 1 }),
  row("nchwc:ReorderOutput", "f32[1,16,3,4]", "f32[1,10,3,4]", 0, { channels: 10 }),
  row("nchwc:ReorderOutput", "f32[1,16,3,4]", "f32[1,3,4,10]", 0, {
    channels: 10,
    channels_last: 1,
  }),
];
