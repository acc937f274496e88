import { ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { Profile } from "../profile/profile.js";
import { operatorCostsOf } from "../profile/profile.js";
import { encodeProfile } from "../profile/profile-format.js";
import { sessionGroups } from "../runtime/handed-over.js";
import { searchCandidates, toMeasure } from "../search/operator/requested-candidates.js";
import type { DriverContext } from "./context.js";
import { type ModelJob, runModelJob } from "./model-job.js";
import { obtainProfile, withMeasuredSchedules } from "./obtain-profile.js";
import { measurable } from "./runs-on-cpu.js";

/** A request to measure a model and write its profile. */
export interface ProfileRequest extends ModelJob {
  readonly seed: number;
}

/**
 * Measures a model on this machine, its best schedules and the baselines included, and writes the
 * profile: everything that a compile elsewhere needs.
 *
 * Fails: as reading, lowering, measuring and writing do; nothing is written then.
 */
export async function profileModel(
  request: ProfileRequest,
  context: DriverContext,
): Promise<Result<Profile>> {
  const job = { ...request, ...measurable({ kind: "fresh" }, request, context) };
  return runModelJob(job, "top-compile/profile", context, async (lowered) => {
    const profile = await measured(lowered, request, context);
    return profile.ok ? ok({ value: profile.value, text: encodeProfile(profile.value) }) : profile;
  });
}

async function measured(
  lowered: LoweredModel,
  { seed, given }: ProfileRequest,
  context: DriverContext,
): Promise<Result<Profile>> {
  const source = { kind: "fresh" } as const;
  const inputs = { seed, given };
  const obtained = await obtainProfile(lowered, source, inputs, context);
  if (!obtained.ok) {
    return obtained;
  }
  const { profile } = obtained.value;
  const costs = operatorCostsOf(profile, lowered.graph);
  const { workers } = profile;
  const candidates = searchCandidates(
    { graph: lowered.graph, costs },
    { workers, seed, groupOf: sessionGroups(lowered) },
  );
  return candidates.ok
    ? withMeasuredSchedules(
        lowered,
        obtained.value,
        toMeasure(candidates.value),
        { source, inputs },
        context,
      )
    : candidates;
}
