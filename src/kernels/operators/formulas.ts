/** The arithmetic of element-wise operators: formulas for one element of the output. */
import {
  add,
  atLeast,
  type BinaryOperation,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  isFloatValue,
  less,
  literal,
  multiply,
  remainder,
  subtract,
  type UnaryOperation,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import type { Operand, OperatorCall } from "../operator-call.js";

/** One element of the output from the elements of the operands at the same (broadcast) place. */
export interface Formula {
  readonly operands: readonly Operand[];
  readonly value: (values: readonly Expression[]) => Expression;
}

/** The formula of an operator, or a refusal. */
export type FormulaRule = (op: OperatorCall) => Formula | undefined;

/** A number in the type of `like`. */
function number(value: number, like: Expression): Expression {
  return literal(like.type, value);
}

function first(values: readonly Expression[]): Expression {
  return values[0] ?? literal("f32", Number.NaN);
}

/** A function of the first input. Floats only, unless `integers` is set. */
function ofOne(
  value: (x: Expression, op: OperatorCall) => Expression,
  integers = false,
): FormulaRule {
  return (op) => {
    const operand = op.input(0);
    if (operand === undefined) {
      return undefined;
    }
    return integers || isFloatValue(VALUE_OF[operand.storage])
      ? { operands: [operand], value: (values) => value(first(values), op) }
      : op.refuse(`${operand.elementType} elements`);
  };
}

/** A function of all inputs, folded from the left. */
function folding(
  combine: (left: Expression, right: Expression) => Expression,
  finish: (sum: Expression, count: number) => Expression = (sum) => sum,
): FormulaRule {
  return (op) => {
    const operands = op.inputs();
    return (
      operands && {
        operands,
        value: (values) => finish(values.reduce(combine), values.length),
      }
    );
  };
}

function plain(operation: UnaryOperation, integers = false): FormulaRule {
  return ofOne((x) => unary(operation, x), integers);
}

function comparing(operation: BinaryOperation, negated = false, swapped = false): FormulaRule {
  return folding((left, right) => {
    const test = swapped ? binary(operation, right, left) : binary(operation, left, right);
    return negated ? unary("not", test) : test;
  });
}

/** `1 / (1 + exp(-x))`. */
export const sigmoid = (x: Expression): Expression =>
  divide(number(1, x), add(number(1, x), unary("exp", unary("negate", x))));

const relu = (x: Expression): Expression => binary("maximum", x, number(0, x));

/** `log(1 + exp(x))` without overflow. */
const softplus = (x: Expression): Expression =>
  add(relu(x), unary("log1p", unary("exp", unary("negate", unary("abs", x)))));

const hardSigmoid = (x: Expression, alpha: number, beta: number): Expression =>
  binary(
    "minimum",
    binary("maximum", add(multiply(number(alpha, x), x), number(beta, x)), number(0, x)),
    number(1, x),
  );

/** x times the share of the normal distribution below x. */
export const gelu = (x: Expression): Expression =>
  multiply(
    multiply(number(0.5, x), x),
    add(number(1, x), unary("erf", multiply(x, number(Math.SQRT1_2, x)))),
  );

/** The approximation by a logistic curve: x / (1 + exp(-alpha x)). */
export const quickGelu = (x: Expression, alpha: number): Expression =>
  multiply(x, sigmoid(multiply(number(alpha, x), x)));

/** The approximation by tanh: sqrt(2/pi) (x + 0.044715 x^3). */
export const fastGelu = (x: Expression): Expression => {
  const cubic = multiply(number(0.044715, x), multiply(x, multiply(x, x)));
  const inner = multiply(number(Math.sqrt(2 / Math.PI), x), add(x, cubic));
  return multiply(multiply(number(0.5, x), x), add(number(1, x), unary("tanh", inner)));
};

/** `x` where it is not negative, else `alpha * (exp(x / scale) - 1)`. */
const exponentialTail = (x: Expression, alpha: number, scale = 1): Expression =>
  choose(
    less(x, number(0, x)),
    multiply(number(alpha, x), unary("expm1", divide(x, number(scale, x)))),
    x,
  );

/** `x` where it is not negative, else `slope * x`. */
export const leaky = (x: Expression, slope: Expression): Expression =>
  choose(less(x, number(0, x)), multiply(slope, x), x);

const clip: FormulaRule = (op) => {
  const x = op.input(0);
  const [low, high] = [op.optional(1), op.optional(2)];
  const bound = (name: string) => op.call.float(name);
  if (x === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  return {
    operands: [x, ...(low === undefined ? [] : [low]), ...(high === undefined ? [] : [high])],
    value: ([value = literal("f32", 0), ...bounds]) => {
      const given = [...bounds];
      const [attributeLow, attributeHigh] = [bound("min"), bound("max")];
      const least =
        low === undefined
          ? attributeLow === undefined
            ? undefined
            : number(attributeLow, value)
          : given.shift();
      const most =
        high === undefined
          ? attributeHigh === undefined
            ? undefined
            : number(attributeHigh, value)
          : given.shift();
      const raised = least === undefined ? value : binary("maximum", value, least);
      return most === undefined ? raised : binary("minimum", raised, most);
    },
  };
};

/** Common exponents are multiplications and roots; the exponent may have its own type. */
const power: FormulaRule = (op) => {
  const [base, exponent] = [op.input(0), op.input(1)];
  if (base === undefined || exponent === undefined) {
    return undefined;
  }
  const known = exponent.values?.length === 1 ? exponent.values[0] : undefined;
  const value = (x: Expression, y: Expression): Expression => {
    if (known === 2) {
      return multiply(x, x);
    }
    if (known === 3) {
      return multiply(x, multiply(x, x));
    }
    if (known === 0.5 && isFloatValue(x.type)) {
      return unary("sqrt", x);
    }
    if (isFloatValue(y.type) && !isFloatValue(x.type)) {
      return convert(x.type, binary("power", convert("f64", x), convert("f64", y)));
    }
    return binary("power", x, convert(x.type, y));
  };
  return {
    operands: [base, exponent],
    value: ([x = literal("f32", 0), y = literal("f32", 0)]) => value(x, y),
  };
};

/** With `fmod` the sign of the dividend, else that of the divisor. */
const modulo: FormulaRule = (op) => {
  const isC = op.call.int("fmod") === 1;
  return folding((left, right) => {
    const rest = remainder(left, right);
    if (isC) {
      return rest;
    }
    const zero = number(0, left);
    const signsDiffer = binary("xor", less(rest, zero), less(right, zero));
    const isRest = unary("not", binary("equal", rest, zero));
    return choose(binary("and", isRest, signsDiffer), add(rest, right), rest);
  })(op);
};

const where: FormulaRule = (op) => {
  const operands = op.inputs();
  return (
    operands && {
      operands,
      value: ([condition, yes, no]) =>
        choose(condition ?? literal("bool", 0), yes ?? literal("f32", 0), no ?? literal("f32", 0)),
    }
  );
};

/** The store narrows to bytes and halves; here only the register type changes. */
const cast: FormulaRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  return (
    x && y && { operands: [x], value: (values) => convert(VALUE_OF[y.storage], first(values)) }
  );
};

const sign: FormulaRule = ofOne((x) => {
  const zero = number(0, x);
  const negative = choose(less(x, zero), number(-1, x), x);
  return choose(less(zero, x), number(1, x), negative);
}, true);

const shrink: FormulaRule = ofOne((x, op) => {
  const [bias, lambda] = [op.call.float("bias") ?? 0, op.call.float("lambd") ?? 0.5];
  const below = choose(less(x, number(-lambda, x)), add(x, number(bias, x)), number(0, x));
  return choose(less(number(lambda, x), x), subtract(x, number(bias, x)), below);
});

const isInfinite: FormulaRule = ofOne((x, op) => {
  const equals = (value: number) => binary("equal", x, number(value, x));
  const up = op.call.int("detect_positive") === 0 ? literal("bool", 0) : equals(Infinity);
  const down = op.call.int("detect_negative") === 0 ? literal("bool", 0) : equals(-Infinity);
  return binary("or", up, down);
});

const bitShift: FormulaRule = (op) =>
  folding((left, right) =>
    binary(op.call.text("direction") === "LEFT" ? "shiftLeft" : "shiftRight", left, right),
  )(op);

/** Formulas by operator type. */
export const FORMULAS: Readonly<Record<string, FormulaRule>> = {
  Add: folding(add),
  Sub: folding(subtract),
  Mul: folding(multiply),
  Div: folding(divide),
  Pow: power,
  Mod: modulo,
  Sum: folding(add),
  Mean: folding(add, (sum, count) => divide(sum, number(count, sum))),
  Min: folding((left, right) => binary("minimum", left, right)),
  Max: folding((left, right) => binary("maximum", left, right)),
  And: folding((left, right) => binary("and", left, right)),
  Or: folding((left, right) => binary("or", left, right)),
  Xor: folding((left, right) => binary("xor", left, right)),
  BitwiseAnd: folding((left, right) => binary("and", left, right)),
  BitwiseOr: folding((left, right) => binary("or", left, right)),
  BitwiseXor: folding((left, right) => binary("xor", left, right)),
  BitShift: bitShift,
  Equal: comparing("equal"),
  Less: comparing("less"),
  LessOrEqual: comparing("lessEqual"),
  Greater: comparing("less", false, true),
  GreaterOrEqual: folding((left, right) => atLeast(left, right)),
  Not: plain("not", true),
  BitwiseNot: plain("invert", true),
  Abs: plain("abs", true),
  Neg: plain("negate", true),
  Sign: sign,
  Floor: plain("floor"),
  Ceil: plain("ceil"),
  Round: plain("round"),
  Sqrt: plain("sqrt"),
  Exp: plain("exp"),
  Log: plain("log"),
  Erf: plain("erf"),
  Tanh: plain("tanh"),
  Sin: plain("sin"),
  Cos: plain("cos"),
  Tan: plain("tan"),
  Asin: plain("asin"),
  Acos: plain("acos"),
  Atan: plain("atan"),
  Sinh: plain("sinh"),
  Cosh: plain("cosh"),
  Asinh: plain("asinh"),
  Acosh: plain("acosh"),
  Atanh: plain("atanh"),
  IsNaN: plain("isNan"),
  IsInf: isInfinite,
  Reciprocal: ofOne((x) => divide(number(1, x), x)),
  Relu: ofOne(relu, true),
  Sigmoid: ofOne(sigmoid),
  Softplus: ofOne(softplus),
  Softsign: ofOne((x) => divide(x, add(number(1, x), unary("abs", x)))),
  Mish: ofOne((x) => multiply(x, unary("tanh", softplus(x)))),
  Swish: ofOne((x, op) =>
    multiply(x, sigmoid(multiply(number(op.call.float("alpha") ?? 1, x), x))),
  ),
  HardSigmoid: ofOne((x, op) =>
    hardSigmoid(x, op.call.float("alpha") ?? 0.2, op.call.float("beta") ?? 0.5),
  ),
  HardSwish: ofOne((x) => multiply(x, hardSigmoid(x, 1 / 6, 0.5))),
  LeakyRelu: ofOne((x, op) => leaky(x, number(op.call.float("alpha") ?? 0.01, x))),
  PRelu: folding(leaky),
  Elu: ofOne((x, op) => exponentialTail(x, op.call.float("alpha") ?? 1)),
  Celu: ofOne((x, op) => {
    const alpha = op.call.float("alpha") ?? 1;
    return exponentialTail(x, alpha, alpha);
  }),
  Selu: ofOne((x, op) => {
    const alpha = op.call.float("alpha") ?? 1.6732631921768188;
    const gamma = op.call.float("gamma") ?? 1.0507010221481323;
    return multiply(number(gamma, x), exponentialTail(x, alpha));
  }),
  ThresholdedRelu: ofOne((x, op) =>
    choose(less(number(op.call.float("alpha") ?? 1, x), x), x, number(0, x)),
  ),
  Shrink: shrink,
  Gelu: ofOne((x, op) => (op.call.text("approximate") === "tanh" ? fastGelu(x) : gelu(x))),
  "com.microsoft:Gelu": ofOne(gelu),
  "com.microsoft:QuickGelu": ofOne((x, op) => quickGelu(x, op.call.float("alpha") ?? 1.702)),
  Clip: clip,
  Where: where,
  Cast: cast,
  CastLike: cast,
};
