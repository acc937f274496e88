import { invariant } from "../core/invariant.js";
import type { OperatorId } from "../ir/operator-graph.js";
import { type EmittedModel, emitModel } from "../kernels/emit.js";
import { emitInBestLayout } from "../kernels/layout-choice.js";
import { type Precision, precisionPlan } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { hasSingles } from "../onnx/with-halves.js";

/**
 * The program that a model would have on a GPU with this arithmetic, in the layout that it would have. Operators without
 * device code are in `estimated`.
 *
 * `only`: operators whose launches are wanted; possible without matrix units, where the layout does not depend on the
 * others. Requires: operators that a graph can capture; the model as it is stored (`storedModel`). Cost: as `emitModel`, with matrix units twice.
 */
export function estimatedProgram(
  lowered: LoweredModel,
  math: Precision,
  only?: ReadonlySet<OperatorId>,
): EmittedModel {
  const { floats, conv, gemm } = precisionPlan(math);
  const onMatrixUnits = conv === "tf32";
  invariant(floats === "f32" || !hasSingles(lowered), "the model is as it is stored");
  invariant(only === undefined || !onMatrixUnits, "the layout depends on all operators");
  const options = {
    floats,
    estimateUnsupported: true,
    approximatesGelu: gemm === "tf32",
  } as const;
  const made =
    only === undefined
      ? emitInBestLayout(lowered, options, onMatrixUnits)
      : emitModel(lowered, { ...options, only });
  invariant(made.ok, "operators that can be captured have nodes or a stand-in");
  return made.value;
}
