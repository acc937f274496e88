/** The GPU of this machine, for tests; or why there is none. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { emitModel } from "../../src/kernels/emit.js";
import { type Precision, precisionPlan } from "../../src/kernels/precision.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import { obtainGpuHelper } from "../../src/runtime/cuda/client/obtain-helper.js";
import type { Sharing } from "../../src/runtime/cuda/program/memory-plan.js";
import { buildProgram } from "../../src/runtime/cuda/program/program.js";
import { DeviceSession } from "../../src/runtime/cuda/session/device-session.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";

const ROOT = resolve(import.meta.dirname, "../..");

async function start(): Promise<GpuHelper | string> {
  const helper = await obtainGpuHelper({ cacheFolder: join(ROOT, "build"), env: process.env });
  if (!helper.ok) {
    return helper.error[0].message;
  }
  const probe = await helper.value.call("probe", {});
  const problem = probe.ok ? probe.value.problem?.message : probe.error[0].message;
  if (problem !== undefined) {
    await helper.value.close();
    return problem;
  }
  return helper.value;
}

const started = await start();

/** Why tests on the GPU are skipped; `undefined`: they are not. */
export const GPU_SKIP_REASON: string | undefined =
  typeof started === "string" ? started : undefined;

if (GPU_SKIP_REASON !== undefined) {
  console.warn(`GPU tests are skipped: ${GPU_SKIP_REASON}`);
}

/** The helper of tests that are not skipped. */
export function gpu(): GpuHelper {
  if (typeof started === "string") {
    throw new Error(started);
  }
  return started;
}

/** Opens a model on the GPU, lets `use` work with it, and removes temporary files. */
export async function onGpu<T>(
  lowered: LoweredModel,
  feeds: ReadonlyMap<string, TensorData>,
  { precision, sharing }: { readonly precision: Precision; readonly sharing: Sharing },
  use: (session: DeviceSession) => Promise<T>,
): Promise<T> {
  const plan = precisionPlan(precision);
  const model = emitModel(lowered, {
    floats: plan.floats,
    estimateUnsupported: false,
  });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  const folder = mkdtempSync(join(tmpdir(), "gpu-test-"));
  try {
    const program = buildProgram(model.value, plan, sharing);
    const session = await DeviceSession.open(gpu(), program, feeds, { device: 0, folder });
    if (!session.ok) {
      throw new Error(session.error[0].message);
    }
    return await use(session.value);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
