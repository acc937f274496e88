/** The model that an artifact was made from, as it was lowered then. */
import type { Provenance, ScheduleArtifact } from "../artifact/artifact.js";
import { recordedList } from "../artifact/recorded-options.js";
import { fail, ok, type Result } from "../core/result.js";
import { type DataSize, printDataSize } from "../onnx/data-sizes.js";
import { withKernelList } from "../onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { modelNotNamed, scheduleBroken } from "./failures.js";
import { modelFileOf, modelOfArtifact } from "./model-of-artifact.js";
import type { ServedModelLoader } from "./served-problem.js";

/** Loads the model of an artifact. */
export type ModelLoader = (artifact: ScheduleArtifact) => Promise<Result<LoweredModel>>;

/**
 * A loader of the model of an artifact in `file`, found as by `modelOfArtifact`. Dims and batch come
 * from the options in the provenance; the artifact's sections can be checked against the result.
 *
 * The loader fails: as `modelOfArtifact` and `loadWith`.
 */
export function modelLoader(
  file: string,
  model: string | undefined,
  allowExternal: readonly string[] = [],
): ModelLoader {
  return async (artifact) => {
    const path = modelOfArtifact(file, model, artifact);
    const { provenance } = artifact;
    const lowered = path.ok ? await loadWith(path.value, provenance, file, allowExternal) : path;
    return lowered.ok && isOther(lowered.value.dataSizes, provenance.dataSizes ?? [])
      ? fail([scheduleBroken(file, "/provenance/dataSizes does not follow from the model")])
      : lowered;
  };
}

/**
 * A loader of the models of launcher policies in `file`, each for a batch: as `launch` loads them, with the dims and
 * the kernel list of the provenance.
 *
 * The loader fails: as `modelFileOf` and `loadWith`.
 */
export function servedModelLoader(
  file: string,
  model: string | undefined,
  allowExternal: readonly string[] = [],
): ServedModelLoader {
  return async ({ provenance: { inputs, options } }, at, batch) => {
    const recorded = inputs.filter(({ role }) => role === "model")[at];
    if (recorded === undefined) {
      return fail([modelNotNamed(file)]);
    }
    const path = modelFileOf(file, model, recorded);
    const { batch: _, ...plain } = options;
    const own = batch === 1 ? plain : { ...plain, batch };
    return path.ok ? loadWith(path.value, { options: own }, file, allowExternal) : path;
  };
}

function isOther(a: readonly DataSize[], b: readonly DataSize[]): boolean {
  return a.map(printDataSize).join("\n") !== b.map(printDataSize).join("\n");
}

/**
 * Loads a model with the dims, the batch, the kernel list and the sizes that depend on data that were recorded.
 *
 * Fails: `schedule-broken` for options that no command line can have; as loading a model does.
 */
export async function loadWith(
  path: string,
  { options, dataSizes = [] }: Pick<Provenance, "options" | "dataSizes">,
  file: string,
  allowExternal: readonly string[] = [],
): Promise<Result<LoweredModel>> {
  const dims = dimsIn(options["dim"]);
  const { batch } = options;
  if (dims === undefined) {
    return fail([scheduleBroken(file, "/provenance/options/dim is not a list of NAME=SIZE")]);
  }
  const list = recordedList(options);
  if (list === undefined) {
    return fail([scheduleBroken(file, "/provenance/options/fuse is not a kernel list")]);
  }
  const cannotBranch = (options["device"] ?? "cpu") !== "cpu";
  const sizes = { dims, batch, dataSizes, cannotBranch };
  const lowered = await loadSizes(path, sizes, file, allowExternal);
  return lowered.ok ? ok(withKernelList(lowered.value, list)) : lowered;
}

interface RecordedSizes {
  readonly dims: ReadonlyMap<string, number>;
  readonly batch: unknown;
  readonly dataSizes: readonly DataSize[];
  readonly cannotBranch: boolean;
}

async function loadSizes(
  path: string,
  { batch, ...sizes }: RecordedSizes,
  file: string,
  allowExternal: readonly string[],
): Promise<Result<LoweredModel>> {
  const { loadModel, loadModelForBatch } = await import("../runtime/load-model.js");
  const options = { ...sizes, allowExternal };
  if (batch === undefined) {
    return loadModel(path, options);
  }
  return typeof batch === "number" && Number.isSafeInteger(batch) && batch > 0
    ? loadModelForBatch(path, options, { batch, mayRewrite: true })
    : fail([scheduleBroken(file, "/provenance/options/batch is not a number of inputs")]);
}

/** Sizes of dynamic dims from a list of `name=size`; `undefined`: not such a list. */
function dimsIn(recorded: unknown): ReadonlyMap<string, number> | undefined {
  if (recorded === undefined) {
    return new Map();
  }
  const entries = Array.isArray(recorded) ? recorded.map((entry) => namedSize(String(entry))) : [];
  const isWhole = entries.length > 0 && entries.every((entry) => entry !== undefined);
  const dims = new Map(entries.filter((entry) => entry !== undefined));
  return isWhole && dims.size === entries.length ? dims : undefined;
}

function namedSize(entry: string): readonly [string, number] | undefined {
  const [, name = "", size = ""] = /^(.+)=(\d{1,15})$/s.exec(entry) ?? [];
  return name === "" ? undefined : [name, Number(size)];
}
