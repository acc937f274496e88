/**
 * Stage models whose composition computes the whole model's outputs bit for bit on this machine.
 *
 * ONNX Runtime's fusions and memory layouts decide the last bits of a result.
 * Both can differ between a stage and the whole model, and depend on the machine. So the ways to
 * make the stages are tried, the fastest first, each against the whole model at the same level:
 * all optimizations; the same with layout anchors on tensors that stages receive (`layout-anchor.ts`);
 * without changes of layout (`extended`); without fusion beyond constants (`basic`); none. Without
 * optimization every operator is a kernel by itself, so the last way is the same by construction.
 *
 * But for float16: ONNX Runtime computes it in float32 on most processors, rounds where a kernel's output is
 * float16 in the model, and leaves that out between two kernels even without optimization. What is
 * handed over is rounded. Then no way is the same, and the fastest is taken of those that are about as near.
 *
 * Example: ResNet-50 cut inside a residual block needs the anchors, cut before a block with a
 * projection it needs nothing.
 */
import { dirname, join } from "node:path";
import type { Failure } from "../core/failure.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { writeWholeModel } from "../onnx/extract-submodel.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { randomParts } from "../onnx/random-nodes.js";
import { type StageModel, stageModels } from "../onnx/stage-models.js";
import { StageWeights } from "../onnx/stage-weights.js";
import { compareOutputs, type OutputComparison } from "../runtime/compare-outputs.js";
import { executionStopped, sizesDiffer } from "../runtime/failures.js";
import {
  bindSession,
  createSession,
  type OnnxRuntime,
  type SessionOptions,
} from "../runtime/onnx-runtime.js";
import { orNoRoom, temporaryFolder } from "../runtime/temporary-folder.js";
import { elementCount, type TensorData } from "../runtime/tensor-data.js";
import type { OnProgress } from "./progress.js";

/** The most optimization that sessions of ONNX Runtime apply. */
export type OptimizationLevel = NonNullable<SessionOptions["level"]>;

/** One way to make stages. */
export interface StageSettings {
  readonly level: OptimizationLevel;
  readonly withAnchors: boolean;
}

/** Fastest first. */
export const STAGE_SETTINGS: readonly StageSettings[] = [
  { level: "all", withAnchors: false },
  { level: "all", withAnchors: true },
  { level: "extended", withAnchors: false },
  { level: "basic", withAnchors: false },
  { level: "disabled", withAnchors: false },
];

