/** Work of classic models. */
import { linearClasses } from "../infer/classic.js";
import type { NodeCall } from "../infer/node-call.js";
import { inputCount, inputSize, type WorkCall, type WorkRule } from "./work-rule.js";

/** Each row by a matrix of weights: `targets` results. */
function linear(targets: (call: NodeCall) => number | undefined): WorkRule {
  return {
    formula: "(2 |X| + rows) results",
    flops: (work) => (2 * inputCount(work, 0) + rowsOf(work)) * (targets(work.call) ?? 1),
  };
}

function rowsOf(work: WorkCall): number {
  return inputCount(work, 0) / Math.max(1, inputSize(work, 0, -1));
}

/** `LinearClassifier`. */
export const linearClassifier: WorkRule = linear(linearClasses);

/** `LinearRegressor`. */
export const linearRegressor: WorkRule = linear((call) => call.int("targets"));

/** Each row by every support vector. */
export const vectorMachine: WorkRule = {
  formula: "2 |X| support vectors",
  flops: (work) => {
    const perClass = work.call.ints("vectors_per_class")?.reduce((sum, count) => sum + count, 0);
    return 2 * inputCount(work, 0) * (perClass ?? work.call.int("n_supports") ?? 1);
  },
};

/** A comparison at each level of every tree, were they all of one size and in balance. */
export const forest: WorkRule = {
  formula: "rows trees ceil(log2 (nodes of a tree))",
  flops: (work) => {
    const { call } = work;
    const trees = call.ints("tree_roots")?.length ?? new Set(call.ints("nodes_treeids")).size;
    const nodes = (call.ints("nodes_featureids") ?? []).length;
    const levels = Math.ceil(Math.log2(Math.max(2, nodes / Math.max(1, trees))));
    return rowsOf(work) * trees * levels;
  },
};
