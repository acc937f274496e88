import { CONTRIBUTED_CASES } from "./contributed-operator-cases.js";
import { DOMAIN_CASES } from "./domain-operator-cases.js";
import type { CaseAttribute, OperatorCase } from "./operator-models.js";

/** An operator with what must be said of it: short types of its outputs, and FLOPs by hand. */
export interface ExpectedCase extends OperatorCase {
  readonly types: string;
  /** `undefined`: a view or a constant. */
  readonly flops: number | undefined;
}

function row(
  type: string,
  inputs: string,
  types: string,
  flops: number | undefined,
  attributes: Readonly<Record<string, CaseAttribute>> = {},
  opset = 17,
): ExpectedCase {
  return { type, inputs, types, flops, attributes, opset, outputs: types.split(" ").length };
}

/** Element-wise types with their operations per element: each is tried on 2 x 3 elements. */
const UNARY: Readonly<Record<string, number>> = {
  Abs: 1,
  Acos: 1,
  Acosh: 1,
  Asin: 1,
  Asinh: 1,
  Atan: 1,
  Atanh: 1,
  Ceil: 1,
  Cos: 1,
  Cosh: 1,
  Erf: 1,
  Exp: 1,
  Floor: 1,
  Log: 1,
  Neg: 1,
  Reciprocal: 1,
  Relu: 1,
  Round: 1,
  Sign: 1,
  Sin: 1,
  Sinh: 1,
  Sqrt: 1,
  Tan: 1,
  Tanh: 1,
  ThresholdedRelu: 1,
  Clip: 2,
  LeakyRelu: 2,
  Elu: 3,
  Shrink: 3,
  Softplus: 3,
  Softsign: 3,
  Celu: 4,
  HardSigmoid: 4,
  Selu: 4,
  Sigmoid: 4,
  HardSwish: 5,
  Softmax: 5,
  LogSoftmax: 5,
  Hardmax: 1,
  LpNormalization: 3,
};

/** Binary types, tried on [2,3] with [3]. */
const ARITHMETIC = ["Add", "Sub", "Mul", "Div", "Pow"];
const COMPARISON = ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"];
const LOGIC = ["And", "Or", "Xor"];

/** Reductions with FLOPs for [2,3,4] over axis 1: per input element (24) and per output element (8). */
const REDUCE: Readonly<Record<string, number>> = {
  ReduceL1: 48,
  ReduceL2: 56,
  ReduceLogSum: 32,
  ReduceLogSumExp: 56,
  ReduceMax: 24,
  ReduceMean: 24,
  ReduceMin: 24,
  ReduceProd: 24,
  ReduceSumSquare: 48,
};

