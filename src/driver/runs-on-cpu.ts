import { ok, type Result } from "../core/result.js";
import { writeWholeModel } from "../onnx/extract-submodel.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { profileKeyOf } from "../profile/profile-key.js";
import { findProfile } from "../profile/profile-store.js";
import { modelInputs } from "../profile/worker-plan-of.js";
import { feedsFrom, type InputSource } from "../runtime/input-source.js";
import { bindSession, createSession, loadOnnxRuntime } from "../runtime/onnx-runtime.js";
import type { LoadOptions } from "../runtime/with-sizes.js";
import type { DriverContext } from "./context.js";
import type { ProfileSource } from "./obtain-profile.js";
import { sizesFrom } from "./sizes-from.js";

/**
 * The sizes at which to load a model that will be measured on the CPU: those of the named profile, else
 * sizes at which the model runs. A kept profile shows that it does.
 */
export function measurable(
  source: ProfileSource,
  inputs: InputSource,
  context: DriverContext,
): Omit<LoadOptions, "dims"> {
  const isUsable = (lowered: LoweredModel) => runsOnCpu(lowered, source, inputs, context);
  return source.kind === "file"
    ? sizesFrom(source.path, inputs)
    : { ...sizesFrom(undefined, inputs), isUsable };
}

/**
 * Runs the model once if dims have sizes that the user did not give, and no run has shown other sizes
 * yet. Without ONNX Runtime it passes: measuring reports that later.
 */
async function runsOnCpu(
  lowered: LoweredModel,
  source: ProfileSource,
  inputs: InputSource,
  { profileFolder }: DriverContext,
): Promise<Result<void>> {
  const hasAssumed = lowered.boundDims.some(({ source: from }) => from !== "option");
  const hasRun = lowered.dataSizes.some(({ source: from }) => from === "run");
  const runtime = hasAssumed && !hasRun ? await loadOnnxRuntime() : undefined;
  if (runtime?.ok !== true) {
    return ok(undefined);
  }
  const key = await profileKeyOf(lowered, inputs);
  if (source.kind === "kept" && key.ok && findProfile(profileFolder, key.value).kind === "found") {
    return ok(undefined);
  }
  const feeds = feedsFrom(modelInputs(lowered), inputs);
  const model = feeds.ok ? writeWholeModel(lowered) : feeds;
  if (!feeds.ok || !model.ok) {
    return feeds.ok ? ok(undefined) : feeds;
  }
  const { path } = lowered.model;
  const session = await createSession(runtime.value, model.value, { level: "disabled" }, path);
  if (!session.ok) {
    return session;
  }
  const bound = bindSession(runtime.value, session.value, feeds.value, path);
  const ran = await bound.run();
  await bound.release();
  return ran.ok ? ok(undefined) : ran;
}
