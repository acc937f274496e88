import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import type { Kernel } from "../../src/cost/kernel.js";
import { programKernels } from "../../src/estimate/program-kernels.js";
import type { Operator } from "../../src/ir/operator-graph.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { GpuPairTiming, GpuProfile } from "../../src/profile/gpu/gpu-profile.js";
import { encodeGpuProfile } from "../../src/profile/gpu/gpu-profile-format.js";
import { GPU_METHOD_VERSION } from "../../src/profile/gpu/measure-gpu-profile.js";
import { modelDigest } from "../../src/profile/profile-key.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { runCli } from "../support/run-cli.js";

const MODEL = "fixtures/models/squeezenet.onnx";

let folder = "";
let lowered: LoweredModel;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-device-profile-"));
  const loaded = await loadModel(MODEL, { dims: new Map() });
  lowered = loaded.ok ? loaded.value : expect.fail();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function timing(ns: number) {
  return { medianNs: ns, p10Ns: ns, p90Ns: ns, samples: 5 };
}

/** A profile as a GPU would give it on which every operator takes `factor` times its estimate. */
function profileOf(factor: number, pairs: readonly GpuPairTiming[] = []): GpuProfile {
  const { graph } = lowered;
  return {
    key: {
      method: GPU_METHOD_VERSION,
      modelSha256: modelDigest(lowered),
      dims: [],
      precision: "ieee",
      isFused: false,
      gpu: "Tesla V100-SXM2-16GB",
      driver: "12.4",
      libraries: [],
    },
    model: "squeezenet.onnx",
    device: {
      name: "Tesla V100-SXM2-16GB",
      source: "measured",
      capability: "7.0",
      multiprocessors: V100.sms,
      clockMhzBefore: 1500,
      clockMhzAfter: 1500,
    },
    isVerified: true,
    launchCosts: { chainNs: 3000, hopNs: 4000 },
    deviceModel: V100,
    operators: graph.operators.map((operator) => ({
      name: operator.name,
      nodes: kernelsOf(operator).map((kernel) => ({
        kind: "kernel" as const,
        ...timing(Math.round(kernel.durationNs * factor) + V100.launchGapNs),
        kernels: [
          {
            name: operator.type,
            grid: [kernel.threadBlocks, 1, 1],
            threadBlock: [kernel.threadsPerBlock, 1, 1],
            registersPerThread: kernel.registersPerThread,
            sharedBytesPerBlock: kernel.sharedBytesPerBlock,
          },
        ],
      })),
    })),
    pairs,
  };
}

/** The kernels that are estimated for an operator, of the program that launches them one by one. */
function kernelsOf({ id }: Operator): readonly Kernel[] {
  kernels ??= programKernels(lowered, V100, "ieee");
  return kernels[id] ?? [];
}

let kernels: readonly (readonly Kernel[])[] | undefined;

function written(name: string, profile: GpuProfile): string {
  const path = join(folder, name);
  writeFileSync(path, encodeGpuProfile(profile));
  return path;
}

async function compiled(
  device: string,
  profile: string | undefined,
  model = MODEL,
  rest: readonly string[] = [],
) {
  const out = join(folder, "out.json");
  const times = profile === undefined ? ["--math", "ieee"] : ["--profile", profile];
  const run = await runCli([model, "--device", device, "-o", out, "--quiet", ...times, ...rest]);
  return { run, artifact: run.status === 0 ? JSON.parse(readFileSync(out, "utf8")) : undefined };
}

/** Small neighbours that gain nothing from running together: as slow as one after the other. */
function rivals(): GpuPairTiming[] {
  const names = lowered.graph.operators.map(({ name }) => name);
  return names.slice(4).flatMap((name, at): GpuPairTiming[] =>
    at % 2 === 0
      ? [
          {
            operators: [names[at + 3] ?? name, name],
            apart: timing(10_000),
            together: timing(10_000),
          },
        ]
      : [],
  );
}

