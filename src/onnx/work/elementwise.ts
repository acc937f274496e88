/**
 * Work of operators that treat every element alone: operations per element of the output.
 *
 * The counts follow from the formulas in the ONNX operator documentation, one operation for each
 * arithmetic step: Sigmoid is 1 / (1 + exp(-x)), so negate, exp, add, divide: 4.
 */
import { outputCount, type WorkRule } from "./work-rule.js";

/** `count` operations per element of the output. */
export function perElement(count: number): WorkRule {
  return {
    formula: count === 1 ? "|Y|" : `${count} |Y|`,
    flops: (work) => count * outputCount(work),
  };
}

/** One operation less than inputs, at each place. */
export const combined: WorkRule = {
  formula: "(inputs - 1) |Y|",
  flops: (work) => Math.max(0, work.call.node.inputs.length - 1) * outputCount(work),
};

/** One operation per input at each place. */
export const mean: WorkRule = {
  formula: "inputs |Y|",
  flops: (work) => work.call.node.inputs.length * outputCount(work),
};
