import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { fail, ok, type Result } from "../../../src/core/result.js";
import type { DriverContext, RunningHelper } from "../../../src/driver/context.js";
import {
  type CudaCompileRequest,
  compileForCuda,
} from "../../../src/driver/cuda/compile-for-cuda.js";
import { profileOnCuda } from "../../../src/driver/cuda/profile-on-cuda.js";
import { type RunRequest, runSchedule } from "../../../src/driver/run-schedule.js";
import { emitModel } from "../../../src/kernels/emit.js";
import type { KernelCode } from "../../../src/kernels/language/kernel.js";
import { type Precision, precisionPlan } from "../../../src/kernels/precision.js";
import { withKernelList } from "../../../src/onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../../src/onnx/kernel-groups.js";
import { parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { STREAM_LIMIT } from "../../../src/runtime/cuda/client/nodes.js";
import { buildProgram } from "../../../src/runtime/cuda/program/program.js";
import { loadModel } from "../../../src/runtime/load-model.js";
import { readTensor } from "../../../src/runtime/tensor-files/read-tensor.js";
import { verifySchedule } from "../../../src/verify/verify-schedule.js";
import { type EmulatedFaults, EmulatedHelper } from "../../support/emulated-helper.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { encodeCase } from "../../support/operator-models.js";
import { kernelsByName } from "../../support/program-emulator.js";
import { npyBytes, npyHeader } from "../../support/tensor-files.js";
import { type TinyNode, tinyModel } from "../../support/tiny-model.js";
import { value } from "../../support/values.js";

const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../docs/schema/gpu-profile.schema.json"), "utf8"),
);

const FOLDER = mkdtempSync(join(tmpdir(), "cuda-driver-"));
const MODEL = join(FOLDER, "branches.onnx");
const SIDE = 6;

afterAll(() => rmSync(FOLDER, { recursive: true }));

