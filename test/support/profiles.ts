import type { Profile } from "../../src/profile/profile.js";

const TIMING = { medianNs: 100, p10Ns: 90, p90Ns: 130, samples: 30 };
const RELATIVE = { median: 1.01, low: 0.98, high: 1.05 };
const OUTPUTS = { identical: true, maxAbsolute: 0, maxRelative: 0 };

/** A profile of two operators with every section. */
export const PROFILE: Profile = {
  key: {
    method: 1,
    modelSha256: "ab".repeat(32),
    dims: ["batch=1"],
    processor: "A processor",
    logicalCores: 2,
    architecture: "x64",
    onnxruntime: "1.30.0",
  },
  model: "tiny.onnx",
  device: {
    name: "A processor",
    source: "measured",
    logicalCores: 2,
    architecture: "x64",
    node: "20.0.0",
    onnxruntime: "1.30.0",
  },
  method: {
    level: "all",
    intraThreads: 1,
    sessions: 2,
    warmUpRuns: 3,
    keptRuns: 15,
    run: TIMING,
    profilerRatio: 1.04,
    unattributedRatio: 0.02,
    sharedRatio: 0.5,
    runDriftRatio: 0.01,
    operatorDriftRatio: 0.03,
  },
  operators: [
    { name: "conv", ...TIMING, kernels: 2, shared: true },
    { name: "relu", ...TIMING, kernels: 1, shared: true },
  ],
  workers: {
    workers: 2,
    segmentNs: 15_000,
    signalNs: 1_800,
    awakeNs: 50_000,
    wakeNs: 40_000,
    requestNs: 45_000,
    returnNs: 25_000,
    callerByteNs: 0.1,
    tensorNs: 1900,
    byteNs: 0.19,
    slowdown: [1, 1.05],
  },
  measurement: {
    rounds: 15,
    warmUpRounds: 3,
    seed: 1,
    noiseRatio: 0.01,
    baselines: [
      {
        name: "sequential",
        intraThreads: 1,
        interThreads: 1,
        latency: TIMING,
        relative: { median: 1, low: 1, high: 1 },
        outputs: OUTPUTS,
      },
      {
        name: "sequential-again",
        intraThreads: 1,
        interThreads: 1,
        latency: TIMING,
        relative: { median: 1, low: 0.99, high: 1.005 },
        outputs: OUTPUTS,
      },
    ],
    schedules: [
      {
        digest: "cd".repeat(32),
        algorithm: "opara",
        streams: 2,
        segments: 5,
        latency: TIMING,
        relative: RELATIVE,
        outputs: OUTPUTS,
      },
    ],
  },
};
