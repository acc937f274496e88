import type { MathMode } from "../cost/kernels/arithmetic.js";
import { isConvolution } from "../cost/kernels/convolution.js";
import type { Operator } from "../ir/operator-graph.js";
import { type Precision, precisionPlan } from "../kernels/precision.js";

/** How the products of an operator are made of 32-bit data: libraries tell convolutions from matrix products. */
export function productMath(
  { products }: Pick<Operator, "products">,
  precision: Precision,
): MathMode {
  const { conv, gemm } = precisionPlan(precision);
  return products?.some(isConvolution) === true ? conv : gemm;
}