/** Two chains of products that share an input and meet at the end. */
function branches(): Uint8Array {
  const dims = [SIDE, SIDE];
  const chain = (name: string): TinyNode[] =>
    [0, 1, 2, 3].map((i) => ({
      type: "MatMul",
      inputs: [i === 0 ? "x" : `${name}${i - 1}`, "w"],
      outputs: [`${name}${i}`],
    }));
  return tinyModel({
    nodes: [
      ...chain("a"),
      ...chain("b"),
      { type: "Softmax", inputs: ["b3"], outputs: ["s"] },
      { type: "Add", inputs: ["a3", "s"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", dims }],
    outputs: [{ name: "y", dims }],
    weights: [{ name: "w", dims }],
  });
}

async function kernelsOf(
  path: string,
  precision: Precision,
  estimateUnsupported = false,
  list: FusionList = "none",
): Promise<ReadonlyMap<string, KernelCode>> {
  const lowered = await loadModel(path, { dims: new Map() });
  const plan = precisionPlan(precision);
  const model = lowered.ok
    ? emitModel(withKernelList(lowered.value, list), { floats: plan.floats, estimateUnsupported })
    : lowered;
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  return kernelsByName(buildProgram(model.value, plan, { kind: "none" }));
}

function contextWith(startHelper: () => Promise<Result<RunningHelper>>): DriverContext {
  return {
    signal: new AbortController().signal,
    onProgress: () => {},
    compute: async (work) => work(),
    onNote: () => {},
    startHelper,
    profileFolder: FOLDER,
    tool: "top-compile test",
  };
}

const NO_HELPER = contextWith(async () =>
  fail([{ code: "cuda-driver-missing", message: "none", exit: 4 }]),
);

function requestFor(
  model: string,
  more: Partial<CudaCompileRequest> = {},
  precision: Precision = "ieee",
): CudaCompileRequest {
  const out = join(FOLDER, "out.schedule.json");
  const target = {
    device: 0,
    precision,
    estimateUnsupported: false,
    fuse: "none" as const,
    inputs: { seed: 1 },
  };
  const job = { model, out, force: true, dims: new Map<string, number>() };
  return {
    ...job,
    target,
    algorithm: undefined,
    profile: undefined,
    mergeConvolutions: false,
    remeasure: true,
    ...more,
  };
}

function runRequest(more: Partial<RunRequest> = {}): RunRequest {
  return {
    file: join(FOLDER, "out.schedule.json"),
    model: undefined,
    seed: 1,
    rounds: undefined,
    device: undefined,
    precision: undefined,
    estimateUnsupported: false,
    fuse: undefined,
    ...more,
  };
}

describe.skipIf(SKIP_REASON !== undefined)("a model on a GPU", () => {
  let kernels: ReadonlyMap<string, KernelCode>;
  let helper: EmulatedHelper;

  beforeAll(async () => {
    writeFileSync(MODEL, branches());
    kernels = await kernelsOf(MODEL, "ieee");
  });

  function emulated(faults: EmulatedFaults = {}): DriverContext {
    return contextWith(async () => {
      helper = new EmulatedHelper(kernels, faults);
      return ok(helper);
    });
  }

  it("is compiled with the best measured schedule, and the helper is ended", async () => {
    const compiled = await compileForCuda(requestFor(MODEL), emulated());
    const artifact = present(compiled.ok ? compiled.value : undefined, JSON.stringify(compiled));
    const operators = present(artifact.operators, "operators");
    expect(operators.decision.reason).toBe("fastest-measured");
    expect(operators.streams).toBeGreaterThan(1);
    const { measured = 0, sequentialMeasured = 0, eagerMeasured = 0 } = operators.latencyNs;
    expect(measured).toBeLessThan(sequentialMeasured);
    expect(sequentialMeasured).toBeLessThan(eagerMeasured);
    expect(operators.candidates.every(({ measuredNs }) => measuredNs !== undefined)).toBe(true);
    const best = Math.min(...operators.candidates.map((each) => each.measuredNs ?? Infinity));
    expect(measured).toBe(best);
    expect(artifact.device).toEqual({ name: "Emulated GPU", source: "measured" });
    expect((await verifySchedule(join(FOLDER, "out.schedule.json"), undefined)).ok).toBe(true);
    expect(helper.isClosed).toBe(true);
  });

  it("is refused with the distance and what the precision allows, when outputs are too far", async () => {
    const refused = await compileForCuda(requestFor(MODEL), emulated({ isInexact: true }));
    const [{ code, message }] = refused.ok ? [{ code: "none", message: "" }] : refused.error;
    expect(code).toBe("outputs-differ");
    expect(message).toBe(
      "its outputs are 0.100 from ONNX Runtime's, by norms; --math ieee may be 0.001 away",
    );
  });

  it("is measured once, and again when asked to or when its code is another", async () => {
    const measures = async (more: Partial<CudaCompileRequest>, precision?: Precision) => {
      const context = emulated();
      const out = join(FOLDER, `kept-${precision ?? "ieee"}.schedule.json`);
      const compiled = await compileForCuda(
        requestFor(MODEL, { out, ...more }, precision),
        context,
      );
      expect(compiled.ok ? [] : compiled.error).toEqual([]);
      return {
        count: helper.requests.filter((op) => op === "measure").length,
        text: readFileSync(out, "utf8"),
      };
    };
    const first = await measures({});
    expect(first.count).toBeGreaterThan(0);
    const kept = await measures({ remeasure: false });
    expect(kept).toEqual({ count: 0, text: first.text });
    const one = await measures({ remeasure: false, algorithm: "opara" });
    expect(one.count).toBe(0);
    expect((await measures({ remeasure: true })).count).toBe(first.count);
    expect((await measures({ remeasure: false }, "tf32")).count).toBe(first.count);
  });

  it("measures again, and says why, when a kept profile cannot be used", async () => {
    const folder = join(FOLDER, "kept");
    const notes: string[] = [];
    const context = (): DriverContext => ({
      ...emulated(),
      profileFolder: folder,
      onNote: (text) => notes.push(text),
    });
    expect((await compileForCuda(requestFor(MODEL), context())).ok).toBe(true);
    const [file = ""] = readdirSync(folder);
    writeFileSync(join(folder, file), "{");
    const request = requestFor(MODEL, { remeasure: false });
    expect((await compileForCuda(request, context())).ok).toBe(true);
    expect(notes.join()).toMatch(/^measuring again: .*gpu\.json/);
    expect(helper.requests.filter((op) => op === "measure").length).toBeGreaterThan(0);
    expect(parseGpuProfile(readFileSync(join(folder, file), "utf8"), file).ok).toBe(true);
  });

  it("takes inputs of the user's, and saves what came of them", async () => {
    expect((await compileForCuda(requestFor(MODEL), emulated())).ok).toBe(true);
    const zeros = join(FOLDER, "zeros.npy");
    writeFileSync(zeros, npyBytes(npyHeader("<f4", [SIDE, SIDE]), new Float32Array(SIDE * SIDE)));
    const folder = join(FOLDER, "saved");
    const request = runRequest({
      inputFiles: { each: [`x=${zeros}`], folder: undefined },
      save: { folder, force: false },
    });
    const ran = await runSchedule(request, emulated());
    expect(ran.ok && ran.value.report.saved?.files).toEqual([{ name: "y", file: "y.npy" }]);
    // Products of zeros are zeros, and a softmax of zeros is the same everywhere.
    const y = value(readTensor(join(folder, "y.npy")));
    expect(y.dims).toEqual([SIDE, SIDE]);
    for (const each of new Float32Array(y.bytes.buffer)) {
      expect(each).toBeCloseTo(1 / SIDE, 6);
    }
  });

  it("is run where it was compiled for, with checked outputs", async () => {
    expect((await compileForCuda(requestFor(MODEL), emulated())).ok).toBe(true);
    const ran = await runSchedule(runRequest(), emulated());
    const value = present(ran.ok ? ran.value : undefined, JSON.stringify(ran));
    expect(value.kind).toBe("cuda");
    if (value.kind === "cuda") {
      expect(value.report.schedule.outputs.isReplayIdentical).toBe(true);
      expect(value.report.schedule.outputs.distance).toBeLessThan(1e-5);
      expect(value.report.throughput).toBeGreaterThan(0);
    }
  });

  it("is refused when the device does not keep the order", async () => {
    expect((await compileForCuda(requestFor(MODEL), emulated())).ok).toBe(true);
    const ran = await runSchedule(runRequest(), emulated({ ignoresWaits: true }));
    expect(ran.ok ? "" : ran.error[0].code).toBe("replay-differs");
  });

  it("does not choose a schedule whose outputs differ", async () => {
    const compiled = await compileForCuda(requestFor(MODEL), emulated({ ignoresWaits: true }));
    const operators = compiled.ok ? compiled.value.operators : undefined;
    expect(operators?.decision.reason).toBe("nothing-beats-sequential");
    expect(operators?.streams).toBe(1);
  });

  it("is profiled into a file from which it compiles without a GPU to the same bytes", async () => {
    const out = join(FOLDER, "branches.gpu.json");
    const { target } = requestFor(MODEL);
    const job = { model: MODEL, out, force: true, dims: new Map<string, number>() };
    const profiled = await profileOnCuda({ ...job, target }, emulated());
    expect(profiled.ok).toBe(true);
    const parsed = parseGpuProfile(readFileSync(out, "utf8"), out);
    expect(parsed.ok && parsed.value).toEqual(profiled.ok && profiled.value);
    const conforms = new Ajv2020({ strict: true }).compile(SCHEMA);
    expect(conforms(JSON.parse(readFileSync(out, "utf8"))), JSON.stringify(conforms.errors)).toBe(
      true,
    );
    const bytes: string[] = [];
    for (let i = 0; i < 2; i++) {
      const compiled = await compileForCuda(requestFor(MODEL, { profile: out }), NO_HELPER);
      expect(compiled.ok && compiled.value.operators?.decision.reason).toBe("fastest-measured");
      bytes.push(readFileSync(join(FOLDER, "out.schedule.json"), "utf8"));
    }
    expect(bytes[0]).toBe(bytes[1]);
  });

  it("is not compiled from the profile of another model, or from one that is damaged", async () => {
    const out = join(FOLDER, "branches.gpu.json");
    const text = readFileSync(out, "utf8");
    const broken = join(FOLDER, "broken.json");
    for (const [change, code] of [
      [(value: string) => value.replace(/"modelSha256": "./, '"modelSha256": "x'), "profile-stale"],
      [(value: string) => value.replace('"launchCosts"', '"launchCoasts"'), "profile-invalid"],
      [(value: string) => value.slice(0, 100), "profile-invalid"],
    ] as const) {
      writeFileSync(broken, change(text));
      const compiled = await compileForCuda(requestFor(MODEL, { profile: broken }), NO_HELPER);
      expect(compiled.ok ? "" : compiled.error[0].code).toBe(code);
    }
  });

  it("is compiled with chains in one kernel when asked", async () => {
    const path = join(FOLDER, "chain.onnx");
    const dims = [SIDE, SIDE];
    const nodes = ["Relu", "Tanh", "Neg"].map(
      (type, i): TinyNode => ({
        type,
        inputs: [i === 0 ? "x" : `t${i - 1}`],
        outputs: [i === 2 ? "y" : `t${i}`],
      }),
    );
    const ends = { inputs: [{ name: "x", dims }], outputs: [{ name: "y", dims }] };
    writeFileSync(path, tinyModel({ nodes, ...ends }));
    const chained = await kernelsOf(path, "ieee", false, "elements");
    expect(chained.size).toBe(1);
    const context = contextWith(async () => ok(new EmulatedHelper(chained)));
    const out = join(FOLDER, "chain.schedule.json");
    const base = requestFor(path, { out });
    const request = { ...base, target: { ...base.target, fuse: "elements" as const } };
    expect((await compileForCuda(request, context)).ok).toBe(true);
    const ran = await runSchedule(runRequest({ file: out }), context);
    const value = present(ran.ok ? ran.value : undefined, JSON.stringify(ran));
    expect(value.kind === "cuda" && value.report.schedule.outputs.distance).toBeLessThan(1e-6);
  });

  it("is measured on as many streams as the device runs kernels at a time", async () => {
    const wide = join(FOLDER, "wide.onnx");
    const names = Array.from({ length: STREAM_LIMIT + 2 }, (_, i) => `r${i}`);
    writeFileSync(
      wide,
      tinyModel({
        nodes: [
          ...names.map((name): TinyNode => ({ type: "Relu", inputs: ["x"], outputs: [name] })),
          { type: "Max", inputs: names, outputs: ["y"] },
        ],
        inputs: [{ name: "x", dims: [4] }],
        outputs: [{ name: "y", dims: [4] }],
        weights: [],
      }),
    );
    const wideKernels = await kernelsOf(wide, "ieee");
    const context = contextWith(async () => ok(new EmulatedHelper(wideKernels, {})));
    const compiled = await compileForCuda(requestFor(wide), context);
    const artifact = present(compiled.ok ? compiled.value : undefined, JSON.stringify(compiled));
    const { candidates = [] } = artifact.operators ?? {};
    const opara = candidates.find(({ algorithm }) => algorithm === "opara");
    expect(opara?.streams).toBe(STREAM_LIMIT);
    expect(candidates.every(({ streams }) => streams <= STREAM_LIMIT)).toBe(true);
  });

  it("is computed with halves when asked", async () => {
    const halves = await kernelsOf(MODEL, "f16");
    const context = contextWith(async () => ok(new EmulatedHelper(halves)));
    const request = requestFor(MODEL, { out: join(FOLDER, "half.schedule.json") }, "f16");
    const compiled = await compileForCuda(request, context);
    expect(compiled.ok).toBe(true);
    const file = join(FOLDER, "half.schedule.json");
    const ran = await runSchedule(runRequest({ file }), context);
    const value = present(ran.ok ? ran.value : undefined, JSON.stringify(ran));
    if (value.kind === "cuda") {
      expect(value.report.schedule.outputs.distance).toBeGreaterThan(1e-6);
      expect(value.report.schedule.outputs.distance).toBeLessThan(2e-2);
    }
  });

  it("ends with one failure of exit status 4, and writes nothing, where there is no GPU", async () => {
    const out = join(FOLDER, "none.schedule.json");
    const problem = { code: "no-device", message: "no GPU", fatal: false } as const;
    const compiled = await compileForCuda(requestFor(MODEL, { out }), emulated({ probe: problem }));
    expect(compiled.ok ? [] : compiled.error.map(({ code, exit }) => [code, exit])).toEqual([
      ["gpu-missing", 4],
    ]);
    expect(helper.isClosed).toBe(true);
    expect(existsSync(out)).toBe(false);
  });

  it("is refused before anything starts when operators have no GPU code", async () => {
    const path = join(FOLDER, "random.onnx");
    writeFileSync(path, encodeCase({ type: "RandomNormalLike", inputs: "f32[3,10]", outputs: 1 }));
    const compiled = await compileForCuda(requestFor(path), NO_HELPER);
    expect(compiled.ok ? "" : compiled.error[0].code).toBe("unsupported-operator");
  });

  it("is estimated with stand-ins when asked, and says that it is not verified", async () => {
    const path = join(FOLDER, "random.onnx");
    writeFileSync(path, encodeCase({ type: "RandomNormalLike", inputs: "f32[3,10]", outputs: 1 }));
    const standIns = await kernelsOf(path, "ieee", true);
    const context = contextWith(async () => ok(new EmulatedHelper(standIns)));
    const out = join(FOLDER, "random.schedule.json");
    const base = requestFor(path, { out });
    const request = {
      ...base,
      target: { ...base.target, estimateUnsupported: true, fuse: "none" as const },
    };
    const compiled = await compileForCuda(request, context);
    expect(compiled.ok && compiled.value.provenance.options["verified"]).toBe(false);
    const ran = await runSchedule(runRequest({ file: out }), context);
    const value = present(ran.ok ? ran.value : undefined, JSON.stringify(ran));
    expect(value.kind === "cuda" && value.report.isVerified).toBe(false);
  });
});
