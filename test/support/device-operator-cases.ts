/** Operators with shapes that reach every branch of their code generation. */
import type { CaseAttribute } from "./operator-models.js";
import type { OracleCase } from "./operator-oracle.js";

type Attributes = Readonly<Record<string, CaseAttribute>>;

function row(
  type: string,
  inputs: string,
  attributes: Attributes = {},
  rest: Partial<Pick<OracleCase, "opset" | "outputs" | "ranges" | "tolerance">> = {},
): OracleCase {
  return { type, inputs, attributes, opset: 17, outputs: 1, ...rest };
}

const UNARY = [
  "Abs",
  "Atan",
  "Asinh",
  "Ceil",
  "Celu",
  "Clip",
  "Cos",
  "Cosh",
  "Elu",
  "Erf",
  "Exp",
  "Floor",
  "HardSigmoid",
  "HardSwish",
  "LeakyRelu",
  "Neg",
  "Relu",
  "Round",
  "Selu",
  "Shrink",
  "Sigmoid",
  "Sign",
  "Sin",
  "Sinh",
  "Softplus",
  "Softsign",
  "Tan",
  "Tanh",
  "ThresholdedRelu",
];

const BINARY = ["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"];
const COMPARISON = ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"];

/** Element-wise operators. */
export const ELEMENTWISE_CASES: readonly OracleCase[] = [
  ...UNARY.map((type) => row(type, "f32[3,301]", {}, { ranges: [[-1.4, 1.4]] })),
  ...["Log", "Sqrt", "Reciprocal"].map((type) => row(type, "f32[2,5]", {}, { ranges: [[0.1, 4]] })),
  ...["Asin", "Acos", "Atanh"].map((type) => row(type, "f32[2,5]", {}, { ranges: [[-0.9, 0.9]] })),
  row("Acosh", "f32[7]", {}, { ranges: [[1.1, 9]] }),
  row("Gelu", "f32[4,9]", {}, { opset: 20 }),
  row("Gelu", "f32[4,9]", { approximate: "tanh" }, { opset: 20 }),
  row("Mish", "f32[4,9]", {}, { opset: 18 }),
  row("com.microsoft:Gelu", "f32[4,9]"),
  row("com.microsoft:QuickGelu", "f32[4,9]"),
  row("IsNaN", "f32[4,9]"),
  row("IsInf", "f32[4,9]"),
  row("Not", "b[2,3]"),
  ...BINARY.map((type) => row(type, "f32[2,3,4] f32[3,1]")),
  ...BINARY.map((type) => row(type, "f32[5,1,4] f32[3,4]")),
  ...["Add", "Sub", "Mul", "Max", "Min"].map((type) =>
    row(
      type,
      "i64[2,3] i64[3]",
      {},
      {
        ranges: [
          [-9, 9],
          [-9, 9],
        ],
      },
    ),
  ),
  row("Div", "f32[2,3] f32[2,1]", {}, { ranges: [undefined, [0.5, 2]] }),
  row(
    "Div",
    "i64[2,3] i64[3]",
    {},
    {
      ranges: [
        [-9, 9],
        [1, 5],
      ],
    },
  ),
  row("Div", "i32[2,3] i32=2,-3,4", {}, { ranges: [[-9, 9]] }),
  row("Mod", "i64[30,2] i64=3,-4", {}, { ranges: [[-9, 9]] }),
  row(
    "Mod",
    "f32[2,9] f32[1]",
    { fmod: 1 },
    {
      ranges: [
        [-9, 9],
        [1, 3],
      ],
    },
  ),
  row("Pow", "f32[2,9] f32=2"),
  row("Pow", "f32[2,9] f32=3"),
  row("Pow", "f32[2,9] f32()=0.5", {}, { ranges: [[0, 2]] }),
  row("Pow", "f32[2,9] f32[9]", {}, { ranges: [[0.1, 2]] }),
  row("Pow", "f32[2,9] i64=2,3,2,1,0,4,3,2,1"),
  row("PRelu", "f32[2,3,4] f32[3,1]"),
  row("Sum", "f32[2,3] f32[3] f32[1]"),

  row("Clip", "f32[2,30] f32()=-0.5 f32()=0.75"),
  row("Clip", "f32[2,30] - f32()=0.75"),
  row("Clip", "f32[2,30] f32[]"),

  row("Where", "b[3] f32[2,3] f32[]"),
  row("Where", "b[2,1] i64[2,3] i64=7"),
  ...COMPARISON.map((type) => row(type, "f32[2,3] f32[3]")),
  ...COMPARISON.map((type) =>
    row(
      type,
      "i64[2,3] i64[3]",
      {},
      {
        ranges: [
          [0, 3],
          [0, 3],
        ],
      },
    ),
  ),
  ...["And", "Or", "Xor"].map((type) => row(type, "b[2,3] b[3]")),
  ...["BitwiseAnd", "BitwiseOr", "BitwiseXor"].map((type) =>
    row(
      type,
      "i32[2,3] i32[3]",
      {},
      {
        opset: 18,
        ranges: [
          [-90, 90],
          [-90, 90],
        ],
      },
    ),
  ),
  row("BitwiseNot", "i32[2,3]", {}, { opset: 18 }),
  row(
    "BitShift",
    "u8[2,3] u8[3]",
    { direction: "LEFT" },
    {
      ranges: [
        [0, 99],
        [0, 5],
      ],
    },
  ),
  row(
    "BitShift",
    "u8[2,3] u8[3]",
    { direction: "RIGHT" },
    {
      ranges: [
        [0, 99],
        [0, 5],
      ],
    },
  ),
  row("Cast", "f32[2,30]", { to: 7 }, { ranges: [[-9, 9]] }),
  row("Cast", "f32[2,30]", { to: 9 }),
  row("Cast", "f32[2,30]", { to: 11 }),
  row("Cast", "f32[2,30]", { to: 10 }),
  row("Cast", "f32[2,30]", { to: 3 }, { ranges: [[-9, 9]] }),
  row("Cast", "i64[2,30]", { to: 1 }, { ranges: [[-9, 9]] }),
  row("Cast", "b[2,30]", { to: 1 }),
  row("Cast", "u8[2,30]", { to: 6 }, { ranges: [[0, 255]] }),
  row(
    "BatchNormalization",
    "f32[2,3,4,5] f32[3] f32[3] f32[3] f32[3]",
    {},
    {
      ranges: [undefined, undefined, undefined, undefined, [0.5, 2]],
    },
  ),
  row(
    "BatchNormalization",
    "f32[2,3] f32[3] f32[3] f32[3] f32[3]",
    { epsilon: { f: 0.01 } },
    {
      ranges: [undefined, undefined, undefined, undefined, [0.5, 2]],
    },
  ),
  row("QuantizeLinear", "f32[2,3,4] f32()=0.02 u8()=128", {}, { ranges: [[-4, 4]] }),
  row(
    "QuantizeLinear",
    "f32[2,3,4] f32=0.02,0.01,0.03 i8=1,2,3",
    { axis: 1 },
    { ranges: [[-4, 4]] },
  ),
  row("DequantizeLinear", "u8[2,3,4] f32()=0.02 u8()=128", {}, { ranges: [[0, 255]] }),
  row("DequantizeLinear", "i8[2,3,4] f32=0.02,0.01,0.03", { axis: -2 }, { ranges: [[-99, 99]] }),
];

