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
