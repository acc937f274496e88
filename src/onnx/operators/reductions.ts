/** Reductions and scans along axes, and the largest elements of rows. */
import * as evaluate from "../evaluate/reduction.js";
import { wholeInput } from "../infer/bounds.js";
import { likeFirst } from "../infer/elementwise.js";
import { arg, topK } from "../infer/indexing.js";
import * as infer from "../infer/reduction.js";
import * as work from "../work/reductions.js";
import type { WorkRule } from "../work/work-rule.js";
import { alike, type OperatorTable, type OperatorType } from "./operator-type.js";

function reduction(flops: WorkRule): OperatorType {
  return { form: "rows", infer: infer.reduce, work: flops };
}

/** A reduction that shape computations use; `add` takes each element into the total. */
function known(
  start: number,
  add: (total: number, value: number) => number,
  finish?: (total: number, count: number) => number,
): OperatorType {
  const steps = finish === undefined ? { start, add } : { start, add, finish };
  return { ...reduction(work.perInput(1)), evaluate: evaluate.reduce(steps) };
}

/** Rows of the reductions. */
export const REDUCTIONS: OperatorTable = {
  ReduceSum: known(0, (total, value) => total + value),
  ReduceMean: known(
    0,
    (total, value) => total + value,
    (total, count) => total / count,
  ),
  ReduceProd: known(1, (total, value) => total * value),
  ReduceMax: known(Number.NEGATIVE_INFINITY, Math.max),
  ReduceMin: known(Number.POSITIVE_INFINITY, Math.min),
  ...alike("ReduceL1 ReduceSumSquare", reduction(work.perInput(2))),
  ...alike("ReduceL2 ReduceLogSumExp", reduction(work.perInput(2, 1))),
  ReduceLogSum: reduction(work.perInput(1, 1)),
  "com.microsoft:ReduceSumInteger": {
    form: "rows",
    infer: infer.reduceInteger,
    work: work.perInput(1),
  },
  NegativeLogLikelihoodLoss: { form: "rows", infer: infer.loss, work: work.perInput(1) },
  SoftmaxCrossEntropyLoss: { form: "rows", infer: infer.loss, work: work.perInput(6) },
  ...alike("ArgMax ArgMin", { form: "rows", infer: arg, work: work.perInput(1) }),
  CumSum: { form: "rows", infer: likeFirst, work: work.perInput(1), evaluate: evaluate.cumSum },
  CumProd: { form: "rows", infer: likeFirst, work: work.perInput(1) },
  TopK: { form: "rows", infer: topK, bound: wholeInput, work: work.topK },
};