/** Operators that move elements. */
export const MOVEMENT_CASES: readonly OracleCase[] = [
  row("Transpose", "f32[2,3,4]"),
  row("Transpose", "f32[2,3,4,5]", { perm: [0, 2, 1, 3] }),
  row("Transpose", "i64[20,30]"),
  row("Expand", "f32[3,1] i64=2,3,4"),
  row("Expand", "f32[1,4] i64=5,1"),
  row("Tile", "f32[2,3] i64=2,2"),
  row("Tile", "f32[2,3,1] i64=1,3,4"),
  row("DepthToSpace", "f32[2,8,2,3]", { blocksize: 2 }),
  row("DepthToSpace", "f32[2,12,2,3]", { blocksize: 2, mode: "CRD" }),
  row("SpaceToDepth", "f32[2,2,4,6]", { blocksize: 2 }),
  row("Slice", "f32[10,5] i64=1 i64=9 i64=0 i64=3"),
  row("Slice", "f32[10] i64=-1 i64=-11 i64=0 i64=-2"),
  row("Slice", "f32[4,6,8] i64=1,2 i64=3,-1 i64=0,2"),
  row("Slice", "u8[10,5]", { starts: [7], ends: [9], axes: [0] }, { opset: 9 }),
  row("Split", "f32[7,2]", { axis: 0, split: [3, 4] }, { opset: 11, outputs: 2 }),
  row("Split", "f32[2,6,3]", { axis: 1 }, { opset: 13, outputs: 3 }),
  row("Split", "f32[2,7]", { axis: -1, num_outputs: 3 }, { opset: 18, outputs: 3 }),
  row("Concat", "f32[2,3] f32[2,4] f32[2,1]", { axis: -1 }),
  row("Concat", "f32[2,3,2] f32[1,3,2]", { axis: 0 }),
  row("Concat", "f32[2,1,3] f32[2,0,3] f32[2,5,3]", { axis: 1 }),
  row("Concat", Array.from({ length: 37 }, (_, i) => `f32[2,${(i % 3) + 1},2]`).join(" "), {
    axis: 1,
  }),
  row("Concat", "i64[3] i64=4,5", { axis: 0 }),
  row("Pad", "f32[2,3] i64=0,1,2,0"),
  row("Pad", "f32[2,3] i64=1,1,1,1 f32()=7"),
  row("Pad", "f32[2,3] i64=1,0,1,1 f32[]"),
  row("Pad", "f32[4,6] i64=-1,2,1,-3"),
  row("Pad", "f32[4,6] i64=3,2,1,5", { mode: "reflect" }),
  row("Pad", "f32[4,6] i64=3,2,1,5", { mode: "edge" }),
  row("Pad", "f32[4,6] i64=3,2,1,9", { mode: "wrap" }, { opset: 19 }),
  row("Pad", "f32[2,3] i64=1,1 - i64=1", {}, { opset: 18 }),
  row("Pad", "f32[2,3]", { pads: [0, 1, 2, 0], value: { f: 2.5 } }, { opset: 10 }),
  row("Trilu", "f32[2,4,5]"),
  row("Trilu", "f32[2,4,5] i64()=1", { upper: 0 }),
  row("Trilu", "f32[4,5] i64()=-2", { upper: 1 }),
  row("Gather", "f32[5,4] i64[2,3]", {}, { ranges: [undefined, [-5, 5]] }),
  row("Gather", "f32[3,5,4] i64[2]", { axis: 1 }, { ranges: [undefined, [0, 5]] }),
  row("Gather", "f32[3,5,4] i64()=-2", { axis: -2 }),
  row(
    "Gather",
    "i64[9] i32[4]",
    {},
    {
      ranges: [
        [-9, 9],
        [0, 9],
      ],
    },
  ),
  row("GatherElements", "f32[5,4] i64[2,4]", {}, { ranges: [undefined, [-5, 5]] }),
  row("GatherElements", "f32[5,4,2] i64[5,3,2]", { axis: 1 }, { ranges: [undefined, [0, 4]] }),
  row("GatherND", "f32[2,3,4] i64[5,2]", {}, { ranges: [undefined, [0, 2]] }),
  row("GatherND", "f32[2,3,4] i64[2,1]", { batch_dims: 1 }, { ranges: [undefined, [-3, 3]] }),
  row("GatherND", "f32[2,3,4] i64[2,6,1]", { batch_dims: 1 }, { ranges: [undefined, [0, 3]] }),
  row("ScatterND", "f32[5,4] i64[1,1] f32[1,4]", {}, { ranges: [undefined, [-5, 5]] }),
  row("ScatterElements", "f32[5,4] i64[1,4] f32[1,4]", {}, { ranges: [undefined, [-5, 5]] }),
  row(
    "ScatterElements",
    "f32[5,4] i64[5,1] f32[5,1]",
    { axis: 1 },
    { ranges: [undefined, [0, 4]] },
  ),
  row("OneHot", "i64[2,3] i64()=7 f32[2]", {}, { ranges: [[-7, 8]] }),
  row("OneHot", "i64[2,3] i64()=7 f32[2]", { axis: 1 }, { ranges: [[0, 7]] }),
  row("Resize", "f32[1,2,4,4] - f32=1,1,2,2"),
  row("Resize", "f32[1,2,4,5] - - i64=1,2,6,7", { mode: "linear" }),
  row("Resize", "f32[2,2,8,9] - - i64=2,2,3,4", { mode: "linear" }),
  row("Resize", "f32[1,2,4,5] - - i64=1,2,7,9", {
    mode: "linear",
    coordinate_transformation_mode: "align_corners",
  }),
  row("Resize", "f32[1,2,4,5] - - i64=1,2,9,1", {
    mode: "linear",
    coordinate_transformation_mode: "pytorch_half_pixel",
  }),
  row("Resize", "f32[1,2,4,5] - - i64=1,2,9,11", {
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  }),
  row("Resize", "f32[1,2,9,5] - - i64=1,2,4,3", { nearest_mode: "ceil" }),
  row("Resize", "f32[1,2,4,5] - - i64=1,2,9,11", { nearest_mode: "round_prefer_ceil" }),
  row("Resize", "f32[1,2,4,4] f32=1,1,1.5,1.5", {}, { opset: 10 }),
  row("Upsample", "f32[1,2,4,4] f32=1,1,2,3", {}, { opset: 9 }),
];

