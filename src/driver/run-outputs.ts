/** What a run does with its outputs besides comparing them with the model's: checked, and saved. */

import { fail, ok, type Result } from "../core/result.js";
import { someOf } from "../core/some-of.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { randomParts } from "../onnx/random-nodes.js";
import type { TensorData } from "../runtime/tensor-data.js";
import { compareExpected, type ExpectedOutput } from "../runtime/tensor-files/expected-outputs.js";
import { expectedOutputsDiffer } from "../runtime/tensor-files/failures.js";
import type { GivenInputs, InputFiles } from "../runtime/tensor-files/given-inputs.js";
import {
  maySave,
  type SavedTensor,
  type SaveFolder,
  saveTensors,
} from "../runtime/tensor-files/save-tensors.js";

/** The part of a run's request that is about outputs and inputs of the user's. */
export interface RunFiles {
  /** Inputs of the user's; absent: none. */
  readonly inputFiles?: InputFiles | undefined;
  /** Where outputs go; absent: nowhere. */
  readonly save?: Omit<SaveFolder, "inputs"> | undefined;
}

/** The outputs of a run. */
export interface RunOutputs {
  /** Outputs beside those of a folder of test data; absent: none were given. */
  readonly expected?: readonly ExpectedOutput[];
  /** Absent: nothing was asked for. */
  readonly saved?: {
    readonly folder: string;
    readonly files: readonly SavedTensor[];
    /** Outputs that are no tensors. */
    readonly left: readonly string[];
  };
}

/** Outputs by the names of the model. */
export interface FoundOutputs {
  readonly computed: ReadonlyMap<string, TensorData>;
  readonly whole: ReadonlyMap<string, TensorData>;
}

/** Whether somebody wants the outputs of a run. */
function wantsOutputs({ save }: RunFiles, given: GivenInputs | undefined): boolean {
  return save !== undefined || (given?.outputs.length ?? 0) > 0;
}

/**
 * Checks whether the outputs of a model can be saved, before anything is run. `schedule` is the file that
 * is run.
 *
 * Fails: as `maySave`.
 */
export function maySaveOutputs(
  files: RunFiles,
  lowered: LoweredModel,
  schedule: string,
  given: GivenInputs | undefined,
): Result<void> {
  const place = placeOf(files, lowered, schedule, given);
  const names = lowered.model.graph.outputs.map(({ name }) => name);
  return place === undefined
    ? ok(undefined)
    : maySave(
        place,
        names.filter((name) => lowered.types.has(name)),
      );
}

/**
 * Saves the outputs of a run where that is wanted, and then compares them with those that are expected.
 * `computed` are the outputs of the run by name, `whole` has those that no schedule computes.
 *
 * Fails: as `saveTensors`; `expected-outputs-differ`.
 */
export function settleOutputs(
  files: RunFiles & { readonly file: string },
  lowered: LoweredModel,
  given: GivenInputs | undefined,
  { computed, whole }: FoundOutputs,
): Result<RunOutputs> {
  if (!wantsOutputs(files, given)) {
    return ok({});
  }
  const names = [...new Set(lowered.model.graph.outputs.map(({ name }) => name))];
  const all = new Map(
    names.flatMap((name) => {
      const data = computed.get(name) ?? whole.get(name);
      return data === undefined ? [] : [[name, data] as const];
    }),
  );
  const place = placeOf(files, lowered, files.file, given);
  const saved = place === undefined ? ok([]) : saveTensors(place, all);
  if (!saved.ok) {
    return saved;
  }
  const { values: random } = randomParts(lowered);
  const expected = (given?.outputs ?? [])
    .filter(({ name }) => !random.has(name))
    .map((each) => compareExpected(each, all.get(each.name)));
  const wrong = expected.filter(({ isWithin }) => !isWithin);
  if (wrong.length > 0) {
    const folder = files.inputFiles?.folder ?? "";
    return fail([expectedOutputsDiffer(folder, someOf(wrong.map(describe)))]);
  }
  const left = names.filter((name) => !all.has(name));
  return ok({
    ...(expected.length === 0 ? {} : { expected }),
    ...(place === undefined ? {} : { saved: { folder: place.folder, files: saved.value, left } }),
  });
}

function describe({ name, problem, beyond, maxAbsolute }: ExpectedOutput): string {
  return problem === undefined
    ? `output "${name}" differs in ${beyond} elements, by up to ${maxAbsolute}`
    : `output "${name}" ${problem}`;
}

function placeOf(
  { save }: RunFiles,
  { model }: LoweredModel,
  schedule: string,
  given: GivenInputs | undefined,
): SaveFolder | undefined {
  if (save === undefined) {
    return undefined;
  }
  const tensors = [...(given?.inputs ?? []), ...(given?.outputs ?? [])];
  const read = [model.path, schedule, ...tensors.map(({ file }) => file)];
  return { ...save, inputs: read };
}
