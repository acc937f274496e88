import type { Provenance, ProvenanceInput } from "../artifact/artifact.js";
import { inputOf } from "../artifact/input-of.js";
import { recordedDims } from "../artifact/recorded-dims.js";
import { type GivenOptions, recordedOptions } from "../artifact/recorded-options.js";
import type { LoweredModel } from "../onnx/lowered-model.js";

/** What a schedule of a model is made from. */
export interface ModelSources {
  /** The model's file. */
  readonly model: string;
  /** Further files, in the order in which they are recorded; those that are not there are left out. */
  readonly files: readonly (ProvenanceInput | undefined)[];
  /** Sizes that the user gave to dynamic dims. */
  readonly dims: ReadonlyMap<string, number>;
  readonly seed: number;
  /** What the user chose, without `dim`. */
  readonly options: GivenOptions;
}

/** The provenance of a schedule of a model that was lowered like this, made by `tool`. */
export function modelProvenance(
  { model, files, dims, seed, options }: ModelSources,
  { boundDims }: LoweredModel,
  tool: string,
): Provenance {
  return {
    tool,
    inputs: [inputOf("model", model), ...files.filter((file) => file !== undefined)],
    seed,
    options: recordedOptions({ ...options, dim: recordedDims(dims, boundDims) }),
  };
}