describe("--device MODEL --profile FILE", () => {
  it("takes the measured figures instead of the estimates", async () => {
    // The profile is of operators one by one.
    const estimated = (await compiled("v100", undefined, MODEL, ["--fuse", "none"])).artifact;
    const double = written("double.json", profileOf(2));
    const { artifact } = await compiled("v100", double);
    expect(artifact.device).toEqual({ name: "Tesla V100-SXM2-16GB", source: "measured" });
    expect(artifact.provenance.inputs[1]).toMatchObject({ role: "profile", name: "double.json" });
    const own = lowered.graph.operators.flatMap(kernelsOf);
    const work = own.reduce((sum, { durationNs }) => sum + durationNs, 0);
    const before = estimated.operators.latencyNs.sequentialPredicted;
    const after = artifact.operators.latencyNs.sequentialPredicted;
    expect(Math.abs(after - before - work)).toBeLessThan(0.001 * work);
  });

  it("takes from measured pairs what operators cost each other", async () => {
    const calm = (await compiled("v100", written("calm.json", profileOf(1)))).artifact;
    const fighting = (await compiled("v100", written("pairs.json", profileOf(1, rivals()))))
      .artifact;
    const { sequentialPredicted, predicted } = fighting.operators.latencyNs;
    expect(sequentialPredicted).toBe(calm.operators.latencyNs.sequentialPredicted);
    expect(predicted).toBeGreaterThan(calm.operators.latencyNs.predicted);
  });

  it("takes what operators cost each other for several tasks in flight as well", async () => {
    const tasks = ["--concurrency", "2", "--algorithm", "nimble"];
    const calm = await compiled("v100", written("calm.json", profileOf(1)), MODEL, tasks);
    const path = written("pairs.json", profileOf(1, rivals()));
    const fighting = await compiled("v100", path, MODEL, tasks);
    expect(fighting.artifact.operators.latencyNs.predicted).toBeGreaterThan(
      1.1 * calm.artifact.operators.latencyNs.predicted,
    );
  });

  it("says which arithmetic was measured", async () => {
    const profile = profileOf(1);
    const half = written("half.json", { ...profile, key: { ...profile.key, precision: "f16" } });
    const { artifact } = await compiled("v100", half);
    expect(artifact.provenance.options.math).toBe("f16");
  });

  it.each([
    ["rtx-2080-super", "NVIDIA GeForce RTX 3070 Ti", 48, false],
    ["rtx-2080-super", "NVIDIA GeForce RTX 2080 SUPER", 48, true],
    ["h200", "NVIDIA GH200 480GB", 132, false],
    ["h200", "NVIDIA H200", 132, true],
    ["a100-pcie-40gb", "NVIDIA A100-SXM4-80GB", 108, false],
    ["a100-pcie-40gb", "NVIDIA A100-PCIE-40GB", 108, true],
    ["a100-pcie-40gb", "NVIDIA A100-PCIE-40GB", 42, false],
  ])("--device %s with a profile of %s with %i multiprocessors: %s", async (...row) => {
    const [device, name, multiprocessors, fits] = row;
    const profile = profileOf(1);
    const path = written("kind.json", {
      ...profile,
      device: { ...profile.device, name, multiprocessors },
    });
    const { run } = await compiled(device, path, MODEL, ["--algorithm", "sequential"]);
    expect(run.stderr).toContain(fits ? "" : "error[profile-stale]");
    expect(run.status).toBe(fits ? 0 : 1);
  });

  it("is refused for another model, another GPU, and a profile of a CPU", async () => {
    const path = written("refused.json", profileOf(1));
    const cases: readonly (readonly [string, string, string, string])[] = [
      ["v100", path, "fixtures/models/googlenet.onnx", "profile-stale"],
      ["h200", path, MODEL, "profile-stale"],
      ["a100-pcie-40gb", path, MODEL, "profile-stale"],
      ["v100", "fixtures/profiles/cpu-example/two-branch.profile.json", MODEL, "profile-invalid"],
      ["v100", join(folder, "missing.json"), MODEL, "file-unreadable"],
    ];
    for (const [device, profile, model, code] of cases) {
      const { run } = await compiled(device, profile, model);
      expect(run.status).toBe(1);
      expect(run.stderr).toContain(`error[${code}]`);
    }
  });
});
