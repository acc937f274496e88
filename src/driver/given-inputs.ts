import type { ScheduleArtifact } from "../artifact/artifact.js";
import { ok, type Result } from "../core/result.js";
import { someOf } from "../core/some-of.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxGraph } from "../onnx/model.js";
import { readModel } from "../onnx/read-model.js";
import type { InputSource } from "../runtime/input-source.js";
import {
  type GivenInputs,
  type InputFiles,
  readGivenInputs,
} from "../runtime/tensor-files/given-inputs.js";
import type { DriverContext } from "./context.js";
import type { ModelJob } from "./model-job.js";

/** The parts of a job that given inputs decide. */
export type InputsOfJob = Pick<ModelJob, "dims" | "given">;

/**
 * The inputs that the user gives for a model, and the sizes of its dynamic dims with those that follow
 * from them. With a batch, the first dim of every input is that. Says which inputs are given and which
 * are not.
 *
 * Fails: as `readModel` and `readGivenInputs`.
 */
export function inputsOfJob(
  model: string,
  files: InputFiles,
  { dims, batch }: { readonly dims: ReadonlyMap<string, number>; readonly batch?: number },
  context: DriverContext,
): Result<InputsOfJob> {
  if (!isAsked(files)) {
    return ok({ dims });
  }
  const read = readModel(model, context.allowExternal);
  if (!read.ok) {
    return read;
  }
  const graph = batch === undefined ? read.value.graph : inBatch(read.value.graph, batch);
  const given = readGivenInputs(files, graph, model, dims);
  if (!given.ok) {
    return given;
  }
  const names = graph.inputs.map(({ name }) => name);
  context.onNote(noteOnInputs(given.value, names));
  return ok({ dims: new Map([...dims, ...given.value.dims]), given: given.value });
}

/** A graph whose inputs come in batches of that size. */
function inBatch(graph: OnnxGraph, batch: number): OnnxGraph {
  const inputs = graph.inputs.map((input) =>
    input.dims === undefined || input.dims.length === 0
      ? input
      : { ...input, dims: [batch, ...input.dims.slice(1)] },
  );
  return { ...graph, inputs };
}

/**
 * The inputs of a run of a schedule: what the user gives, the rest from the seed. Says which are given;
 * where none is, but the schedule was compiled with some, says that.
 *
 * Fails: as `readGivenInputs`.
 */
export function inputsOfRun(
  files: InputFiles | undefined,
  seed: number,
  { model }: LoweredModel,
  { provenance }: ScheduleArtifact,
  { onNote }: DriverContext,
): Result<InputSource> {
  const names = model.graph.inputs.map(({ name }) => name);
  if (files === undefined || !isAsked(files)) {
    const { input } = provenance.options;
    if (Array.isArray(input)) {
      onNote(`compiled with given inputs (${someOf(input.map(String))}), run with drawn ones`);
    }
    return ok({ seed });
  }
  const wanted = { ...files, withOutputs: true };
  const given = readGivenInputs(wanted, model.graph, model.path, new Map());
  if (!given.ok) {
    return given;
  }
  onNote(noteOnInputs(given.value, names));
  return ok({ seed, given: given.value });
}

function isAsked({ each, folder }: InputFiles): boolean {
  return each.length > 0 || folder !== undefined;
}

/** A line on which inputs are given and which are drawn. */
function noteOnInputs({ inputs }: GivenInputs, names: readonly string[]): string {
  const given = new Set(inputs.map(({ name }) => name));
  const drawn = names.filter((name) => !given.has(name));
  const rest = drawn.length === 0 ? "" : `; drawn from the seed: ${someOf(drawn)}`;
  return `inputs given: ${someOf([...given])}${rest}`;
}
