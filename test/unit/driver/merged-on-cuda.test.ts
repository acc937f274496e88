import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ok, type Result } from "../../../src/core/result.js";
import type { DriverContext, RunningHelper } from "../../../src/driver/context.js";
import {
  type CudaCompileRequest,
  compileForCuda,
} from "../../../src/driver/cuda/compile-for-cuda.js";
import { runSchedule } from "../../../src/driver/run-schedule.js";
import { emitModel } from "../../../src/kernels/emit.js";
import type { KernelCode } from "../../../src/kernels/language/kernel.js";
import { precisionPlan } from "../../../src/kernels/precision.js";
import { withKernelList } from "../../../src/onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { MergeIndex } from "../../../src/onnx/merge-index.js";
import { mergeOperators, mergesFrom } from "../../../src/onnx/merge-operators.js";
import { buildProgram } from "../../../src/runtime/cuda/program/program.js";
import { loadModel } from "../../../src/runtime/load-model.js";
import { verifySchedule } from "../../../src/verify/verify-schedule.js";
import { type ConvolutionCase, convolutionModel } from "../../support/convolution-models.js";
import { EmulatedHelper } from "../../support/emulated-helper.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { kernelsByName } from "../../support/program-emulator.js";

const FOLDER = mkdtempSync(join(tmpdir(), "merged-on-cuda-"));
const MODEL = join(FOLDER, "convolutions.onnx");
const OUT = join(FOLDER, "out.schedule.json");

afterAll(() => rmSync(FOLDER, { recursive: true }));

const CASE: ConvolutionCase = {
  input: "x",
  channels: 4,
  kernel: [1, 1],
  pads: [0, 0, 0, 0],
  strides: [1, 1],
  dilations: [1, 1],
  hasBias: true,
  followers: ["Relu"],
};

function kernelsOf(lowered: LoweredModel): ReadonlyMap<string, KernelCode> {
  const plan = precisionPlan("ieee");
  const options = { floats: plan.floats, estimateUnsupported: false };
  const model = emitModel(withKernelList(lowered, "patterns"), options);
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  return kernelsByName(buildProgram(model.value, plan, { kind: "none" }));
}

/** The kernels of the model as it is, and of the model with its four convolutions as one. */
async function bothKernels(): Promise<readonly ReadonlyMap<string, KernelCode>[]> {
  const lowered = await loadModel(MODEL, { dims: new Map() });
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  const index = new MergeIndex(lowered.value);
  const [members = []] = index.classes();
  const merges = mergesFrom(lowered.value.graph, members, index).map(({ merge }) => merge);
  const merged = mergeOperators(lowered.value, merges);
  if (!merged.ok) {
    throw new Error(merged.error);
  }
  return [kernelsOf(lowered.value), kernelsOf(merged.value.lowered)];
}

function contextWith(startHelper: () => Promise<Result<RunningHelper>>): DriverContext {
  return {
    signal: new AbortController().signal,
    onProgress: () => {},
    onNote: () => {},
    startHelper,
    profileFolder: FOLDER,
    compute: async (work) => work(),
    tool: "top-compile test",
  };
}

function request(more: Partial<CudaCompileRequest> = {}): CudaCompileRequest {
  const target = {
    device: 0,
    precision: "ieee" as const,
    estimateUnsupported: false,
    fuse: "patterns" as const,
    inputs: { seed: 1 },
  };
  return {
    model: MODEL,
    out: OUT,
    force: true,
    dims: new Map(),
    target,
    algorithm: undefined,
    profile: undefined,
    remeasure: true,
    mergeConvolutions: true,
    ...more,
  };
}

describe.skipIf(SKIP_REASON !== undefined)("merged convolutions on a GPU", () => {
  it("do not ship where streams are as fast", async () => {
    writeFileSync(MODEL, convolutionModel(1, [24, 24], new Array(4).fill(CASE), true));
    const kernels = await bothKernels();
    let helpers = 0;
    const context = contextWith(async () => {
      return ok(new EmulatedHelper(kernels[helpers++] ?? new Map()));
    });
    const compiled = await compileForCuda(request(), context);
    expect(helpers).toBe(2);
    expect(compiled.ok && compiled.value.operators?.merges).toBeUndefined();
  });

  it("are measured beside the model as it is, and run with checked outputs", async () => {
    writeFileSync(MODEL, convolutionModel(1, [24, 24], new Array(4).fill(CASE), true));
    const kernels = await bothKernels();
    let helpers = 0;
    const context = contextWith(async () => {
      const own = kernels[Math.min(helpers++, 1)] ?? new Map();
      return ok(new EmulatedHelper(own, { hasOneUnit: true }));
    });
    const compiled = await compileForCuda(request(), context);
    const operators = compiled.ok ? compiled.value.operators : undefined;
    expect(compiled.ok ? "" : compiled.error[0].message).toBe("");
    // Both models were measured; one convolution instead of four is faster.
    expect(helpers).toBe(2);
    expect(operators?.merges?.map((merge) => merge.operators.length)).toEqual([4, 4]);
    expect(operators?.launches).toHaveLength(3);
    expect(operators?.decision.reason).toBe("fastest-measured");
    const { measured = 0, sequentialMeasured = 0 } = operators?.latencyNs ?? {};
    expect(measured).toBeGreaterThan(0);
    expect(measured).toBeLessThan(0.6 * sequentialMeasured);
    expect((await verifySchedule(OUT, undefined)).ok).toBe(true);
    const run = { file: OUT, model: undefined, seed: 1, rounds: 5, device: undefined };
    const ran = await runSchedule(
      { ...run, precision: undefined, estimateUnsupported: false, fuse: undefined },
      context,
    );
    expect(ran.ok && ran.value.kind === "cuda" && ran.value.report.schedule.outputs).toMatchObject({
      isReplayIdentical: true,
    });
    expect(readFileSync(OUT, "utf8")).toContain('"merge-convolutions": true');
  });

  it("need measurements of their own", async () => {
    const context = contextWith(() => Promise.reject(new Error("no helper is needed")));
    const compiled = await compileForCuda(request({ profile: join(FOLDER, "any.json") }), context);
    expect(compiled.ok ? "" : compiled.error[0].code).toBe("merges-not-measured");
  });
});
