import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeWholeModel } from "../../src/onnx/extract-submodel.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { stageModels } from "../../src/onnx/stage-models.js";
import { StageWeights } from "../../src/onnx/stage-weights.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import { compareOutputs, type OutputComparison } from "../../src/runtime/compare-outputs.js";
import { bindSession, createSession, type SessionOptions } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { onnxRuntime } from "./onnx-runtime.js";
import { value } from "./values.js";

/** How stages are composed. */
export interface Composition {
  readonly level: NonNullable<SessionOptions["level"]>;
  readonly withAnchors: boolean;
  /** The stages lie in the folder of the model and refer to its own external data. */
  readonly besideModel?: boolean;
}

/** Runs the stages one after the other, and the whole model, on the same inputs. */
export async function composeStages(
  lowered: LoweredModel,
  stageOf: ArrayLike<number>,
  stageCount: number,
  { level, withAnchors, besideModel = false }: Composition,
): Promise<OutputComparison> {
  const own = mkdtempSync(join(tmpdir(), "stages-"));
  const folder = besideModel ? dirname(lowered.model.path) : own;
  try {
    const weights = new StageWeights(lowered.model, "stages.bin", besideModel);
    const stages = value(stageModels(lowered, stageOf, stageCount, { weights, withAnchors }));
    value(weights.write(join(own, "stages.bin")));
    const feeds = value(randomFeeds(modelInputs(lowered), 1));
    const known = new Map<string, TensorData>(feeds);
    for (const stage of stages) {
      const options = { level, extra: { model_external_initializers_file_folder_path: folder } };
      const given = stage.inputs.map(({ tensor, name }) => {
        const data = known.get(lowered.graph.tensors[tensor]?.name ?? "");
        if (data === undefined) {
          throw new Error(`"${name}" was not sent`);
        }
        return [name, data] as const;
      });
      for (const [name, data] of await runOnce(stage.bytes, new Map(given), options)) {
        known.set(name, data);
      }
    }
    const whole = await runOnce(value(writeWholeModel(lowered)), feeds, { level });
    const results = stages.flatMap(({ results: names }) => names);
    const actual = new Map(results.map((name) => [name, known.get(name) as TensorData]));
    return compareOutputs(whole, actual);
  } finally {
    rmSync(own, { recursive: true });
  }
}

async function runOnce(
  model: Uint8Array,
  feeds: ReadonlyMap<string, TensorData>,
  options: SessionOptions,
): Promise<ReadonlyMap<string, TensorData>> {
  const runtime = onnxRuntime();
  const session = value(await createSession(runtime, model, options, "stage"));
  const bound = bindSession(runtime, session, feeds, "stage");
  const outputs = value(await bound.run());
  const own = new Map(
    [...outputs].map(([name, data]) => [name, { ...data, bytes: Uint8Array.from(data.bytes) }]),
  );
  await bound.release();
  return own;
}
