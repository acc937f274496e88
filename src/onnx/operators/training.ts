/** Steps of optimizers. `Gradient` has no row: it stands for a whole graph. */
import { tensor } from "../infer/fact.js";
import type { InferRule } from "../infer/node-call.js";
import { inputCount, type WorkRule } from "../work/work-rule.js";
import type { OperatorTable, OperatorType } from "./operator-type.js";

/** Inputs before the tensors: learning rate and count of updates. */
const FIRST = 2;

/**
 * An optimizer's step over n tensors: rate, count, then n each of tensors, gradients and `states`
 * kinds of states; new tensors and new states come out. `flops` operations for each element.
 */
function step(states: number, flops: number): OperatorType {
  const kinds = states + 2;
  const types: InferRule = (call) => {
    const count = (call.inputs.length - FIRST) / kinds;
    return Array.from({ length: count * (states + 1) }, (_, i) => {
      const source = i < count ? i : i + count;
      const { elementType, dims } = call.input(FIRST + source);
      return tensor(elementType, dims);
    });
  };
  const work: WorkRule = {
    formula: `${flops} |all X|`,
    flops: (node) => {
      const count = (node.call.inputs.length - FIRST) / kinds;
      let elements = 0;
      for (let i = 0; i < count; i++) {
        elements += inputCount(node, FIRST + i);
      }
      return flops * elements;
    },
  };
  return { form: "element", infer: types, work };
}

/** Rows of the optimizers. */
export const TRAINING: OperatorTable = {
  "ai.onnx.preview.training:Adagrad": step(1, 9),
  "ai.onnx.preview.training:Adam": step(2, 14),
  "ai.onnx.preview.training:Momentum": step(1, 7),
};
