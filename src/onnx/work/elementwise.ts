/**
 * Work of operators that treat every element alone: operations per element of the output.
 *
 * The counts follow from the formulas in the ONNX operator documentation, one operation for each
 * arithmetic step: Sigmoid is 1 / (1 + exp(-x)), so negate, exp, add, divide: 4.
 */
import { outputCount, type WorkRule, type WorkTable } from "./work-rule.js";

const PER_ELEMENT: readonly (readonly [count: number, types: string])[] = [
  [
    1,
    "Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Cos " +
      "Cosh Div Equal Erf Exp Floor Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Mod Mul Neg Not Or " +
      "Pow Reciprocal Relu Round Sign Sin Sinh Sqrt Sub Tan Tanh ThresholdedRelu Xor",
  ],
  [
    2,
    "com.microsoft:BiasAdd Clip LeakyRelu PRelu BatchNormalization DequantizeLinear com.microsoft:DequantizeLinear",
  ],
  [
    3,
    "Elu Shrink Softplus Softsign RotaryEmbedding com.microsoft:RotaryEmbedding com.microsoft:BiasDropout",
  ],
  [4, "Celu HardSigmoid QuantizeLinear Selu Sigmoid com.microsoft:QuantizeLinear"],
  [5, "Gelu HardSwish Mish Swish com.microsoft:Gelu com.microsoft:QuickGelu"],
  [
    6,
    "DynamicQuantizeLinear com.microsoft:BiasGelu com.microsoft:BiasQuickGelu com.microsoft:BiasSplitGelu",
  ],
  [9, "com.microsoft:FastGelu com.microsoft:QLinearAdd com.microsoft:QLinearMul"],
  [10, "com.microsoft:QLinearLeakyRelu com.microsoft:QLinearSigmoid"],
];

function perElement(count: number): WorkRule {
  return {
    formula: count === 1 ? "|Y|" : `${count} |Y|`,
    flops: (work) => count * outputCount(work),
  };
}

/** One operation less than inputs, at each place. */
const combined: WorkRule = {
  formula: "(inputs - 1) |Y|",
  flops: (work) => Math.max(0, work.call.node.inputs.length - 1) * outputCount(work),
};

const mean: WorkRule = {
  formula: "inputs |Y|",
  flops: (work) => work.call.node.inputs.length * outputCount(work),
};

/** Work of the element-wise operators. */
export const ELEMENTWISE_WORK: WorkTable = {
  ...Object.fromEntries(
    PER_ELEMENT.flatMap(([count, types]) =>
      types.split(" ").map((type) => [type, perElement(count)] as const),
    ),
  ),
  Sum: combined,
  Max: combined,
  Min: combined,
  Mean: mean,
};
