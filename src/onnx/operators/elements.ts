/** Operators that compute each result from the elements at its own place. */
import * as evaluate from "../evaluate/elementwise.js";
import type { Evaluator } from "../evaluate/evaluator.js";
import * as infer from "../infer/elementwise.js";
import type { InferRule } from "../infer/node-call.js";
import * as work from "../work/elementwise.js";
import { none } from "../work/movement.js";
import type { WorkRule } from "../work/work-rule.js";
import { alike, type OperatorTable, type OperatorType } from "./operator-type.js";
import { hasOneInput } from "./view-rules.js";

/** A function of one element, of `flops` operations. */
function unary(flops: number, elements?: Evaluator): OperatorType {
  return { ...ofInput(flops, infer.likeFirst, elements), isUnary: true };
}

function ofInput(flops: number, types: InferRule, elements?: Evaluator): OperatorType {
  const known = elements === undefined ? {} : { evaluate: elements };
  return { form: "element", infer: types, work: work.perElement(flops), ...known };
}

function binary(operation: (left: number, right: number) => number): OperatorType {
  return ofInput(1, infer.arithmetic, evaluate.variadic(operation));
}

function relation(holds: (left: number, right: number) => boolean): OperatorType {
  return ofInput(1, infer.comparison, evaluate.comparison(holds));
}

/** An operation over any number of inputs. */
function fold(flops: WorkRule, operation?: (left: number, right: number) => number): OperatorType {
  const known = operation === undefined ? {} : { evaluate: evaluate.variadic(operation) };
  return { form: "element", infer: infer.arithmetic, work: flops, view: hasOneInput, ...known };
}

const plus = (left: number, right: number): number => left + right;

const FUNCTIONS: OperatorTable = {
  ...alike("Acos Acosh Asin Asinh Atan Atanh Cos Cosh Erf Sin Sinh Tan Tanh", unary(1)),
  ...alike("BitwiseNot ThresholdedRelu", unary(1)),
  ...alike("Elu Shrink Softplus Softsign", unary(3)),
  ...alike("Celu HardSigmoid Selu Sigmoid", unary(4)),
  ...alike("Gelu HardSwish Mish Swish", unary(5)),
  Abs: unary(1, evaluate.unary(Math.abs)),
  Ceil: unary(1, evaluate.unary(Math.ceil)),
  Clip: unary(2, evaluate.clip),
  Exp: unary(1, evaluate.unary(Math.exp)),
  Floor: unary(1, evaluate.unary(Math.floor)),
  LeakyRelu: unary(2),
  Log: unary(1, evaluate.unary(Math.log)),
  Neg: unary(
    1,
    evaluate.unary((value) => -value),
  ),
  Not: unary(
    1,
    evaluate.predicate((value) => value === 0),
  ),
  Reciprocal: unary(
    1,
    evaluate.unary((value) => 1 / value),
  ),
  Relu: unary(
    1,
    evaluate.unary((value) => Math.max(value, 0)),
  ),
  Round: unary(1, evaluate.unary(evaluate.roundHalfEven)),
  Sign: unary(1, evaluate.unary(Math.sign)),
  Sqrt: unary(1, evaluate.unary(Math.sqrt)),
  IsInf: ofInput(1, infer.predicate),
  IsNaN: ofInput(1, infer.predicate, evaluate.predicate(Number.isNaN)),
};

const OPERATIONS: OperatorTable = {
  ...alike("BitShift BitwiseAnd BitwiseOr BitwiseXor", ofInput(1, infer.arithmetic)),
  Add: { ...binary(plus), isJoin: true },
  Sub: binary((left, right) => left - right),
  Mul: { ...binary((left, right) => left * right), isJoin: true },
  Div: ofInput(1, infer.arithmetic, evaluate.divide),
  Mod: ofInput(1, infer.arithmetic, evaluate.modulo),
  Pow: ofInput(
    1,
    infer.firstType,
    evaluate.variadic((left, right) => left ** right),
  ),
  PRelu: ofInput(2, infer.prelu),
  ...alike("com.microsoft:ComplexMul com.microsoft:ComplexMulConj", ofInput(3, infer.arithmetic)),
  SwiGLU: ofInput(6, infer.likeFirst),
  Sum: { ...fold(work.combined, plus), isJoin: true },
  Max: fold(work.combined, Math.max),
  Min: fold(work.combined, Math.min),
  Mean: fold(work.mean),
  And: relation((left, right) => left !== 0 && right !== 0),
  Or: relation((left, right) => left !== 0 || right !== 0),
  Xor: relation((left, right) => (left !== 0) !== (right !== 0)),
  Equal: relation((left, right) => left === right),
  Less: relation((left, right) => left < right),
  LessOrEqual: relation((left, right) => left <= right),
  Greater: relation((left, right) => left > right),
  GreaterOrEqual: relation((left, right) => left >= right),
  Where: { form: "movement", infer: infer.where, work: none, evaluate: evaluate.where },
};

/** Activations that are ONNX Runtime's own or that it fuses with the operator before. */
const FUSED: OperatorTable = {
  ...alike("com.microsoft:Gelu com.microsoft:QuickGelu", unary(5)),
  "com.microsoft:FastGelu": ofInput(9, infer.likeFirst),
  "com.microsoft:BiasAdd": ofInput(2, infer.firstType),
  ...alike("com.microsoft:BiasGelu com.microsoft:BiasQuickGelu", ofInput(6, infer.firstType)),
  "com.microsoft:BiasSplitGelu": ofInput(6, infer.halved),
  "com.microsoft:BiasDropout": ofInput(3, infer.likeFirst),
  ...alike("RotaryEmbedding com.microsoft:RotaryEmbedding", ofInput(3, infer.likeFirst)),
};

/** Rows of the element-wise operators. */
export const ELEMENTS: OperatorTable = { ...FUNCTIONS, ...OPERATIONS, ...FUSED };
