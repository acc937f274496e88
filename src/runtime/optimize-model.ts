/** A model as ONNX Runtime makes it before it runs it. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileUnwritable } from "../core/file-failures.js";
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
import { createSession, loadOnnxRuntime } from "./onnx-runtime.js";

/** How far ONNX Runtime optimizes. `extended` fuses for a CPU; `basic` holds for any device. */
export type OptimizationLevel = "basic" | "extended";

/** An optimized model, and the release of ONNX Runtime that made it. */
export interface OptimizedModel {
  /** Every node named uniquely, in topological order; its weights are in the folder that was given. */
  readonly model: OnnxModel;
  readonly release: string;
}

/** Weights that ONNX Runtime writes into the model itself: protobuf messages end at 2 GiB. */
const MOST_INLINE_BYTES = 7 * 2 ** 28;

/**
 * Optimizes a model with the sizes that it was lowered with; writes into `folder`.
 *
 * Fails: `onnxruntime-missing`, `onnxruntime-refused-model`, `export-model-too-large`; as writing and reading models do.
 * Cost: a session, and twice the model on disk.
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
  const path = join(folder, "optimized.onnx");
  const weightsBytes = residentConstants(lowered).reduce((sum, { bytes }) => sum + bytes, 0);
  const isLarge = weightsBytes > MOST_INLINE_BYTES;
  const outside = isLarge ? { weightsFile: "optimized.weights" } : {};
  const options = { level, optimizedModel: { path, ...outside } };
  const { path: where } = lowered.model;
  const session = await createSession(runtime.value, written.value, options, where);
  if (!session.ok) {
    return session;
  }
  await session.value.release();
  const dump = readModel(path);
  if (dump.ok && isLarge && dump.value.graph.nodes.some(hasConstantsInBodies)) {
    return fail([modelTooLargeToOptimize(where, weightsBytes, MOST_INLINE_BYTES)]);
  }
  const named = dump.ok ? normalizeModel(dump.value) : dump;
  return named.ok ? ok({ model: named.value, release: runtime.value.version }) : named;
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
