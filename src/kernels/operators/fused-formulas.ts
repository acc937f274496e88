/**
 * Element-wise operators that ONNX Runtime's tools fuse from several: a bias under an activation,
 * and arithmetic between quantized tensors, which is done in real numbers between dequantizing and
 * quantizing.
 */
import { add, divide, type Expression, literal, multiply } from "../language/expression.js";
import type { Operand, OperatorCall } from "../operator-call.js";
import {
  type Formula,
  type FormulaRule,
  fastGelu,
  gelu,
  leaky,
  quickGelu,
  sigmoid,
} from "./formulas.js";
import { dequantized, quantizedRange, saturated } from "./quantize.js";

const NOTHING = literal("f32", Number.NaN);

/** The sum of x and the bias, if present, under a function. */
function biased(of: (sum: Expression, op: OperatorCall) => Expression): FormulaRule {
  return (op) => {
    const operands = op.inputs();
    return operands && { operands, value: (values) => of(values.reduce(add), op) };
  };
}

/** A quantized tensor with its scale and zero point, at three inputs of an operator. */
interface Triple {
  readonly stored: Operand;
  readonly scale: Operand;
  readonly zero: Operand | undefined;
}

function tripleAt(op: OperatorCall, i: number): Triple | undefined {
  const [stored, scale, zero] = [op.input(i), op.input(i + 1), op.optional(i + 2)];
  return stored && scale && op.call.refusal === undefined ? { stored, scale, zero } : undefined;
}

const operandsOf = ({ stored, scale, zero }: Triple): readonly Operand[] => [
  stored,
  scale,
  ...(zero === undefined ? [] : [zero]),
];

/**
 * Applies `of` to the real numbers of the quantized inputs at `inputs`; scale and zero point of the
 * output are at `output`.
 */
function throughReals(
  inputs: readonly number[],
  output: number,
  of: (reals: readonly Expression[], op: OperatorCall) => Expression,
): FormulaRule {
  return (op): Formula | undefined => {
    const triples = inputs.map((i) => tripleAt(op, i)).filter((triple) => triple !== undefined);
    const [scale, zero, result] = [op.input(output), op.optional(output + 1), op.result()];
    const range = result && quantizedRange(result.storage);
    if (triples.length < inputs.length || scale === undefined || range === undefined) {
      return op.refuse("missing scales");
    }
    const lists = triples.map(operandsOf);
    const last = [scale, ...(zero === undefined ? [] : [zero])];
    return {
      operands: [...lists.flat(), ...last],
      value: (values) => {
        let next = 0;
        const take = (count: number) => {
          next += count;
          return values.slice(next - count, next);
        };
        const reals = lists.map((list) => {
          const [stored = NOTHING, factor = NOTHING, offset] = take(list.length);
          return dequantized(stored, factor, offset);
        });
        const [factor = NOTHING, offset] = take(last.length);
        return saturated(divide(of(reals, op), factor), offset, range);
      },
    };
  };
}

const first = ([x = NOTHING]: readonly Expression[]): Expression => x;

/** Formulas by operator type. */
export const FUSED_FORMULAS: Readonly<Record<string, FormulaRule>> = {
  "com.microsoft:BiasGelu": biased(gelu),
  "com.microsoft:FastGelu": biased(fastGelu),
  "com.microsoft:BiasQuickGelu": biased((sum) => quickGelu(sum, 1.702)),
  "com.microsoft:BiasAdd": biased((sum) => sum),
  "com.microsoft:QLinearAdd": throughReals([0, 3], 6, (reals) => reals.reduce(add)),
  "com.microsoft:QLinearMul": throughReals([0, 3], 6, (reals) => reals.reduce(multiply)),
  "com.microsoft:QLinearSigmoid": throughReals([0], 3, (reals) => sigmoid(first(reals))),
  "com.microsoft:QLinearLeakyRelu": throughReals([0], 3, (reals, op) =>
    leaky(first(reals), literal("f32", op.call.float("alpha") ?? 0.01)),
  ),
};