/** A partition of a model and what to run it with. */
export interface StageRequest {
  readonly runtime: OnnxRuntime;
  readonly lowered: LoweredModel;
  readonly stageOf: ArrayLike<number>;
  readonly stageCount: number;
  /** Sets of inputs; the first decides which way is taken. */
  readonly feeds: readonly ReadonlyMap<string, TensorData>[];
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** A way to make stages whose outputs are not the whole model's bit for bit. */
export interface TriedSettings {
  readonly settings: StageSettings;
  /** The largest relative difference. */
  readonly maxRelative: number;
}

/** Differences within this factor are roundings of the same number: one way is as near as the other. */
const ABOUT_AS_NEAR = 2;

/** Stage models ready to be loaded. */
export interface PreparedStages {
  readonly settings: StageSettings;
  readonly stages: readonly StageModel[];
  /** For sessions of the stages. */
  readonly session: SessionOptions;
  /** The whole model as an ONNX file. */
  readonly whole: Uint8Array;
  /** Outputs of the whole model at the level of the stages, one for each set of inputs. */
  readonly reference: readonly ReadonlyMap<string, TensorData>[];
  /** Comparison of the stages, one after the other, with the whole model for the first set of inputs. */
  readonly composition: OutputComparison;
  /** Other ways that were tried, none of which is the same, and how far off they were. */
  readonly tried: readonly TriedSettings[];
  /** Removes the weights file, if there is one. */
  remove(): void;
}

/**
 * Makes the stages in the fastest way that computes the same bits; if none does, in the fastest whose
 * difference is about the smallest.
 *
 * Fails: `temporary-folder-refused`, `temporary-folder-full`; what writing stages and running them fails with; `stopped`.
 * Ensures: after a failure no file is left. Cost: at least one session of the whole model and of
 * each stage, one after the other.
 */
export async function prepareStages(request: StageRequest): Promise<Result<PreparedStages>> {
  const folder = temporaryFolder("top-compile-stages");
  if (!folder.ok) {
    return folder;
  }
  const remove = (): void => folder.value.remove();
  const prepared = await tryAll(request, folder.value.path, remove);
  if (prepared.ok) {
    return prepared;
  }
  const { fileBytes } = request.lowered.model;
  const isStopped = request.signal?.aborted === true;
  const failures = isStopped
    ? prepared.error
    : orNoRoom(prepared.error, folder.value.path, fileBytes);
  remove();
  return fail(failures);
}

async function tryAll(
  request: StageRequest,
  folder: string,
  remove: () => void,
): Promise<Result<PreparedStages>> {
  const whole = writeWholeModel(request.lowered);
  if (!whole.ok) {
    return whole;
  }
  const tried: TriedSettings[] = [];
  const references = new Map<OptimizationLevel, PreparedStages["reference"]>();
  for (const [done, settings] of STAGE_SETTINGS.entries()) {
    const label = `stages, ${settings.level}${settings.withAnchors ? " with anchors" : ""}`;
    request.onProgress?.({ phase: "stages", done, total: STAGE_SETTINGS.length, label });
    const made = await makeStages(request, settings, { whole: whole.value, folder, references });
    if (!made.ok) {
      return made;
    }
    const { composition } = made.value;
    if (composition.identical) {
      return ok({ ...made.value, tried, remove });
    }
    tried.push({ settings, maxRelative: composition.maxRelative });
  }
  const settings = nearest(tried);
  const made = await makeStages(request, settings, { whole: whole.value, folder, references });
  const others = tried.filter((each) => each.settings !== settings);
  return made.ok ? ok({ ...made.value, tried: others, remove }) : made;
}

/** The first of the ways whose difference is about the smallest. */
function nearest(tried: readonly TriedSettings[]): StageSettings {
  const least = Math.min(...tried.map(({ maxRelative }) => maxRelative));
  const near = tried.find(({ maxRelative }) => maxRelative <= least * ABOUT_AS_NEAR);
  return present(near, "a way to make stages").settings;
}

interface StageSources {
  readonly whole: Uint8Array;
  readonly folder: string;
  /** Outputs of the whole model that are known, by level. */
  readonly references: Map<OptimizationLevel, PreparedStages["reference"]>;
}

/** The stages made in one way. */
async function makeStages(
  request: StageRequest,
  settings: StageSettings,
  { whole, folder, references }: StageSources,
): Promise<Result<Omit<PreparedStages, "tried" | "remove">>> {
  if (request.signal?.aborted === true) {
    return fail([executionStopped()]);
  }
  const known = references.get(settings.level);
  const reference =
    known === undefined ? await runWhole(request, whole, settings.level) : ok(known);
  if (!reference.ok) {
    return reference;
  }
  references.set(settings.level, reference.value);
  const made = await compose(request, settings, folder, reference.value);
  return made.ok ? ok({ ...made.value, settings, whole, reference: reference.value }) : made;
}

async function runWhole(
  { runtime, lowered, feeds }: StageRequest,
  whole: Uint8Array,
  level: OptimizationLevel,
): Promise<Result<PreparedStages["reference"]>> {
  const all: ReadonlyMap<string, TensorData>[] = [];
  for (const set of feeds) {
    const outputs = await runOnce(runtime, whole, set, { level }, lowered.model.path);
    const problem = outputs.ok ? otherSizes(lowered, outputs.value) : undefined;
    if (!outputs.ok) {
      return outputs;
    }
    if (problem !== undefined) {
      return fail([problem]);
    }
    all.push(outputs.value);
  }
  return ok(all);
}

/** Makes the stages in one way, runs them one after the other, and compares. */
async function compose(
  request: StageRequest,
  settings: StageSettings,
  folder: string,
  reference: PreparedStages["reference"],
): Promise<Result<Pick<PreparedStages, "stages" | "session" | "composition">>> {
  const { runtime, lowered, feeds } = request;
  const written = writeStages(request, settings.withAnchors, folder);
  if (!written.ok) {
    return written;
  }
  const { stages, weightsFolder } = written.value;
  const session: SessionOptions = {
    level: settings.level,
    extra: { model_external_initializers_file_folder_path: weightsFolder },
  };
  const known = new Map<string, TensorData>(feeds[0]);
  for (const stage of stages) {
    const given = new Map(
      stage.inputs.map(({ tensor, name }) => {
        const base = present(lowered.graph.tensors[tensor], "tensor").name;
        return [name, present(known.get(base), `tensor "${base}"`)] as const;
      }),
    );
    const outputs = await runOnce(runtime, stage.bytes, given, session, lowered.model.path);
    if (!outputs.ok) {
      return outputs;
    }
    const problem = otherSizes(lowered, outputs.value);
    if (problem !== undefined) {
      return fail([problem]);
    }
    for (const [name, data] of outputs.value) {
      known.set(name, data);
    }
  }
  const names = stages.flatMap(({ results }) => results);
  const composed = new Map(names.map((name) => [name, present(known.get(name), `"${name}"`)]));
  const wanted = present(reference[0], "outputs of the whole model");
  const { values: random } = randomParts(lowered);
  const steady = (all: ReadonlyMap<string, TensorData>): ReadonlyMap<string, TensorData> =>
    new Map([...all].filter(([name]) => composed.has(name) && !random.has(name)));
  return ok({ stages, session, composition: compareOutputs(steady(wanted), steady(composed)) });
}

/** Next to the model where all its larger weights are external data, else with a weights file. */
function writeStages(
  { lowered, stageOf, stageCount }: StageRequest,
  withAnchors: boolean,
  folder: string,
): Result<{ readonly stages: readonly StageModel[]; readonly weightsFolder: string }> {
  for (const keepsExternal of [true, false]) {
    const weights = new StageWeights(lowered.model, "stages.weights", keepsExternal);
    const stages = stageModels(lowered, stageOf, stageCount, {
      weights,
      withAnchors,
      computedOnly: true,
    });
    if (!stages.ok) {
      return stages;
    }
    if (keepsExternal && weights.bytes === 0) {
      return ok({ stages: stages.value, weightsFolder: dirname(lowered.model.path) });
    }
    if (!keepsExternal) {
      const written = weights.write(join(folder, "stages.weights"));
      return written.ok ? ok({ stages: stages.value, weightsFolder: folder }) : written;
    }
  }
  return fail([executionStopped()]);
}

/** The failure for a value whose number of elements is another than the schedule has, if there is one. */
function otherSizes(
  { types, openDims, model }: LoweredModel,
  values: ReadonlyMap<string, TensorData>,
): Failure | undefined {
  for (const [name, { dims: found }] of values) {
    const dims = types.get(name)?.dims;
    const isFixed = dims !== undefined && !openDims.has(name);
    if (isFixed && elementCount(dims) !== elementCount(found)) {
      return sizesDiffer(model.path, { name, dims, found });
    }
  }
  return undefined;
}

async function runOnce(
  runtime: OnnxRuntime,
  model: Uint8Array,
  feeds: ReadonlyMap<string, TensorData>,
  options: SessionOptions,
  where: string,
): Promise<Result<ReadonlyMap<string, TensorData>>> {
  const session = await createSession(runtime, model, options, where);
  if (!session.ok) {
    return session;
  }
  const bound = bindSession(runtime, session.value, feeds, where);
  const outputs = await bound.run();
  const own = outputs.ok
    ? ok(
        new Map(
          [...outputs.value].map(([name, data]) => [
            name,
            { ...data, bytes: Uint8Array.from(data.bytes) },
          ]),
        ),
      )
    : outputs;
  await bound.release();
  return own;
}