const REDUCE = [
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceProd",
  "ReduceSumSquare",
];

/** Reductions and normalisations: rows for a thread, a warp, a thread block; along each axis. */
export const ROW_CASES: readonly OracleCase[] = [
  ...REDUCE.flatMap((type) => [
    row(type, "f32[2,3,4]", { axes: [1] }),
    row(type, "f32[3,100]", { axes: [1], keepdims: 0 }),
  ]),
  row("ReduceMean", "f32[2,3000]", { axes: [1] }, { tolerance: 1e-4 }),
  row("ReduceMean", "f32[2,40,60,3]", { axes: [1, 2] }, { tolerance: 1e-4 }),
  row("ReduceMean", "f32[2,40,60]", { axes: [1] }),
  row("ReduceMean", "f32[3,5,70,66]", { axes: [1, 3] }),
  row("ReduceMean", "f32[33,65,65]", { axes: [0] }),
  row("ReduceMax", "f32[2,3000]", { axes: [1] }),
  row("ReduceSum", "f32[2,3,4] i64=1"),
  row("ReduceSum", "f32[2,3,4]"),
  row("ReduceSum", "i64[2,3,40] i64=2", {}, { ranges: [[-9, 9]] }),
  row("ReduceSum", "f32[2,3,4] i64=0,2", { keepdims: 0 }),
  row("ReduceMax", "i64[2,70]", { axes: [1] }, { ranges: [[-99, 99]] }),
  row("ReduceMin", "i32[2,70]", { axes: [1] }, { ranges: [[-99, 99]] }),
  row("ReduceLogSum", "f32[2,5]", { axes: [1] }, { ranges: [[0.5, 2]] }),
  row("GlobalAveragePool", "f32[2,3,7,7]"),
  row("GlobalMaxPool", "f32[2,3,17,27]"),
  row("ArgMax", "f32[3,100]", { axis: 1 }),
  row("ArgMax", "f32[3,2000]", { axis: -1, keepdims: 0 }),
  row("ArgMax", "i32[3,40]", { axis: 1, select_last_index: 1 }, { ranges: [[0, 3]] }),
  row("ArgMin", "i32[40,5]", {}, { ranges: [[0, 3]] }),
  row("CumSum", "f32[2,9,3] i64()=1"),
  row("CumSum", "f32[2,9] i64()=1", { exclusive: 1, reverse: 1 }),
  row("CumSum", "f32[2,9] i64()=-2", { reverse: 1 }),
  row("Softmax", "f32[2,3]"),
  row("Softmax", "f32[5,100]"),
  row("Softmax", "f32[3,5000]"),
  row("Softmax", "f32[2,40,5]", { axis: 1 }),
  row("Softmax", "f32[2,3,4]", { axis: 1 }, { opset: 11 }),
  row("LogSoftmax", "f32[5,100]"),
  row("LogSoftmax", "f32[2,7,5]", { axis: 1 }),
  row("LayerNormalization", "f32[2,5,8] f32[8] f32[8]"),
  row("LayerNormalization", "f32[2,5,100] f32[100]", {}, { outputs: 3 }),
  row("LayerNormalization", "f32[2,30,50] f32[30,50] f32[30,50]", { axis: 1 }),
  row("RMSNormalization", "f32[3,80] f32[80]", {}, { opset: 23 }),
  row("SimplifiedLayerNormalization", "f32[2,8] f32[8]"),
  row("com.microsoft:SkipLayerNormalization", "f32[2,5,8] f32[2,5,8] f32[8] f32[8] f32[8]"),
  row("com.microsoft:SkipLayerNormalization", "f32[2,5,80] f32[2,5,80] f32[80]"),
  row("com.microsoft:SkipSimplifiedLayerNormalization", "f32[2,5,80] f32[2,5,80] f32[80]"),
  row("InstanceNormalization", "f32[2,3,4,5] f32[3] f32[3]"),
  row("InstanceNormalization", "f32[2,3,40,50] f32[3] f32[3]"),
  row("GroupNormalization", "f32[2,6,4,4] f32[6] f32[6]", { num_groups: 2 }, { opset: 21 }),
  row("MeanVarianceNormalization", "f32[2,3,4,4]"),
  row("LRN", "f32[1,7,4,4]", { size: 5 }),
  row("LRN", "f32[2,6,4,4]", { size: 3, alpha: { f: 0.1 }, beta: { f: 0.5 }, bias: { f: 2 } }),
];

