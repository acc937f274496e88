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
];
