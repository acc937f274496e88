/** Every generated kernel compiles without spilling registers: those of all fixture models, and of every operator case. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DevicePlan } from "../../src/kernels/device-node.js";
import { emitModel } from "../../src/kernels/emit.js";
import { kernelSources } from "../../src/kernels/language/kernel-source.js";
import type { FloatStorage } from "../../src/kernels/operator-call.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import { FUSION_LISTS, type FusionList } from "../../src/onnx/kernel-groups.js";
import { lowerModel } from "../../src/onnx/lower.js";
import { readModel } from "../../src/onnx/read-model.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import { COMPILE_OPTIONS } from "../../src/runtime/cuda/program/program.js";
import { DEVICE_CASES } from "../support/device-operator-cases.js";
import { NVRTC_MAJOR, NVRTC_SKIP_REASON, startCompiler } from "../support/nvrtc.js";
import { encodeCase, lowerBytes } from "../support/operator-models.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models");

/** From the GPUs that this is mostly used on back to the oldest that CUDA compiles for: 12 knows one more than 13. */
const ARCHITECTURES = ["sm_90", "sm_80", ...(NVRTC_MAJOR < 13 ? ["sm_70"] : ["sm_75"])];

/** A kernel that needs more registers than there are is told of. */
const OPTIONS = [...COMPILE_OPTIONS, "--ptxas-options=--warn-on-spills"];

async function plansOf(
  path: string,
  floats: FloatStorage,
  list: FusionList,
): Promise<readonly DevicePlan[]> {
  const model = readModel(path);
  const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
  if (!lowered.ok) {
    throw new Error(`${path}: ${lowered.error[0].message}`);
  }
  const options = { floats, estimateUnsupported: false, approximatesGelu: true } as const;
  return (["rows", "channels-last"] as const).flatMap((layout) => {
    const made = emitModel(withKernelList(lowered.value, list), { ...options, layout });
    if (!made.ok) {
      throw new Error(`${path}: ${made.error[0].message}`);
    }
    return made.value.plans;
  });
}

async function plansOfCases(): Promise<readonly DevicePlan[]> {
  const plans: DevicePlan[] = [];
  for (const each of DEVICE_CASES) {
    const lowered = await lowerBytes(encodeCase(each));
    for (const floats of ["f32", "f16"] as const) {
      const made = lowered.ok
        ? emitModel(lowered.value, { floats, estimateUnsupported: false })
        : lowered;
      if (!made.ok) {
        throw new Error(`${each.type}: ${made.error[0].message}`);
      }
      plans.push(...made.value.plans);
    }
  }
  return plans;
}

describe.skipIf(NVRTC_SKIP_REASON !== undefined)("compiling kernels with NVRTC", () => {
  let helper: GpuHelper;

  beforeAll(async () => {
    helper = await startCompiler();
  });

  afterAll(() => helper.close());

  async function compileAll(plans: readonly DevicePlan[], arch: string): Promise<number> {
    const { sources, count } = kernelSources(plans);
    for (const source of sources) {
      const compiled = await helper.call("compile", { source, options: OPTIONS, arch });
      expect(compiled.ok ? "" : compiled.error[0].message).toBe("");
      expect(compiled.ok ? compiled.value.log : "").not.toMatch(/warning/);
    }
    return count;
  }

  it.each(readdirSync(MODELS).filter((name) => name.endsWith(".onnx")))(
    "takes every kernel of %s",
    async (name) => {
      // A list may leave nothing but calls of libraries, as of a model of convolutions.
      let kernels = 0;
      for (const floats of ["f32", "f16"] as const) {
        for (const list of FUSION_LISTS) {
          const plans = await plansOf(join(MODELS, name), floats, list);
          for (const arch of ARCHITECTURES) {
            kernels += await compileAll(plans, arch);
          }
        }
      }
      expect(kernels).toBeGreaterThan(0);
    },
  );

  it.each(ARCHITECTURES)("takes the kernels of every operator type for %s", async (arch) => {
    expect(await compileAll(await plansOfCases(), arch)).toBeGreaterThan(400);
  });
});
