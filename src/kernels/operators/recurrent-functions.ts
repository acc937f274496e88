/** The activations that recurrent layers may have, by ONNX's names in small letters. */
import {
  add,
  binary,
  choose,
  divide,
  type Expression,
  less,
  literal,
  multiply,
  unary,
} from "../language/expression.js";

/** An activation. */
export type GateFunction = (x: Expression) => Expression;

const like = (value: number, x: Expression): Expression => literal(x.type, value);

const bounded = (x: Expression, low: number, high: number): Expression =>
  binary("minimum", binary("maximum", x, like(low, x)), like(high, x));

/** With ONNX's default parameters. */
const FUNCTIONS: Readonly<Record<string, GateFunction>> = {
  sigmoid: (x) => divide(like(1, x), add(like(1, x), unary("exp", unary("negate", x)))),
  tanh: (x) => unary("tanh", x),
  relu: (x) => binary("maximum", x, like(0, x)),
  leakyrelu: (x) => choose(less(x, like(0, x)), multiply(like(0.01, x), x), x),
  hardsigmoid: (x) => bounded(add(multiply(like(0.2, x), x), like(0.5, x)), 0, 1),
  elu: (x) => choose(less(x, like(0, x)), unary("expm1", x), x),
  softsign: (x) => divide(x, add(like(1, x), unary("abs", x))),
  softplus: (x) => unary("log1p", unary("exp", x)),
};

/** The functions by name; `undefined` when one is unknown. */
export function gateFunctions(names: readonly string[]): readonly GateFunction[] | undefined {
  const found = names.map((name) => FUNCTIONS[name.toLowerCase()]);
  return found.every((each) => each !== undefined) ? found : undefined;
}

/** Clamps the input of a gate's function to [-`limit`, `limit`], if there is a limit. */
export function clipped(x: Expression, limit: number | undefined): Expression {
  return limit === undefined || limit <= 0 ? x : bounded(x, -limit, limit);
}
