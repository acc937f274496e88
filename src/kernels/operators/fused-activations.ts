/**
 * Products and convolutions with an activation: the plain product, then a kernel over its output in
 * place.
 */

import {
  add,
  binary,
  divide,
  type Expression,
  literal,
  load,
  multiply,
  unary,
} from "../language/expression.js";
import { perElementKernel } from "../language/kernel.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, OperatorCall } from "../operator-call.js";
import { CONVOLUTION_RULES } from "./convolution.js";
import { leaky } from "./formulas.js";
import { MATRIX_RULES } from "./matrix.js";

type Activation = (x: Expression) => Expression;

const number = (value: number, like: Expression): Expression => literal(like.type, value);

/** The function by ONNX's name, with its parameters (ONNX's defaults where they are missing). */
function activationOf(
  op: OperatorCall,
  [alpha, beta]: readonly (number | undefined)[],
): Activation | undefined {
  const name = op.call.text("activation") ?? "";
  const bounded = (x: Expression, low: number, high: number) =>
    binary("minimum", binary("maximum", x, number(low, x)), number(high, x));
  switch (name) {
    case "Relu":
      return (x) => binary("maximum", x, number(0, x));
    case "Tanh":
      return (x) => unary("tanh", x);
    case "Sigmoid":
      return (x) => divide(number(1, x), add(number(1, x), unary("exp", unary("negate", x))));
    case "LeakyRelu":
      return (x) => leaky(x, number(alpha ?? 0.01, x));
    case "Clip":
      return (x) => bounded(x, alpha ?? -Infinity, beta ?? Infinity);
    case "HardSigmoid":
      return (x) =>
        bounded(add(multiply(number(alpha ?? 0.2, x), x), number(beta ?? 0.5, x)), 0, 1);
    default:
      return op.refuse(`activation ${name}`);
  }
}

/** The product by `product`, plus input `added` if present, under the operator's activation. */
function activated(
  product: EmitRule | undefined,
  added: number | undefined,
  parameters: (op: OperatorCall) => readonly (number | undefined)[],
): EmitRule {
  return (op) => {
    const [nodes, y] = [product?.(op), op.result()];
    const more = added === undefined ? undefined : op.optional(added);
    const activation = activationOf(op, parameters(op));
    if (nodes === undefined || y === undefined || activation === undefined) {
      return undefined;
    }
    if (sizeOf(y.dims) === 0) {
      return nodes;
    }
    const reads = more === undefined ? [] : [{ storage: more.storage, access: "read" } as const];
    const kernel = perElementKernel(
      "activation",
      [{ storage: y.storage, access: "update" }, ...reads],
      sizeOf(y.dims),
      (at) => {
        const sum = load(y.storage, 0, at);
        const whole = more === undefined ? sum : add(sum, load(more.storage, 1, at));
        return [{ kind: "store", buffer: 0, index: at, value: activation(whole) }];
      },
    );
    const places = more === undefined ? [y.place] : [y.place, more.place];
    return [...nodes, { kind: "kernel", kernel, buffers: places }];
  };
}

/** Emission rules of the fused products. */
export const ACTIVATION_RULES: EmitTable = {
  "com.microsoft:FusedConv": activated(
    CONVOLUTION_RULES["Conv"],
    3,
    (op) => op.call.floats("activation_params") ?? [],
  ),
  "com.microsoft:FusedGemm": activated(MATRIX_RULES["Gemm"], undefined, (op) => [
    op.call.float("activation_alpha"),
    op.call.float("activation_beta"),
  ]),
};
