/** Serving several models on a CPU: their measured times, what can be sustained, policies. */
import type { Workload } from "../arrivals/workload.js";
import { ok, type Result } from "../core/result.js";
import { cpuProblemOf, type MeasuredModel } from "../launcher/cpu-problem.js";
import type { BatchLowering } from "../profile/serving/served-model.js";
import type { ServingProblem } from "../schedule/serving/serving-model.js";
import type { DriverContext } from "./context.js";
import {
  checkScales,
  compared,
  type Launched,
  type LaunchRequest,
  loadBatches,
  USUAL_SEED,
  workloadFor,
} from "./launch.js";
import { obtainServingProfile, type ServingSource } from "./obtain-serving-profile.js";

/** A request to compare launcher policies on a CPU. */
export interface CpuLaunchRequest extends Omit<LaunchRequest, "device" | "math"> {
  readonly source: ServingSource;
}

/** Models that are ready to be served on a CPU. */
export interface CpuServing {
  readonly workload: Workload;
  readonly seed: number;
  readonly problem: ServingProblem;
  /** By model: lowered for every batch size that is used. */
  readonly lowered: readonly (readonly BatchLowering[])[];
}

/**
 * Compares launcher policies for models that share a CPU.
 *
 * Fails: as `cpuServingOf`; `models-exceed-memory`.
 */
export async function comparePoliciesOnCpu(
  request: CpuLaunchRequest,
  context: DriverContext,
): Promise<Result<Launched>> {
  const workload = workloadFor(request);
  const few = workload.ok ? checkScales(workload.value, request) : workload;
  if (!few.ok) {
    return few;
  }
  const serving = await cpuServingOf(request, context);
  const { samples, scales } = request;
  const { onProgress } = context;
  return serving.ok
    ? context.compute(() =>
        compared({ ...serving.value, device: "cpu", samples, scales, onProgress }),
      )
    : serving;
}

/**
 * Reads requests and models, and obtains their serving times: from files, kept, or measured now.
 *
 * Fails: as reading arrivals and models does, and as `obtainServingProfile`; `model-name-repeated`.
 */
export async function cpuServingOf(
  request: Omit<CpuLaunchRequest, "samples" | "scales" | "trainSteps">,
  context: DriverContext,
): Promise<Result<CpuServing>> {
  const workload = workloadFor(request);
  if (!workload.ok) {
    return workload;
  }
  const seed = request.seed ?? workload.value.seed ?? USUAL_SEED;
  const measured: MeasuredModel[] = [];
  const lowered: (readonly BatchLowering[])[] = [];
  for (const [at, path] of request.models.entries()) {
    const { batches = [1], model: name = "" } = workload.value.models[at] ?? {};
    const loading = { dims: request.dims, prepare: asItIs };
    const loaded = await loadBatches(path, batches, loading, context);
    const profile = loaded.ok
      ? await obtainServingProfile(loaded.value, request.source, seed, context)
      : loaded;
    if (!loaded.ok || !profile.ok) {
      return profile as Result<never>;
    }
    const sizes = profile.value.batches.map(({ batch }) => batch);
    const used = loaded.value.filter(({ batch }) => sizes.includes(batch));
    measured.push({ name, profile: profile.value, batches: used.map(({ batch }) => batch) });
    lowered.push(used);
  }
  return ok({ workload: workload.value, seed, problem: cpuProblemOf(measured), lowered });
}

function asItIs<T>(_path: string, lowered: T): Result<T> {
  return ok(lowered);
}
