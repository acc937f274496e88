import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { writeWholeModel } from "../../onnx/extract-submodel.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { checkOutputs } from "../../runtime/handed-over.js";
import { feedsFrom } from "../../runtime/input-source.js";
import type { ServedBatch, ServedModel } from "../../runtime/serving/serving-plan.js";
import type { TensorSpec } from "../../runtime/tensor-data.js";
import { comparedOutputs, modelInputs, plannedTensor } from "../worker-plan-of.js";

/** A model lowered for a batch of inputs. */
export interface BatchLowering {
  readonly batch: number;
  readonly lowered: LoweredModel;
}

/** A model ready to be served by any number of threads. */
export type ServableModel = Omit<ServedModel, "threads" | "workers">;

/** Different inputs that requests bring in turns. */
const INPUT_SETS = 4;

/**
 * A model as it is served: the ONNX file for every batch size, and inputs drawn from the seed.
 *
 * Requires: batches ascending from 1. Fails: as writing models and drawing inputs do;
 * `output-not-tensor`.
 */
export function servableModelOf(
  name: string,
  batches: readonly BatchLowering[],
  seed: number,
): Result<ServableModel> {
  const one = present(batches[0], "batch of one request").lowered;
  const outputs = checkOutputs(one);
  if (!outputs.ok) {
    return outputs;
  }
  const served: ServedBatch[] = [];
  for (const { batch, lowered } of batches) {
    const model = writeWholeModel(lowered);
    if (!model.ok) {
      return model;
    }
    const inputs = modelInputs(lowered);
    served.push({ batch, model: model.value, inputs, outputs: answersOf(lowered) });
  }
  const feeds: ReadonlyMap<string, Uint8Array>[] = [];
  for (let set = 0; set < INPUT_SETS; set++) {
    const drawn = feedsFrom(modelInputs(one), { seed: seed + set });
    if (!drawn.ok) {
      return fail(drawn.error);
    }
    feeds.push(new Map([...drawn.value].map(([input, { bytes }]) => [input, bytes])));
  }
  return ok({
    name,
    one: { inputs: modelInputs(one), outputs: answersOf(one) },
    batches: served,
    feeds,
  });
}

/** The outputs of a model that are the same in every run. */
function answersOf(lowered: LoweredModel): readonly TensorSpec[] {
  return [...comparedOutputs(lowered)].flatMap((name) => {
    const type = lowered.types.get(name);
    return type === undefined ? [] : [plannedTensor(lowered, name, type)];
  });
}