/** Every operator family, shapes and FLOPs worked out by hand. */
export const OPERATOR_CASES: readonly ExpectedCase[] = [
  ...Object.entries(UNARY).map(([type, each]) => row(type, "f32[2,3]", "f32[2,3]", 6 * each)),
  row("Gelu", "f32[2,3]", "f32[2,3]", 30, {}, 20),
  row("Mish", "f32[2,3]", "f32[2,3]", 30, {}, 18),
  row("IsNaN", "f32[2,3]", "b[2,3]", 6),
  row("IsInf", "f32[2,3]", "b[2,3]", 6),
  row("Not", "b[2,3]", "b[2,3]", 6),
  row("BitwiseNot", "i32[2,3]", "i32[2,3]", 6, {}, 18),
  ...ARITHMETIC.map((type) => row(type, "f32[2,3] f32[3]", "f32[2,3]", 6)),
  ...COMPARISON.map((type) => row(type, "f32[2,3] f32[3]", "b[2,3]", 6)),
  ...LOGIC.map((type) => row(type, "b[2,3] b[3]", "b[2,3]", 6)),
  row("Mod", "i64[2,3] i64[3]", "i64[2,3]", 6),
  row("Add", "f32[2,1,4] f32[3,1]", "f32[2,3,4]", 24),
  row("Add", "f32[] f32[2]", "f32[2]", 2),
  row("Add", "f32[0,3] f32[1,3]", "f32[0,3]", 0),
  row("PRelu", "f32[2,3] f32[3]", "f32[2,3]", 12),
  row("Sum", "f32[2,3] f32[3] f32[1]", "f32[2,3]", 12),
  row("Max", "f32[2,3] f32[3]", "f32[2,3]", 6),
  row("Min", "f32[2,3] f32[3]", "f32[2,3]", 6),
  row("Mean", "f32[2,3] f32[3]", "f32[2,3]", 12),
  row("Where", "b[3] f32[2,3] f32[]", "f32[2,3]", 0),
  row("Cast", "f32[2,3]", "i64[2,3]", 0, { to: 7 }),
  row("Cast", "f32[2,3]", "f32[2,3]", undefined, { to: 1 }),
  row("CastLike", "f32[2,3] i64[1]", "i64[2,3]", 0),
  row("CumSum", "f32[2,3] i64()=1", "f32[2,3]", 6),
  row("Trilu", "f32[3,3]", "f32[3,3]", 0),
  row("Dropout", "f32[2,3]", "f32[2,3]", undefined),

  // Convolution: 2 x 3 x 3 x 3 taps = 54, + 1 for the bias, of 4 x 4 x 4 = 64 outputs (8 wide, stride 2, pads 1).
  row("Conv", "f32[1,3,8,8] f32[4,3,3,3] f32[4]", "f32[1,4,4,4]", 64 * 55, {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
  row("Conv", "f32[1,3,8,8] f32[4,3,3,3]", "f32[1,4,6,6]", 144 * 54),
  row("Conv", "f32[1,3,8,8] f32[4,3,3,3]", "f32[1,4,4,4]", 64 * 54, { dilations: [2, 2] }),
  row("Conv", "f32[1,3,8,7] f32[4,3,3,3]", "f32[1,4,4,4]", 64 * 54, {
    auto_pad: "SAME_UPPER",
    strides: [2, 2],
  }),
  row("Conv", "f32[1,4,8,8] f32[4,1,3,3]", "f32[1,4,6,6]", 144 * 18, { group: 4 }),
  row("Conv", "f32[2,3,10] f32[5,3,4]", "f32[2,5,7]", 70 * 24),
  row("ConvTranspose", "f32[1,3,4,4] f32[3,2,3,3]", "f32[1,2,9,9]", 2 * 48 * 18, {
    strides: [2, 2],
  }),
  row("ConvTranspose", "f32[1,3,4,4] f32[3,2,3,3]", "f32[1,2,8,8]", 2 * 48 * 18, {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 1],
  }),
  row("ConvInteger", "u8[1,3,8,8] u8[4,3,3,3]", "i32[1,4,6,6]", 144 * 54),
  row(
    "QLinearConv",
    "u8[1,3,8,8] f32()=1 u8()=0 u8[4,3,3,3] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[1,4,6,6]",
    144 * 57,
  ),
  row("com.microsoft:FusedConv", "f32[1,3,8,8] f32[4,3,3,3]", "f32[1,4,6,6]", 144 * 55, {
    activation: "Relu",
  }),

  row("MaxPool", "f32[1,2,7,7]", "f32[1,2,3,3]", 18 * 8, { kernel_shape: [3, 3], strides: [2, 2] }),
  row("MaxPool", "f32[1,2,8,8]", "f32[1,2,4,4] i64[1,2,4,4]", 32 * 8, {
    kernel_shape: [3, 3],
    strides: [2, 2],
    ceil_mode: 1,
  }),
  row("MaxPool", "f32[1,1,6,6]", "f32[1,1,3,3]", 9 * 3, {
    kernel_shape: [2, 2],
    strides: [2, 2],
    pads: [0, 0, 1, 1],
    ceil_mode: 0,
  }),
  row("AveragePool", "f32[1,2,7,7]", "f32[1,2,7,7]", 98 * 9, {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
  }),
  row("LpPool", "f32[1,2,6,6]", "f32[1,2,3,3]", 18 * 9, { kernel_shape: [2, 2], strides: [2, 2] }),
  row("GlobalAveragePool", "f32[1,2,7,7]", "f32[1,2,1,1]", 98),
  row("GlobalMaxPool", "f32[1,2,7,7]", "f32[1,2,1,1]", 98),
  row("GlobalLpPool", "f32[1,2,7,7]", "f32[1,2,1,1]", 198),

  row("MatMul", "f32[2,3] f32[3,4]", "f32[2,4]", 48),
  row("MatMul", "f32[5,1,2,3] f32[7,3,4]", "f32[5,7,2,4]", 35 * 48),
  row("MatMul", "f32[3] f32[3,4]", "f32[4]", 24),
  row("MatMul", "f32[2,3] f32[3]", "f32[2]", 12),
  row("MatMul", "f32[3] f32[3]", "f32[]", 6),
  row("Gemm", "f32[3,2] f32[4,3] f32[4]", "f32[2,4]", 56, { transA: 1, transB: 1 }),
  row("Gemm", "f32[2,3] f32[3,4]", "f32[2,4]", 56, { alpha: { f: 0.5 } }),
  row("MatMulInteger", "u8[2,3] u8[3,4]", "i32[2,4]", 48),
  row(
    "QLinearMatMul",
    "u8[2,3] f32()=1 u8()=0 u8[3,4] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[2,4]",
    72,
  ),
  row("Einsum", "f32[2,3,4] f32[2,4,5]", "f32[2,3,5]", 2 * 120, { equation: "bij,bjk->bik" }),
  row("Einsum", "f32[3,4] f32[4,5]", "f32[3,5]", 2 * 60, { equation: "ij,jk->ik" }),
  row("Det", "f32[5,3,3]", "f32[5]", 90),

  row("Reshape", "f32[2,6] i64=3,-1", "f32[3,4]", undefined),
  row("Reshape", "f32[2,6] i64=0,2,3", "f32[2,2,3]", undefined),
  row("Flatten", "f32[2,3,4]", "f32[6,4]", undefined, { axis: 2 }),
  row("Flatten", "f32[2,3,4]", "f32[1,24]", undefined, { axis: 0 }),
  row("Squeeze", "f32[1,3,1]", "f32[3]", undefined),
  row("Squeeze", "f32[1,3,1] i64=-1", "f32[1,3]", undefined),
  row("Squeeze", "f32[1,3,1]", "f32[3,1]", undefined, { axes: [0] }, 11),
  row("Unsqueeze", "f32[3] i64=0,2", "f32[1,3,1]", undefined),
  row("Unsqueeze", "f32[3]", "f32[3,1]", undefined, { axes: [-1] }, 11),
  row("Identity", "f32[3]", "f32[3]", undefined),
  row("Shape", "f32[2,3,4]", "i64[3]", undefined),
  row("Shape", "f32[2,3,4]", "i64[2]", undefined, { start: 1 }),
  row("Size", "f32[2,3,4]", "i64[]", undefined),
  row("Transpose", "f32[2,3,4]", "f32[4,3,2]", 0),
  row("Transpose", "f32[2,3,4]", "f32[3,2,4]", 0, { perm: [1, 0, 2] }),
  row("Transpose", "f32[1,3,4]", "f32[3,1,4]", undefined, { perm: [1, 0, 2] }),
  row("Expand", "f32[3,1] i64=2,1,4", "f32[2,3,4]", 0),
  row("Tile", "f32[2,3] i64=2,2", "f32[4,6]", 0),
  row("DepthToSpace", "f32[1,8,2,3]", "f32[1,2,4,6]", 0, { blocksize: 2 }),
  row("SpaceToDepth", "f32[1,2,4,6]", "f32[1,8,2,3]", 0, { blocksize: 2 }),

  row("Slice", "f32[10,5] i64=1 i64=9 i64=0 i64=3", "f32[3,5]", 0),
  row("Slice", "f32[10] i64=-1 i64=-11 i64=0 i64=-2", "f32[5]", 0),
  row("Slice", "f32[10] i64=2 i64=9223372036854775807", "f32[8]", 0),
  row("Slice", "f32[10,5]", "f32[2,5]", 0, { starts: [7], ends: [9], axes: [0] }, 9),
  row("Slice", "f32[10] i64=0 i64=99", "f32[10]", undefined),
  row("Split", "f32[7,2]", "f32[3,2] f32[4,2]", 0, { axis: 0, split: [3, 4] }, 11),
  row("Split", "f32[6,2]", "f32[2,2] f32[2,2] f32[2,2]", 0, {}, 13),
  row("Split", "f32[7,2]", "f32[3,2] f32[3,2] f32[1,2]", 0, { num_outputs: 3 }, 18),
  row("Concat", "f32[2,3] f32[2,4]", "f32[2,7]", 0, { axis: -1 }),
  row("Pad", "f32[2,3] i64=0,1,2,0", "f32[4,4]", 0),
  row("Pad", "f32[2,3]", "f32[4,4]", 0, { pads: [0, 1, 2, 0] }, 10),
  row("Pad", "f32[2,3] i64=1,1 - i64=1", "f32[2,5]", 0, {}, 18),

  row("Gather", "f32[5,4] i64[2,3]", "f32[2,3,4]", 0),
  row("Gather", "f32[5,4] i64()=1", "f32[5]", 0, { axis: 1 }),
  row("GatherElements", "f32[5,4] i64[2,4]", "f32[2,4]", 0),
  row("GatherND", "f32[2,3,4] i64[2,1]", "f32[2,4]", 0, { batch_dims: 1 }),
  row("GatherND", "f32[2,3,4] i64[5,2]", "f32[5,4]", 0),
  row("ScatterND", "f32[5,4] i64[2,1] f32[2,4]", "f32[5,4]", 0),
  row("ScatterND", "f32[5,4] i64[2,1] f32[2,4]", "f32[5,4]", 8, { reduction: "add" }, 16),
  row("ScatterElements", "f32[5,4] i64[2,4] f32[2,4]", "f32[5,4]", 0),
  row("OneHot", "i64[2,3] i64()=7 f32[2]", "f32[2,3,7]", 0),
  row("TopK", "f32[3,10] i64=4", "f32[3,4] i64[3,4]", 60),
  row("TopK", "f32[3,10]", "f32[3,4] i64[3,4]", 60, { k: 4 }, 9),
  row("ArgMax", "f32[3,10]", "i64[3,1]", 30, { axis: 1 }),
  row("ArgMin", "f32[3,10]", "i64[10]", 30, { keepdims: 0 }),
  row("NonZero", "i64=0,5,0,7", "i64[1,2]", undefined),
  row("ReverseSequence", "f32[4,3] i64[3]", "f32[4,3]", 0),
  row("Compress", "f32[4,3] b=1,0,1,0", "f32[2,3]", 0, { axis: 0 }),

  ...Object.entries(REDUCE).flatMap(([type, flops]) => [
    row(type, "f32[2,3,4]", "f32[2,1,4]", flops, { axes: [1] }),
    row(type, "f32[2,3,4] i64=-2", "f32[2,4]", flops, { keepdims: 0 }, 18),
  ]),
  row("ReduceSum", "f32[2,3,4] i64=1", "f32[2,1,4]", 24),
  row("ReduceSum", "f32[2,3,4]", "f32[1,1,1]", 24),
  row("ReduceMean", "f32[2,3,4]", "f32[]", 24, { keepdims: 0 }),

  row("BatchNormalization", "f32[1,3,4,4] f32[3] f32[3] f32[3] f32[3]", "f32[1,3,4,4]", 96),
  row("LayerNormalization", "f32[2,5,8] f32[8] f32[8]", "f32[2,5,8] f32[2,5,1] f32[2,5,1]", 560),
  row("InstanceNormalization", "f32[1,3,4,4] f32[3] f32[3]", "f32[1,3,4,4]", 336),
  row(
    "GroupNormalization",
    "f32[1,4,4,4] f32[4] f32[4]",
    "f32[1,4,4,4]",
    448,
    { num_groups: 2 },
    21,
  ),
  row("MeanVarianceNormalization", "f32[1,3,4,4]", "f32[1,3,4,4]", 240),
  row("LRN", "f32[1,3,4,4]", "f32[1,3,4,4]", 480, { size: 5 }),
  row("com.microsoft:SkipLayerNormalization", "f32[2,5,8] f32[2,5,8] f32[8]", "f32[2,5,8]", 720),

  // 5 steps x 2 of a batch x 4 hidden units: 2 x 4 gates x (3 + 4) + 8 biases + 18 = 82 each.
  row(
    "LSTM",
    "f32[5,2,3] f32[1,16,3] f32[1,16,4] f32[1,32]",
    "f32[5,1,2,4] f32[1,2,4] f32[1,2,4]",
    40 * 82,
    { hidden_size: 4 },
  ),
  row("GRU", "f32[5,2,3] f32[2,12,3] f32[2,12,4]", "f32[5,2,2,4] f32[2,2,4]", 80 * 56, {
    hidden_size: 4,
    direction: "bidirectional",
  }),
  row("RNN", "f32[5,2,3] f32[1,4,3] f32[1,4,4]", "f32[5,1,2,4] f32[1,2,4]", 40 * 15, {
    hidden_size: 4,
  }),

  row("QuantizeLinear", "f32[2,3] f32()=1 u8()=0", "u8[2,3]", 24),
  row("QuantizeLinear", "f32[2,3] f32()=1 i8()=0", "i8[2,3]", 24),
  row("DequantizeLinear", "u8[2,3] f32()=1 u8()=0", "f32[2,3]", 12),
  row("DynamicQuantizeLinear", "f32[2,3]", "u8[2,3] f32[] u8[]", 36),
  row(
    "com.microsoft:QLinearAdd",
    "u8[2,3] f32()=1 u8()=0 u8[3] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[2,3]",
    54,
  ),

  row("ConstantOfShape", "i64=2,3", "f32[2,3]", undefined),
  row("Range", "i64()=0 i64()=10 i64()=3", "i64[4]", undefined),
  row("EyeLike", "f32[3,3]", "f32[3,3]", 0),
  row("RandomNormalLike", "f32[3,3]", "f32[3,3]", 0),

  row("Resize", "f32[1,2,4,4] - f32=1,1,2,2", "f32[1,2,8,8]", 0),
  row("Resize", "f32[1,2,4,4] - - i64=1,2,6,7", "f32[1,2,6,7]", 8 * 84, { mode: "linear" }),
  row("Resize", "f32[1,2,4,4] f32=1,1,1.5,1.5", "f32[1,2,6,6]", 0, {}, 10),
  row("Upsample", "f32[1,2,4,4] f32=1,1,2,2", "f32[1,2,8,8]", 0, {}, 9),
  row("GridSample", "f32[1,2,4,4] f32[1,5,6,2]", "f32[1,2,5,6]", 8 * 60, {}, 16),
  row("RoiAlign", "f32[1,2,8,8] f32[3,4] i64[3]", "f32[3,2,4,4]", 96 * 8 * 4, {
    output_height: 4,
    output_width: 4,
    sampling_ratio: 2,
  }),
  row("STFT", "f32[1,64,1] i64()=16 f32[32]", "f32[1,3,17,2]", 3 * 32 * (25 + 2)),

  row("com.microsoft:Gelu", "f32[2,3]", "f32[2,3]", 30),
  row("com.microsoft:FastGelu", "f32[2,3]", "f32[2,3]", 54),
  row("com.microsoft:BiasGelu", "f32[2,3] f32[3]", "f32[2,3]", 36),
  row("com.microsoft:FusedMatMul", "f32[3,2] f32[3,4]", "f32[2,4]", 48, { transA: 1 }),
  // Projection 2 x 6 x 8 x 24 + bias, then 2 heads x 6 x 6 pairs of (2 x 4 + 2 x 4 + 7).
  row(
    "com.microsoft:Attention",
    "f32[1,6,8] f32[8,24] f32[24]",
    "f32[1,6,8]",
    6 * 24 * 17 + 72 * 23,
    { num_heads: 2 },
  ),
  row("BitShift", "u8[2,3] u8[3]", "u8[2,3]", 6, { direction: "LEFT" }),
  ...["BitwiseAnd", "BitwiseOr", "BitwiseXor"].map((type) =>
    row(type, "i32[2,3] i32[3]", "i32[2,3]", 6, {}, 18),
  ),
  row("Swish", "f32[2,3]", "f32[2,3]", 30, {}, 24),
  row("Bernoulli", "f32[2,3]", "f32[2,3]", 0),
  row("CumProd", "f32[2,3] i64()=1", "f32[2,3]", 6, {}, 26),
  row("RMSNormalization", "f32[2,8] f32[8]", "f32[2,8]", 64, {}, 23),
  row("SimplifiedLayerNormalization", "f32[2,8] f32[8]", "f32[2,8]", 64),
  row("RotaryEmbedding", "f32[1,2,3,8] f32[4,4] f32[4,4] i64[1,3]", "f32[1,2,3,8]", 144, {}, 23),
  row("Attention", "f32[1,2,4,8] f32[1,2,6,8] f32[1,2,6,8]", "f32[1,2,4,8]", 48 * 39, {}, 23),
  row(
    "Attention",
    "f32[1,4,16] f32[1,6,16] f32[1,6,16]",
    "f32[1,4,16]",
    48 * 39,
    { q_num_heads: 2, kv_num_heads: 2 },
    23,
  ),
  row("TensorScatter", "f32[1,2,8,4] f32[1,2,3,4] i64[1]", "f32[1,2,8,4]", 0, {}, 24),
  row("Scatter", "f32[5,4] i64[2,4] f32[2,4]", "f32[5,4]", 0, {}, 9),
  row("DeformConv", "f32[1,1,3,3] f32[1,1,2,2] f32[1,8,2,2]", "f32[1,1,2,2]", 160, {}, 19),
  row("Col2Im", "f32[1,9,4] i64=4,4 i64=3,3", "f32[1,1,4,4]", 0, {}, 18),
  row("CenterCropPad", "f32[4,6] i64=2,8", "f32[2,8]", 0, {}, 18),
  row("AffineGrid", "f32[1,2,3] i64=1,2,4,5", "f32[1,4,5,2]", 0, {}, 20),
  row("MaxRoiPool", "f32[1,2,8,8] f32[3,5]", "f32[3,2,2,2]", 128, { pooled_shape: [2, 2] }),
  row("MaxUnpool", "f32[1,1,2,2] i64[1,1,2,2]", "f32[1,1,4,4]", 0, {
    kernel_shape: [2, 2],
    strides: [2, 2],
  }),
  row("DFT", "f32[1,8,1]", "f32[1,8,2]", 120, { axis: 1 }),
  row("MelWeightMatrix", "i64()=4 i64()=16 i64()=8000 f32()=0 f32()=4000", "f32[9,4]", undefined),
  ...["HannWindow", "HammingWindow", "BlackmanWindow"].map((type) =>
    row(type, "i64()=8", "f32[8]", undefined),
  ),
  row("RandomNormal", "-", "f32[2,3]", 0, { shape: [2, 3] }),
  row("RandomUniform", "-", "f64[2,3]", 0, { shape: [2, 3], dtype: 11 }),
  row("RandomUniformLike", "f32[2,3]", "f32[2,3]", 0),
  row("Multinomial", "f32[2,5]", "i32[2,3]", 0, { sample_size: 3 }),

  row("com.microsoft:BiasAdd", "f32[1,4,8] f32[8] f32[1,4,8]", "f32[1,4,8]", 64),
  row("com.microsoft:BiasDropout", "f32[2,3] f32[3] f32[2,3]", "f32[2,3]", 18),
  row("com.microsoft:BiasQuickGelu", "f32[2,3] f32[3]", "f32[2,3]", 36),
  row("com.microsoft:BiasSoftmax", "f32[2,3] f32[2,3]", "f32[2,3]", 36, {
    axis: 1,
    is_inner_broadcast: 0,
  }),
  row("com.microsoft:BiasSplitGelu", "f32[1,4,8] f32[8]", "f32[1,4,4]", 96),
  row("com.microsoft:QuickGelu", "f32[2,3]", "f32[2,3]", 30),
  row("com.microsoft:QuantizeLinear", "f32[2,3] f32()=1 u8()=0", "u8[2,3]", 24),
  row("com.microsoft:DequantizeLinear", "u8[2,3] f32()=1 u8()=0", "f32[2,3]", 12),
  row("com.microsoft:DynamicQuantizeMatMul", "f32[2,3] u8[3,4] f32()=1", "f32[2,4]", 64),
  row("com.microsoft:MatMulIntegerToFloat", "u8[2,3] u8[3,4] f32()=1 f32()=1", "f32[2,4]", 64),
  ...["MatMulNBits", "MatMulBnb4"].map((type) =>
    row(`com.microsoft:${type}`, "f32[2,32] u8[4,1,16] f32[4]", "f32[2,4]", 768, {
      K: 32,
      N: 4,
      bits: 4,
      block_size: 32,
    }),
  ),
  row(
    "com.microsoft:MatMulNBits",
    "f32[2,32] u8[4,1,16] f32[4] - - f32[4]",
    "f32[2,4]",
    2 * 2 * 4 * 32 + 2 * 32 * 4 + 2 * 4,
    { K: 32, N: 4, bits: 4, block_size: 32 },
  ),
  row(
    "com.microsoft:QGemm",
    "u8[2,3] f32()=1 u8()=0 u8[3,4] f32()=1 u8()=0 i32[4] f32()=1 u8()=0",
    "u8[2,4]",
    56,
  ),
  row("com.microsoft:FusedGemm", "f32[2,3] f32[3,4]", "f32[2,4]", 48, { activation: "Relu" }),
  row("com.microsoft:FusedMatMul", "f32[25,4,8] f32[4,8,6]", "f32[4,25,6]", 2 * 600 * 8, {
    transBatchA: 1,
  }),
  row("com.microsoft:FusedMatMul", "f32[8,4,25] f32[4,8,6]", "f32[4,25,6]", 2 * 600 * 8, {
    transBatchA: 1,
    transA: 1,
  }),
  row("com.microsoft:TransposeMatMul", "f32[3,2] f32[3,4]", "f32[2,4]", 48, { transA: 1 }),
  row(
    "com.microsoft:MultiHeadAttention",
    "f32[1,4,8] f32[1,6,8] f32[1,6,8]",
    "f32[1,4,8]",
    48 * 23,
    { num_heads: 2 },
  ),
  // Each of 2 x 4 queries sees 5 kept keys and 6 new ones: 2 x 4 for its scores, 2 x 4 for its sum, 7.
  row(
    "com.microsoft:MultiHeadAttention",
    "f32[1,4,8] f32[1,6,8] f32[1,6,8] - - - f32[1,2,5,4] f32[1,2,5,4]",
    "f32[1,4,8] f32[1,2,11,4] f32[1,2,11,4]",
    2 * 4 * 11 * 23,
    { num_heads: 2 },
  ),
  // Kept cross attention has keys of rank 4.
  row(
    "com.microsoft:MultiHeadAttention",
    "f32[1,4,8] f32[1,2,9,4] f32[1,2,9,4]",
    "f32[1,4,8]",
    2 * 4 * 9 * 23,
    { num_heads: 2 },
  ),
  row("com.microsoft:MultiHeadAttention", "f32[1,6,2,3,4]", "f32[1,6,8]", 2 * 6 * 6 * 23, {
    num_heads: 2,
  }),
  row(
    "com.microsoft:MultiHeadAttention",
    "f32[1,6,8] f32[1,9,2,2,4]",
    "f32[1,6,8]",
    2 * 6 * 9 * 23,
    {
      num_heads: 2,
    },
  ),
  // Projection 4 x 6 x 22 with bias; 2 heads, keys of 4, values of 3.
  row(
    "com.microsoft:Attention",
    "f32[1,4,6] f32[6,22] f32[22]",
    "f32[1,4,6]",
    4 * 22 * 13 + 2 * 4 * 4 * (2 * 4 + 2 * 3 + 7),
    { num_heads: 2, qkv_hidden_sizes: [8, 8, 6] },
  ),
  row(
    "com.microsoft:Attention",
    "f32[1,1,6] f32[6,24] f32[24] - f32[2,1,2,32,4] - i32[1]",
    "f32[1,1,8] f32[2,1,2,32,4]",
    24 * 13 + 2 * 33 * 23,
    { num_heads: 2, past_present_share_buffer: 1 },
  ),
  row(
    "com.microsoft:QAttention",
    "u8[1,4,16] u8[16,48] f32[48] f32()=1 f32()=1",
    "f32[1,4,16]",
    4 * 48 * 33 + 2 * 4 * 4 * (4 * 8 + 7),
    { num_heads: 2 },
  ),
  // 4 query heads share 2 heads of keys; 8 kept and 4 new keys are 12 in all.
  row(
    "com.microsoft:GroupQueryAttention",
    "f32[1,4,32] f32[1,4,16] f32[1,4,16] f32[1,2,8,8] f32[1,2,8,8] i32[1] i32()=12",
    "f32[1,4,32] f32[1,2,12,8] f32[1,2,12,8]",
    4 * 4 * 12 * (4 * 8 + 7),
    { num_heads: 4, kv_num_heads: 2 },
  ),
  // A cache of 4 bits has two numbers in each byte, and the scores are an output.
  row(
    "com.microsoft:GroupQueryAttention",
    "f32[1,1,32] f32[1,1,16] f32[1,1,16] u8[1,2,11,4] u8[1,2,11,4] i32[1] i32()=12",
    "f32[1,1,32] u8[1,2,12,4] u8[1,2,12,4] f32[1,4,1,12]",
    4 * 12 * (4 * 8 + 7),
    { num_heads: 4, kv_num_heads: 2, kv_cache_bit_width: 4 },
  ),
  // A buffer that is longer than what it holds stays as it is; query, key and value in one tensor.
  row(
    "com.microsoft:GroupQueryAttention",
    "f32[1,1,64] - - f32[1,2,20,8] f32[1,2,20,8] i32[1] i32()=12",
    "f32[1,1,32] f32[1,2,20,8] f32[1,2,20,8]",
    4 * 12 * (4 * 8 + 7),
    { num_heads: 4, kv_num_heads: 2 },
  ),
  // 6 rows, each through 2 of 4 experts of 16 x 32 and back.
  row(
    "com.microsoft:MoE",
    "f32[6,16] f32[6,4] f32[4,32,16] - f32[4,16,32]",
    "f32[6,16]",
    2 * 6 * 2 * (16 * 32 * 2),
    { k: 2 },
  ),
  // The same with two weights in a byte.
  row(
    "com.microsoft:QMoE",
    "f32[6,16] f32[6,4] u8[4,32,8] f32[4,32] - u8[4,16,16] f32[4,16]",
    "f32[6,16]",
    2 * 6 * 2 * (16 * 32 * 2),
    { k: 2, expert_weight_bits: 4 },
  ),
  row(
    "com.microsoft:GatherBlockQuantized",
    "u8[16,16] i64[2,3] f32[16,1]",
    "f32[2,3,32]",
    2 * 192,
    { bits: 4, block_size: 32, gather_axis: 0, quantize_axis: 1 },
  ),
  row(
    "com.microsoft:DynamicQuantizeLSTM",
    "f32[5,1,3] i8[1,3,16] i8[1,4,16] f32[1,32] - - - - f32[1] i8[1] f32[1] i8[1]",
    "f32[5,1,1,4] f32[1,1,4] f32[1,1,4]",
    5 * 4 * (2 * 4 * 7 + 8 + 18),
    { hidden_size: 4 },
  ),
  row(
    "com.microsoft:QLinearConv",
    "u8[1,5,5,3] f32()=1 u8()=0 u8[4,3,3,3] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[1,3,3,4]",
    36 * (2 * 27 + 3),
    { channels_last: 1 },
  ),
  row(
    "com.microsoft:QLinearAveragePool",
    "u8[1,8,8,4] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[1,4,4,4]",
    64 * 5,
    { channels_last: 1, kernel_shape: [2, 2], strides: [2, 2] },
  ),
  row("NegativeLogLikelihoodLoss", "f32[4,3] i64[4]", "f32[]", 12, {}, 13),
  row(
    "SoftmaxCrossEntropyLoss",
    "f32[4,3] i64[4]",
    "f32[4] f32[4,3]",
    72,
    { reduction: "none" },
    13,
  ),
  row("BitCast", "f32[2,3]", "i32[2,3]", 0, { to: 6 }, 26),
  row("Einsum", "f32[2,4,5] f32[5,6]", "f32[2,4,6]", 2 * 240, { equation: "bij,jk" }),
  row("DFT", "f32[1,33,2]", "f32[1,64,1]", 5 * 64 * 6, { axis: 1, onesided: 1, inverse: 1 }),
  row("com.microsoft:RotaryEmbedding", "f32[1,2,8] i64[1,2] f32[4,4] f32[4,4]", "f32[1,2,8]", 48),
  row(
    "com.microsoft:EmbedLayerNormalization",
    "i32[1,4] i32[1,4] f32[10,8] f32[4,8] f32[2,8] f32[8] f32[8]",
    "f32[1,4,8] i32[1]",
    288,
  ),
  row("com.microsoft:LayerNormalization", "f32[2,8] f32[8] f32[8]", "f32[2,8]", 112),
  row("com.microsoft:SimplifiedLayerNormalization", "f32[2,8] f32[8]", "f32[2,8]", 64),
  row(
    "com.microsoft:SkipSimplifiedLayerNormalization",
    "f32[2,5,8] f32[2,5,8] f32[8]",
    "f32[2,5,8]",
    480,
  ),
  row("com.microsoft:GroupNorm", "f32[1,4,4,8] f32[8] f32[8]", "f32[1,4,4,8]", 896, {
    groups: 2,
    activation: 0,
  }),
  row(
    "com.microsoft:SkipGroupNorm",
    "f32[1,4,4,8] f32[8] f32[8] f32[1,4,4,8]",
    "f32[1,4,4,8] f32[1,4,4,8]",
    9 * 128,
    { groups: 2, activation: 0 },
  ),
  row("com.microsoft:GridSample", "f32[1,2,4,4] f32[1,5,6,2]", "f32[1,2,5,6]", 8 * 60),
  row("com.microsoft:GatherND", "f32[2,3,4] i64[5,2]", "f32[5,4]", 0),
  row("com.microsoft:Trilu", "f32[3,3]", "f32[3,3]", 0),
  row("com.microsoft:Range", "i64()=0 i64()=10 i64()=3", "i64[4]", undefined),
  row("com.microsoft:ReduceSumInteger", "u8[2,3]", "i32[2,1]", 6, { axes: [1] }),
  row(
    "com.microsoft:QLinearMul",
    "u8[2,3] f32()=1 u8()=0 u8[3] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[2,3]",
    54,
  ),
  ...["QLinearSigmoid", "QLinearLeakyRelu"].map((type) =>
    row(`com.microsoft:${type}`, "u8[2,3] f32()=1 u8()=0 f32()=1 u8()=0", "u8[2,3]", 60),
  ),
  row("com.microsoft:QLinearSoftmax", "u8[2,3] f32()=1 u8()=0 f32()=1 u8()=0", "u8[2,3]", 66, {
    opset: 13,
  }),
  row(
    "com.microsoft:QLinearAveragePool",
    "u8[1,2,6,6] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[1,2,3,3]",
    90,
    { kernel_shape: [2, 2], strides: [2, 2] },
  ),
  row(
    "com.microsoft:QLinearGlobalAveragePool",
    "u8[1,2,6,6] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[1,2,1,1]",
    74,
  ),
  row(
    "com.microsoft:QLinearConcat",
    "f32()=1 u8()=0 u8[2,3] f32()=1 u8()=0 u8[2,4] f32()=1 u8()=0",
    "u8[2,7]",
    0,
    { axis: 1 },
  ),
  row(
    "com.microsoft:QLinearWhere",
    "b[3] u8[2,3] f32()=1 u8()=0 u8[3] f32()=1 u8()=0 f32()=1 u8()=0",
    "u8[2,3]",
    0,
  ),
  ...DOMAIN_CASES,
  ...CONTRIBUTED_CASES,
];

/**
 * Sizes in which ONNX Runtime's kernels differ from its own inference. In single precision, in which
 * the kernels multiply, 0.7 x 30 is 21, 1.4 x 30 is 42 and 2.3 x 30 is 69; in double precision, each is
 * a little less.
 */
export const KERNEL_SIZE_CASES: readonly ExpectedCase[] = [
  row("Resize", "f32[1,1,30,30] - f32=1,1,0.7,1.4", "f32[1,1,21,42]", 0),
  row("Upsample", "f32[1,1,30,30] f32=1,1,1.4,2.3", "f32[1,1,42,69]", 0, {}, 9),
];
