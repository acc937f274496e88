import { mayWrite, writeText } from "../core/files.js";
import { fail, ok, type Result } from "../core/result.js";
import { soon } from "../core/soon.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { noteOnDataSizes, noteOnDecided } from "../onnx/note-on-data-sizes.js";
import { noteOnRandomNumbers } from "../onnx/random-nodes.js";
import { executionStopped } from "../runtime/failures.js";
import {
  type BatchOptions,
  loadModel,
  loadModelForBatch,
  noteOnDims,
} from "../runtime/load-model.js";
import { type GivenInputs, NO_INPUTS } from "../runtime/tensor-files/given-inputs.js";
import type { LoadOptions } from "../runtime/with-sizes.js";
import type { DriverContext } from "./context.js";
import { nothingToSchedule } from "./failures.js";

/** A job that reads one model and writes one file of ours. */
export interface ModelJob extends Omit<LoadOptions, "allowExternal"> {
  readonly model: string;
  /** Other files that the job reads, and must not overwrite; default none. */
  readonly alsoReads?: readonly string[];
  /** `undefined`: nothing is written. */
  readonly out: string | undefined;
  /** Overwrite a file that is not ours. */
  readonly force: boolean;
  /** Inputs of the user's, whose sizes are among `dims`; absent: none. */
  readonly given?: GivenInputs | undefined;
  /** Absent: the batch that the model and its dims have. */
  readonly batch?: BatchOptions;
}

/** The `format` of the file that is written. */
export type JobFormat =
  | "top-compile/schedule"
  | "top-compile/profile"
  | "top-compile/gpu-profile"
  | "top-compile/placement";

/**
 * Runs `make` on the lowered model and writes the text it returns. An output file that cannot be
 * written is refused before anything long starts; after a failure or an interrupt nothing is written.
 *
 * Fails: as reading, lowering and writing do, and as `make` does; `nothing-to-schedule`.
 */
export async function runModelJob<T>(
  job: ModelJob,
  format: JobFormat,
  context: DriverContext,
  make: (lowered: LoweredModel) => Promise<Result<{ readonly value: T; readonly text: string }>>,
): Promise<Result<T>> {
  const { inputs: tensors, outputs } = job.given ?? NO_INPUTS;
  const given = [...tensors, ...outputs].map(({ file }) => file);
  const inputs = [job.model, ...given, ...(job.alsoReads ?? [])];
  const overwrite = { force: job.force, format, inputs };
  const may = job.out === undefined ? ok(undefined) : mayWrite(job.out, overwrite);
  if (!may.ok) {
    return may;
  }
  const options = { ...job, allowExternal: context.allowExternal };
  const lowered =
    job.batch === undefined
      ? await loadModel(job.model, options)
      : await loadModelForBatch(job.model, options, job.batch);
  if (!lowered.ok) {
    return lowered;
  }
  if (lowered.value.graph.operators.length === 0) {
    return fail([nothingToSchedule(job.model)]);
  }
  const recorded = (job.dataSizes ?? []).length > 0;
  const kind = job.given === undefined ? "seeded" : "given";
  const run = recorded ? "the run that was profiled" : `a run on ${kind} inputs`;
  const notes = [
    noteOnDims(lowered.value),
    noteOnDataSizes(lowered.value, run),
    noteOnDecided(lowered.value),
    noteOnRandomNumbers(lowered.value),
  ];
  notes.filter((note) => note !== undefined).forEach(context.onNote);
  const made = await make(lowered.value);
  if (!made.ok) {
    return made;
  }
  await soon();
  if (context.signal.aborted) {
    return fail([executionStopped()]);
  }
  const written =
    job.out === undefined ? ok(undefined) : writeText(job.out, made.value.text, overwrite);
  return written.ok ? ok(made.value.value) : written;
}