/** Pools, products and convolutions. */
export const WINDOW_CASES: readonly OracleCase[] = [
  row("MaxPool", "f32[1,2,7,7]", { kernel_shape: [3, 3], strides: [2, 2] }),
  row(
    "MaxPool",
    "f32[1,2,8,8]",
    { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
    {
      outputs: 2,
    },
  ),
  row("MaxPool", "f32[2,3,9]", { kernel_shape: [3], dilations: [2], pads: [1, 2] }),
  row("MaxPool", "f32[1,2,5,6,7]", { kernel_shape: [2, 3, 2], strides: [1, 2, 2] }),
  row("MaxPool", "f32[1,2,7,8]", { kernel_shape: [2, 2], strides: [2, 2], auto_pad: "SAME_UPPER" }),
  row("MaxPool", "f32[1,2,7,7]", { kernel_shape: [4, 4], strides: [2, 2], auto_pad: "SAME_LOWER" }),
  row("AveragePool", "f32[1,2,7,7]", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  row("AveragePool", "f32[1,2,7,7]", {
    kernel_shape: [3, 3],
    pads: [1, 0, 1, 2],
    count_include_pad: 1,
  }),
  row("AveragePool", "f32[1,2,8,8]", { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  row("AveragePool", "f32[1,2,9,9]", { kernel_shape: [3, 3], dilations: [2, 2] }, { opset: 19 }),
  row("AveragePool", "f32[1,2,7,7]", {
    kernel_shape: [2, 2],
    strides: [2, 2],
    auto_pad: "SAME_UPPER",
  }),
  row("LpPool", "f32[1,2,6,6]", { kernel_shape: [2, 2], strides: [2, 2] }),
  row("MatMul", "f32[2,3] f32[3,4]"),
  row("MatMul", "f32[2,5,3] f32[3,4]"),
  row("MatMul", "f32[3,2,5,6] f32[3,2,6,4]"),
  row("MatMul", "f32[5,1,2,3] f32[7,3,4]"),
  row("MatMul", "f32[1,7,2,3] f32[5,7,3,4]"),
  row("MatMul", "f32[5,2,3] f32[1,3,4]"),
  row("MatMul", "f32[3] f32[3,4]"),
  row("MatMul", "f32[3] f32[2,3,4]"),
  row("MatMul", "f32[2,3] f32[3]"),
  row("MatMul", "f32[4,2,3] f32[3]"),
  row("MatMul", "f32[3] f32[3]"),
  row("com.microsoft:FusedMatMul", "f32[3,2] f32[4,3]", {
    transA: 1,
    transB: 1,
    alpha: { f: 0.5 },
  }),
  row("com.microsoft:FusedMatMul", "f32[5,3,2] f32[5,3,4]", { transA: 1 }),
  row("Gemm", "f32[3,2] f32[4,3] f32[4]", { transA: 1, transB: 1 }),
  row("Gemm", "f32[2,3] f32[3,4]", { alpha: { f: 0.5 } }),
  row("Gemm", "f32[2,3] f32[3,4] f32[2,1]", { alpha: { f: 0.5 }, beta: { f: 2 } }),
  row("Gemm", "f32[2,3] f32[3,4] f32[]", { beta: { f: -1 } }),
  row("Conv", "f32[1,3,8,8] f32[4,3,3,3] f32[4]", { strides: [2, 2], pads: [1, 1, 1, 1] }),
  row("Conv", "f32[2,3,8,7] f32[4,3,3,3]", { dilations: [2, 1] }),
  row("Conv", "f32[1,3,8,7] f32[4,3,3,3]", { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  row("Conv", "f32[1,3,8,7] f32[4,3,2,4]", { auto_pad: "SAME_LOWER" }),
  row("Conv", "f32[1,3,9,9] f32[4,3,3,3]", { pads: [0, 0, 1, 1], strides: [2, 2] }),
  row("Conv", "f32[1,3,8,8] f32[4,3,3,3]", { pads: [0, 0, 1, 1], strides: [2, 2] }),
  row("Conv", "f32[1,4,8,8] f32[4,1,3,3] f32[4]", { group: 4, pads: [1, 1, 1, 1] }),
  row("Conv", "f32[1,6,8,8] f32[4,3,1,1]", { group: 2 }),
  row("Conv", "f32[2,3,10] f32[5,3,4]", { pads: [2, 1], strides: [2] }),
  row("ConvTranspose", "f32[1,3,4,4] f32[3,2,3,3] f32[2]", { strides: [2, 2] }),
  row("ConvTranspose", "f32[2,3,4,5] f32[3,2,3,3]", {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 1],
  }),
  row("ConvTranspose", "f32[1,4,5] f32[4,3,3]", { group: 2, dilations: [2], pads: [1, 2] }),
  row("ConvTranspose", "f32[1,3,4,5] f32[3,2,3,4]", { strides: [2, 3], auto_pad: "SAME_UPPER" }),
  row("ConvTranspose", "f32[1,3,4,5] f32[3,2,4,4]", { strides: [1, 3], auto_pad: "SAME_LOWER" }),
  row("Conv", "f32[1,2,4,5,6] f32[3,2,2,3,2] f32[3]", { pads: [1, 0, 1, 1, 1, 1] }),
];

/** Recurrent layers: directions, initial states, biases, outputs that nobody reads. */
export const RECURRENT_CASES: readonly OracleCase[] = [
  row("LSTM", "f32[5,2,3] f32[1,16,3] f32[1,16,4] f32[1,32]", { hidden_size: 4 }, { outputs: 3 }),
  row(
    "LSTM",
    "f32[5,2,3] f32[2,16,3] f32[2,16,4] f32[2,32] - f32[2,2,4] f32[2,2,4]",
    {
      hidden_size: 4,
      direction: "bidirectional",
    },
    { outputs: 3 },
  ),
  row("LSTM", "f32[3,1,5] f32[1,8,5] f32[1,8,2]", { hidden_size: 2, direction: "reverse" }),
  row(
    "LSTM",
    "f32[3,2,5] f32[1,8,5] f32[1,8,2] - - f32[1,2,2]",
    { hidden_size: 2 },
    { outputs: 3 },
  ),
  row("LSTM", "f32[3,2,5] f32[1,8,5] f32[1,8,2] - i32=3,3 - f32[1,2,2]", { hidden_size: 2 }),
  row(
    "GRU",
    "f32[5,2,3] f32[2,12,3] f32[2,12,4] f32[2,24]",
    {
      hidden_size: 4,
      direction: "bidirectional",
    },
    { outputs: 2 },
  ),
  row("GRU", "f32[4,2,3] f32[1,12,3] f32[1,12,4] f32[1,24] - f32[1,2,4]", { hidden_size: 4 }),
  row(
    "GRU",
    "f32[4,2,3] f32[1,12,3] f32[1,12,4] f32[1,24] - f32[1,2,4]",
    {
      hidden_size: 4,
      linear_before_reset: 1,
    },
    { outputs: 2 },
  ),
  row("GRU", "f32[4,2,3] f32[1,12,3] f32[1,12,4]", { hidden_size: 4, linear_before_reset: 1 }),
  row("RNN", "f32[5,2,3] f32[1,4,3] f32[1,4,4]", { hidden_size: 4 }, { outputs: 2 }),
  row(
    "RNN",
    "f32[5,2,3] f32[2,4,3] f32[2,4,4] f32[2,8] - f32[2,2,4]",
    {
      hidden_size: 4,
      direction: "bidirectional",
    },
    { outputs: 2 },
  ),
];

/** All cases. */
export const DEVICE_CASES: readonly OracleCase[] = [
  ...ELEMENTWISE_CASES,
  ...MOVEMENT_CASES,
  ...ROW_CASES,
  ...WINDOW_CASES,
  ...RECURRENT_CASES,
];
