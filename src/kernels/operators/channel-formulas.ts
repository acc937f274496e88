/** Element-wise operators whose further inputs belong to one axis: batch normalization and (de)quantization. */
import {
  add,
  convert,
  divide,
  literal,
  multiply,
  subtract,
  unary,
} from "../language/expression.js";
import type { Operand, OperatorCall } from "../operator-call.js";
import type { Formula, FormulaRule } from "./formulas.js";
import { dequantized, quantizedRange, saturated } from "./quantize.js";

const ZERO = literal("f32", 0);

/** The operand as one value per position of `axis` of a tensor of rank `rank`. */
function along(operand: Operand, axis: number, rank: number): Operand {
  if (operand.dims.length !== 1) {
    return operand;
  }
  return { ...operand, dims: [...operand.dims, ...new Array<number>(rank - axis - 1).fill(1)] };
}

const batchNormalization: FormulaRule = (op) => {
  const inputs = [0, 1, 2, 3, 4].map((i) => op.input(i));
  if (op.call.int("training_mode") === 1 || op.output(1) !== undefined) {
    return op.refuse("training mode");
  }
  const operands = inputs.filter((operand) => operand !== undefined);
  const [x] = operands;
  if (x === undefined || operands.length < inputs.length) {
    return undefined;
  }
  const epsilon = op.call.float("epsilon") ?? 1e-5;
  return {
    operands: operands.map((operand, i) => (i === 0 ? operand : along(operand, 1, x.dims.length))),
    value: ([value = ZERO, scale = ZERO, bias = ZERO, mean = ZERO, variance = ZERO]) => {
      const deviation = unary("sqrt", add(variance, literal(variance.type, epsilon)));
      const factor = divide(scale, deviation);
      return add(
        multiply(convert(factor.type, subtract(value, convert(value.type, mean))), factor),
        bias,
      );
    },
  };
};

/** Tensor, scale and zero point, the latter two for one axis or for all elements. */
function quantized(op: OperatorCall): readonly Operand[] | undefined {
  const [x, scale, zero] = [op.input(0), op.input(1), op.optional(2)];
  if (x === undefined || scale === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  if (scale.dims.length > 1 || (op.call.int("block_size") ?? 0) !== 0) {
    return op.refuse("block-wise quantization");
  }
  const axis = op.call.axis(op.call.int("axis") ?? 1, Math.max(1, x.dims.length));
  const isWhole = scale.dims.length === 0 || scale.dims[0] === 1;
  const operands = [x, scale, ...(zero === undefined ? [] : [zero])];
  return isWhole || axis === undefined
    ? operands
    : operands.map((operand, i) => (i === 0 ? operand : along(operand, axis, x.dims.length)));
}

const quantizeLinear: FormulaRule = (op): Formula | undefined => {
  const operands = quantized(op);
  const result = op.result();
  const range = result && quantizedRange(result.storage);
  if (operands === undefined || result === undefined) {
    return undefined;
  }
  if (range === undefined) {
    return op.refuse(`quantization to ${result.elementType}`);
  }
  return {
    operands,
    value: ([x = ZERO, scale = ZERO, zero]) => saturated(divide(x, scale), zero, range),
  };
};

const dequantizeLinear: FormulaRule = (op): Formula | undefined => {
  const operands = quantized(op);
  return (
    operands && {
      operands,
      value: ([x = ZERO, scale = ZERO, zero]) => dequantized(x, scale, zero),
    }
  );
};

/** Formulas by operator type. */
export const CHANNEL_FORMULAS: Readonly<Record<string, FormulaRule>> = {
  BatchNormalization: batchNormalization,
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  "com.microsoft:QuantizeLinear": quantizeLinear,
  "com.microsoft:DequantizeLinear": dequantizeLinear,
};
