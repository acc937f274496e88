import { basename } from "node:path";
import type { Provenance, ProvenanceInput } from "../artifact/artifact.js";
import { inputOf } from "../artifact/input-of.js";
import { recordedDims } from "../artifact/recorded-dims.js";
import { type GivenOptions, recordedOptions } from "../artifact/recorded-options.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { GivenInputs } from "../runtime/tensor-files/given-inputs.js";

/** What a schedule of a model is made from. */
export interface ModelSources {
  /** The model's file. */
  readonly model: string;
  /** Further files, in the order in which they are recorded; those that are not there are left out. */
  readonly files: readonly (ProvenanceInput | undefined)[];
  /** Inputs that the user gave; `undefined`: none. */
  readonly given: GivenInputs | undefined;
  /** Sizes that the user gave to dynamic dims, by options or inputs. */
  readonly dims: ReadonlyMap<string, number>;
  readonly seed: number;
  /** What the user chose, without `dim` and `input`. */
  readonly options: GivenOptions;
}

/** The provenance of a schedule of a model that was lowered like this, made by `tool`. */
export function modelProvenance(
  { model, files, given, dims, seed, options }: ModelSources,
  { boundDims, dataSizes }: LoweredModel,
  tool: string,
): Provenance {
  const tensors = given?.inputs ?? [];
  const names = tensors.map(({ name, file }) => `${name}=${plainName(file)}`);
  const input = names.length === 0 ? undefined : names;
  return {
    tool,
    inputs: [
      inputOf("model", model),
      ...files.filter((file) => file !== undefined),
      ...tensors.map(
        ({ file, sha256 }) => ({ role: "input", name: plainName(file), sha256 }) as const,
      ),
    ],
    seed,
    options: recordedOptions({ ...options, dim: recordedDims(dims, boundDims), input }),
    ...(dataSizes.length === 0 ? {} : { dataSizes }),
  };
}

/** A base name on every system. */
function plainName(file: string): string {
  return basename(file).replaceAll("\\", "_");
}
