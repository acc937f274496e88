/** Serving profiles for tests: figures that were not measured. */
import type { ServingProfile, ServingTiming } from "../../src/profile/serving/serving-profile.js";
import type { ServiceRecord } from "../../src/schedule/serving/service-record.js";

/** The times of a task that takes `ns` alone, and `times` as long with 2, 3, ... sessions. */
export function timingOf(
  threads: number,
  batch: number,
  ns: number,
  times: readonly number[] = [],
): ServingTiming {
  return {
    threads,
    batch,
    samples: 100,
    meanNs: ns,
    busy: times.map((each, at) => ({ sessions: at + 2, meanNs: Math.round(each * ns) })),
    records: [1, ...times.map((_, at) => at + 2)].map((sessions) => recordFor(sessions, ns)),
  };
}

/** Tasks that take `ns` on average, from 0.8 to 1.2 of it; two of them count as slow. */
function recordFor(sessions: number, ns: number): ServiceRecord {
  return {
    sessions,
    wakeNs: 50_000,
    tasks: 100,
    usualNs: [0.8, 0.9, 1, 1.1, 1.2].map((times) => Math.round(times * ns)),
    slowAt: [40, 41],
    slowNs: [ns, ns],
  };
}

/** A profile of batches 1 and 2, on two cores: one thread is slower than two, two of it are faster. */
export function servingProfile(changes: Partial<ServingProfile> = {}): ServingProfile {
  return {
    key: {
      method: 2,
      modelSha256: "0".repeat(64),
      dims: [],
      processor: "a processor",
      logicalCores: 2,
      architecture: "x64",
      onnxruntime: "1.30.0",
      batches: [1, 2],
    },
    model: "m.onnx",
    device: {
      name: "a processor",
      source: "measured",
      logicalCores: 2,
      architecture: "x64",
      node: "20.0.0",
      onnxruntime: "1.30.0",
      memoryBytes: 2 ** 33,
    },
    batches: [
      { batch: 1, sessionBytes: 1000 },
      { batch: 2, sessionBytes: 1500 },
    ],
    timings: [
      timingOf(1, 1, 1_000_000, [1.1, 1.65, 2.2]),
      timingOf(1, 2, 1_900_000, [1.1, 1.65, 2.2]),
      timingOf(2, 1, 700_000, [2]),
      timingOf(2, 2, 1_200_000, [2]),
    ],
    ...changes,
  };
}
