import { fail, ok, type Result } from "../core/result.js";
import type { Profile } from "../profile/profile.js";
import { encodeProfile } from "../profile/profile-format.js";
import type { DriverContext } from "./context.js";
import { stopped } from "./failures.js";
import { mayWrite, writeText } from "./files.js";
import { loadModel, noteOnDims } from "./load-model.js";
import { obtainProfile, withMeasuredSchedules } from "./obtain-profile.js";
import { searchCandidates, toMeasure } from "./search-candidates.js";

/** What to measure, and where to write it. */
export interface ProfileRequest {
  readonly model: string;
  readonly out: string;
  readonly force: boolean;
  readonly dims: ReadonlyMap<string, number>;
  readonly seed: number;
}

const FORMAT = "top-compile/profile";

/**
 * Measures a model on this machine, its best schedules and the baselines included, and writes the
 * profile: everything that a compile elsewhere needs.
 *
 * Fails: what reading, lowering, measuring and writing fail with; nothing is written then.
 */
export async function profileModel(
  request: ProfileRequest,
  context: DriverContext,
): Promise<Result<Profile>> {
  const overwrite = { force: request.force, format: FORMAT };
  const may = mayWrite(request.out, overwrite);
  if (!may.ok) {
    return may;
  }
  const lowered = await loadModel(request.model, request.dims);
  if (!lowered.ok) {
    return lowered;
  }
  const note = noteOnDims(lowered.value);
  if (note !== undefined) {
    context.onNote(note);
  }
  const { seed } = request;
  const source = { kind: "fresh" } as const;
  const measured = await obtainProfile(lowered.value, source, seed, context);
  if (!measured.ok) {
    return measured;
  }
  const candidates = searchCandidates(lowered.value, measured.value.profile, { seed });
  if (!candidates.ok) {
    return candidates;
  }
  const profile = await withMeasuredSchedules(
    lowered.value,
    measured.value.profile,
    toMeasure(candidates.value),
    { source, seed },
    context,
  );
  if (!profile.ok) {
    return profile;
  }
  if (context.signal.aborted) {
    return fail([stopped()]);
  }
  const written = writeText(request.out, encodeProfile(profile.value), overwrite);
  return written.ok ? ok(profile.value) : written;
}
