import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import type { GpuProfile } from "../../src/profile/gpu/gpu-profile.js";
import { encodeGpuProfile } from "../../src/profile/gpu/gpu-profile-format.js";

const TIMING = { medianNs: 5000, p10Ns: 4900, p90Ns: 5200, samples: 5 };
const OTHERS = { hostNs: 9000, idleNs: 21_000, backToBackNs: 4800 };
const RELATIVE = { median: 0.9, low: 0.8, high: 1.1 };

const PROFILE: GpuProfile = {
  key: {
    method: 4,
    modelSha256: "ab".repeat(32),
    dims: ["n=2"],
    precision: "tf32",
    isFused: false,
    gpu: "a GPU",
    driver: "12.4",
    libraries: ["cudnn 9"],
  },
  model: "m.onnx",
  device: {
    name: "a GPU",
    source: "measured",
    capability: "7.0",
    multiprocessors: V100.sms,
    clockMhzBefore: 1500,
    clockMhzAfter: 1490,
    connections: 32,
  },
  isVerified: true,
  launchCosts: {
    chainNs: 3000,
    hopNs: 4000,
    insideNs: 1200,
    gapNs: 1790,
    timerStepNs: 32,
    pairNs: 500,
    dispatchNs: 90,
    hops: [{ every: 4, ns: 100_000 }],
    forks: [{ branches: 2, ns: 11_000 }],
    fronts: [{ branches: 32, kernels: 2, ns: 9000 }],
  },
  deviceModel: { ...V100, widths: [{ streams: 3, ns: 250 }] },
  layouts: { taken: "channels-last", rowsNs: 5900, channelsLastNs: 5100 },
  operators: ["a", "b"].map((name) => ({
    name,
    nodes: [
      {
        kind: "kernel",
        ...TIMING,
        warmNs: 4000,
        kernels: [
          {
            name: "relu",
            grid: [64, 1, 1],
            threadBlock: [256, 1, 1],
            registersPerThread: 32,
            sharedBytesPerBlock: 0,
            residentThreadBlocks: 4,
            partNs: 5000,
          },
        ],
      },
    ],
  })),
  pairs: [{ operators: ["a", "b"], apart: TIMING, together: TIMING }],
  measurement: {
    rounds: 5,
    seed: 1,
    noiseRatio: 0.01,
    baselines: [{ name: "sequential", latency: TIMING, relative: RELATIVE, ...OTHERS }],
    schedules: [
      {
        digest: "cd".repeat(32),
        algorithm: "opara",
        streams: 2,
        latency: TIMING,
        relative: RELATIVE,
        ...OTHERS,
        outputs: { distance: 0, tolerance: 0.001, isReplayIdentical: true },
      },
    ],
  },
};

/** A document of a GPU profile with every field that there is. */
export const GPU_PROFILE: unknown = JSON.parse(encodeGpuProfile(PROFILE));
