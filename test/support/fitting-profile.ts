import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { Profile, ScheduleMeasurement } from "../../src/profile/profile.js";
import { profileKeyOf } from "../../src/profile/profile-key.js";
import { PROFILE } from "./profiles.js";

/** Whole runs of 1000 ns, of which the interval of the second is 1 by `noise`. */
export function baselinesWith(noise: number): ScheduleMeasurement {
  const timing = { medianNs: 1000, p10Ns: 900, p90Ns: 1100, samples: 15 };
  const outputs = { identical: true, maxAbsolute: 0, maxRelative: 0 };
  const baseline = (name: "sequential" | "sequential-again", high: number) => ({
    name,
    intraThreads: 1,
    interThreads: 1,
    latency: timing,
    relative: { median: 1, low: 1, high },
    outputs,
  });
  return {
    rounds: 15,
    warmUpRounds: 3,
    seed: 1,
    noiseRatio: noise,
    baselines: [baseline("sequential", 1), baseline("sequential-again", 1 + noise)],
    schedules: [],
  };
}

/** A profile of a model on this machine with invented times: 1000 ns shared by all operators. */
export async function fittingProfile(
  lowered: LoweredModel,
  measurement?: ScheduleMeasurement,
): Promise<Profile> {
  const key = await profileKeyOf(lowered, { seed: 1 });
  if (!key.ok) {
    throw new Error(key.error[0].message);
  }
  const { measurement: _, ...profile } = PROFILE;
  const each = Math.round(1000 / lowered.graph.operators.length);
  return {
    ...profile,
    key: key.value,
    operators: lowered.graph.operators.map(({ name }) => ({
      name,
      medianNs: each,
      p10Ns: each,
      p90Ns: each,
      samples: 30,
      kernels: 1,
      shared: false,
    })),
    ...(measurement === undefined ? {} : { measurement }),
  };
}
