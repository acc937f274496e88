/**
 * What a task does to a GPU, read off the simulation of its operator schedule alone: every stretch of time in
 * which nothing changes is a stage, with the capacity, arithmetic and bandwidth that its kernels
 * use together. So streams, waits and gaps between kernels are in it, and alone a task takes exactly
 * what the simulator of schedules predicts.
 */
import { invariant } from "../../core/invariant.js";
import { GpuEngine } from "../gpu-engine.js";
import type { GpuWork } from "../gpu-work.js";
import type { OperatorSchedule } from "../operator-schedule.js";
import { planOf, waitsOf } from "../simulate-gpu.js";
import type { TaskProfile } from "./serving-model.js";

/** One stage of a profile. */
interface Stage {
  readonly ns: number;
  readonly share: number;
  readonly arithmetic: number;
  readonly bandwidth: number;
}

/**
 * The profile of a schedule in full detail.
 *
 * Requires: as `simulateGpu`. Cost: as `simulateGpu`.
 */
export function taskProfileOf(work: GpuWork, schedule: OperatorSchedule): TaskProfile {
  const stages: Stage[] = [];
  let now = 0;
  const engine = new GpuEngine(work, waitsOf(schedule), {
    onStretch: (from, to, sharing) => {
      if (from > now) {
        stages.push({ ns: from - now, share: 0, arithmetic: 0, bandwidth: 0 });
      }
      now = to;
      if (to > from) {
        const arithmetic = sharing.used("arithmetic");
        const bandwidth = sharing.used("bandwidth");
        stages.push({ ns: to - from, share: sharing.used("capacity"), arithmetic, bandwidth });
      }
    },
  });
  engine.run(planOf(schedule));
  return profileOfStages(stages);
}

/**
 * A profile with at most `most` stages, all of the same length: what they use is the mean over it.
 * Simulations are faster, and see less of who gets in whose way.
 *
 * Ensures: the same time alone, and the same use of every resource. Cost: O(stages + most).
 */
export function foldProfile(profile: TaskProfile, most: number): TaskProfile {
  const { ns } = profile;
  if (ns.length <= most) {
    return profile;
  }
  const whole = profileNs(profile);
  const folded: Stage[] = [];
  let at = 0;
  let left = ns[0]!;
  for (let window = 0; window < most; window++) {
    let room = whole / most;
    const sum = { share: 0, arithmetic: 0, bandwidth: 0 };
    while (room > 0 && at < ns.length) {
      const part = window === most - 1 ? left : Math.min(room, left);
      sum.share += part * profile.share[at]!;
      sum.arithmetic += part * profile.arithmetic[at]!;
      sum.bandwidth += part * profile.bandwidth[at]!;
      room = window === most - 1 ? room : room - part;
      left -= part;
      if (left <= 0) {
        at++;
        left = ns[at] ?? 0;
      }
    }
    const width = whole / most;
    folded.push({
      ns: width,
      share: sum.share / width,
      arithmetic: sum.arithmetic / width,
      bandwidth: sum.bandwidth / width,
    });
  }
  return profileOfStages(folded);
}

/** Profiles one after the other. */
export function joinProfiles(profiles: readonly TaskProfile[]): TaskProfile {
  const joined = (key: keyof TaskProfile): Float64Array =>
    Float64Array.from(profiles.flatMap((profile) => Array.from(profile[key])));
  return {
    ns: joined("ns"),
    share: joined("share"),
    arithmetic: joined("arithmetic"),
    bandwidth: joined("bandwidth"),
  };
}

/** What a task takes while it has the device to itself, in nanoseconds. */
export function profileNs({ ns }: TaskProfile): number {
  return ns.reduce((sum, each) => sum + each, 0);
}

/** A profile from its stages. */
export function profileOfStages(stages: readonly Stage[]): TaskProfile {
  invariant(stages.length > 0, "a task has a stage");
  return {
    ns: Float64Array.from(stages, ({ ns }) => ns),
    share: Float64Array.from(stages, ({ share }) => share),
    arithmetic: Float64Array.from(stages, ({ arithmetic }) => arithmetic),
    bandwidth: Float64Array.from(stages, ({ bandwidth }) => bandwidth),
  };
}
