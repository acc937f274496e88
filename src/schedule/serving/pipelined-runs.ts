/** Tasks that go through parts, of which each holds at most one task of the model. */
import { invariant } from "../../core/invariant.js";
import type { BatchRun, TaskProfile } from "./serving-model.js";
import { foldProfile, joinProfiles, profileNs } from "./task-profile.js";

/**
 * Where a task can be cut into so many parts of about the same length: stages of the profile at which parts begin, the
 * first 0. `undefined`: there are too few places.
 *
 * A task is cut where nothing of it runs. Then everything that has begun has ended, so all that follows needs what came
 * before as a whole: these are the cut nodes of its graph, as its schedule passes them. Cost: O(stages x parts).
 *
 * Example: 3 us, a gap of 1, 2 us, a gap of 1 and 3 us: two parts are cut behind the gap that is nearer to 5 us, so the
 * * second begins after 4 us.
 */
export function pipelineOf(profile: TaskProfile, parts: number): readonly number[] | undefined {
  const { ns, share } = profile;
  const whole = profileNs(profile);
  const places: { readonly stage: number; readonly at: number }[] = [];
  let at = 0;
  for (let stage = 0; stage + 1 < ns.length; stage++) {
    at += ns[stage]!;
    if (share[stage] === 0 && at < whole) {
      places.push({ stage: stage + 1, at });
    }
  }
  const begins = [0];
  for (let part = 1; part < parts; part++) {
    const goal = (part * whole) / parts;
    const left = places.filter(({ stage }) => stage > begins.at(-1)!);
    const [nearest] = left.sort((a, b) => Math.abs(a.at - goal) - Math.abs(b.at - goal));
    if (nearest === undefined) {
      return undefined;
    }
    begins.push(nearest.stage);
  }
  return begins;
}

/** A run with at most about `most` stages (`foldProfile`); parts stay parts. */
export function foldRun(run: BatchRun, most: number): BatchRun {
  const { profile, pipeline } = run;
  if (pipeline === undefined || profile.ns.length <= most) {
    return { ...run, profile: foldProfile(profile, most) };
  }
  const each = Math.max(1, Math.floor(most / pipeline.length));
  const parts = pipeline.map((from, part) => {
    const to = pipeline[part + 1] ?? profile.ns.length;
    invariant(to > from, "parts have stages");
    return foldProfile(
      {
        ns: profile.ns.slice(from, to),
        share: profile.share.slice(from, to),
        arithmetic: profile.arithmetic.slice(from, to),
        bandwidth: profile.bandwidth.slice(from, to),
      },
      each,
    );
  });
  let begin = 0;
  const begins = parts.map(({ ns }) => {
    begin += ns.length;
    return begin - ns.length;
  });
  return { ...run, profile: joinProfiles(parts), pipeline: begins };
}
