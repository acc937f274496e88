/** A model as ONNX Runtime makes it before it runs it. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Failures } from "../core/failure.js";
import { fileUnwritable } from "../core/file-failures.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { bodiesOf } from "../onnx/bodies.js";
import { writeWholeModel } from "../onnx/extract-submodel.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxModel, OnnxNode } from "../onnx/model.js";
import { normalizeModel } from "../onnx/normalize-model.js";
import { readModel } from "../onnx/read-model.js";
import { residentConstants } from "../onnx/resident-constants.js";
import { StageWeights } from "../onnx/stage-weights.js";
import { modelTooLargeToOptimize } from "./failures.js";
import { createSession, loadOnnxRuntime, type OnnxRuntime } from "./onnx-runtime.js";

/** How far ONNX Runtime optimizes. `extended` fuses for a CPU; `basic` holds for any device. */
export type OptimizationLevel = "disabled" | "basic" | "extended";

/** An optimized model, and the release of ONNX Runtime that made it. */
export interface OptimizedModel {
  /** Every node named uniquely, in topological order; its weights are in the folder that was given. */
  readonly model: OnnxModel;
  readonly level: OptimizationLevel;
  readonly release: string;
}

/** Weights that ONNX Runtime writes into the model itself: protobuf messages end at 2 GiB. */
const MOST_INLINE_BYTES = 7 * 2 ** 28;

/** Levels to try, when ONNX Runtime does not read what it wrote at the one before. */
const LOWER: Readonly<Record<OptimizationLevel, readonly OptimizationLevel[]>> = {
  extended: ["extended", "basic", "disabled"],
  basic: ["basic", "disabled"],
  disabled: ["disabled"],
};

/**
 * Optimizes a model with the sizes that it was lowered with; writes into `folder`. ONNX Runtime 1.30 gives
 * names twice when it fuses the same inside and outside of a branch, and does not read the result: then the level is
 * the next lower one that it reads.
 *
 * Fails: `onnxruntime-missing`, `onnxruntime-refused-model`, `export-model-too-large`; as writing and reading models do.
 * Cost: two sessions or more, and twice the model on disk.
 */
export async function optimizeModel(
  lowered: LoweredModel,
  level: OptimizationLevel,
  folder: string,
): Promise<Result<OptimizedModel>> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return runtime;
  }
  const written = writeInto(lowered, folder);
  if (!written.ok) {
    return written;
  }
  const files = { model: written.value, optimized: join(folder, "optimized.onnx") };
  let refused: Failures | undefined;
  for (const tried of LOWER[level]) {
    const dump = await optimizeFile(lowered, files, tried, runtime.value);
    if (!dump.ok) {
      return dump;
    }
    const read = await createSession(
      runtime.value,
      files.optimized,
      { level: "disabled" },
      lowered.model.path,
    );
    if (read.ok) {
      await read.value.release();
      const named = normalizeModel(dump.value);
      const { version: release } = runtime.value;
      return named.ok ? ok({ model: named.value, level: tried, release }) : named;
    }
    refused ??= read.error;
  }
  return fail(present(refused, "reason"));
}

/** Returns what ONNX Runtime makes of a model file, which it writes to `optimized`. */
async function optimizeFile(
  lowered: LoweredModel,
  { model, optimized: path }: { readonly model: string; readonly optimized: string },
  level: OptimizationLevel,
  runtime: OnnxRuntime,
): Promise<Result<OnnxModel>> {
  const weightsBytes = residentConstants(lowered).reduce((sum, { bytes }) => sum + bytes, 0);
  const isLarge = weightsBytes > MOST_INLINE_BYTES;
  const outside = isLarge ? { weightsFile: "optimized.weights" } : {};
  const options = { level, optimizedModel: { path, ...outside } };
  const { path: where } = lowered.model;
  const session = await createSession(runtime, model, options, where);
  if (!session.ok) {
    return session;
  }
  await session.value.release();
  const dump = readModel(path);
  return dump.ok && isLarge && dump.value.graph.nodes.some(hasConstantsInBodies)
    ? fail([modelTooLargeToOptimize(where, weightsBytes, MOST_INLINE_BYTES)])
    : dump;
}

function hasConstantsInBodies(node: OnnxNode): boolean {
  return bodiesOf(node).some(
    ({ initializers, nodes }) => initializers.length > 0 || nodes.some(hasConstantsInBodies),
  );
}

/** Returns the path of the model, whose larger weights are next to it. */
function writeInto(lowered: LoweredModel, folder: string): Result<string> {
  const weights = new StageWeights(lowered.model, "model.weights", false);
  const bytes = writeWholeModel(lowered, weights);
  if (!bytes.ok) {
    return bytes;
  }
  const stored = weights.write(join(folder, "model.weights"));
  if (!stored.ok) {
    return stored;
  }
  const path = join(folder, "model.onnx");
  try {
    writeFileSync(path, bytes.value);
    return ok(path);
  } catch (cause) {
    return fail([fileUnwritable(path, cause)]);
  }
}
