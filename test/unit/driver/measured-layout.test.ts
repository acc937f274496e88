/** Which layout a model is measured and run in, on a device whose convolutions take known times. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { ok } from "../../../src/core/result.js";
import type { DriverContext } from "../../../src/driver/context.js";
import { compileForCuda } from "../../../src/driver/cuda/compile-for-cuda.js";
import { profileOnCuda } from "../../../src/driver/cuda/profile-on-cuda.js";
import { runSchedule } from "../../../src/driver/run-schedule.js";
import type { EmittedModel } from "../../../src/kernels/emit.js";
import { type EmittedLayouts, emitInLayouts } from "../../../src/kernels/layout-choice.js";
import { precisionPlan } from "../../../src/kernels/precision.js";
import { withKernelList } from "../../../src/onnx/fuse/fuse-operators.js";
import { parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import type { HelperNode } from "../../../src/runtime/cuda/client/nodes.js";
import type { RequestOf } from "../../../src/runtime/cuda/client/protocol.js";
import { buildProgram } from "../../../src/runtime/cuda/program/program.js";
import { loadModel } from "../../../src/runtime/load-model.js";
import { EmulatedHelper } from "../../support/emulated-helper.js";
import { featureModel } from "../../support/feature-models.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { kernelsByName } from "../../support/program-emulator.js";

const FOLDER = mkdtempSync(join(tmpdir(), "measured-layout-"));
const MODEL = join(FOLDER, "maps.onnx");
const OUT = join(FOLDER, "maps.schedule.json");
const PROFILE = join(FOLDER, "maps.profile.json");
afterAll(() => rmSync(FOLDER, { recursive: true }));

const TARGET = {
  device: 0,
  precision: "tf32",
  estimateUnsupported: false,
  fuse: "none",
  inputs: { seed: 1 },
} as const;
const JOB = { model: MODEL, force: true, dims: new Map<string, number>(), target: TARGET };

/** Of the emulated helper, in microseconds: kernels and convolutions of rows, each with its launch. */
const KERNEL_US = 3;
const CONV_US = 21;

interface Launches {
  readonly kernels: number;
  readonly convs: number;
}

function launchesOf({ plans }: EmittedModel): Launches {
  const nodes = plans.flatMap((plan) => plan.nodes);
  const convs = nodes.filter(({ kind }) => kind === "conv").length;
  return { kernels: nodes.length - convs, convs };
}

describe.skipIf(SKIP_REASON !== undefined)("the layout of a model on a GPU", () => {
  let emitted: EmittedLayouts;
  let turned: Launches;
  /** What one stream takes row by row. */
  let rowsUs: number;
  let helper: EmulatedHelper;
  let programs: (readonly HelperNode[])[] = [];

  beforeAll(async () => {
    const layers = ["convolution", "one-place", "relu", "convolution"] as const;
    const step = { from: 0, other: 0, channels: 8 };
    writeFileSync(MODEL, featureModel(layers.map((layer) => ({ ...step, layer }))));
    const lowered = await loadModel(MODEL, { dims: new Map() });
    const model = present(lowered.ok ? lowered.value : undefined, "model");
    const options = { floats: "f32", estimateUnsupported: false, approximatesGelu: true } as const;
    const made = emitInLayouts(withKernelList(model, "none"), options, true);
    emitted = present(made.ok ? made.value : undefined, "code");
    const other = present(emitted.other, "another layout");
    const inRows = emitted.counted.layout === "rows" ? emitted.counted : other;
    turned = launchesOf(inRows === other ? emitted.counted : other);
    const { kernels, convs } = launchesOf(inRows);
    rowsUs = kernels * KERNEL_US + convs * CONV_US;
  });

  /** What a convolution with channels last has to take for one stream of it to take so long. */
  function turnedUs(wholeUs: number): number {
    return (wholeUs - turned.kernels * KERNEL_US) / turned.convs - 1;
  }

  /** A device on which one stream with channels last takes this share of what rows do. */
  function onDevice(share: number): DriverContext {
    const plan = precisionPlan("tf32");
    const both = [emitted.counted, present(emitted.other, "another layout")];
    const kernels = both.flatMap((each) => [
      ...kernelsByName(buildProgram(each, plan, { kind: "none" })),
    ]);
    return {
      signal: new AbortController().signal,
      onProgress: () => {},
      compute: async (work) => work(),
      onNote: () => {},
      startHelper: async () => {
        helper = new EmulatedHelper(new Map(kernels), { turnedUs: turnedUs(rowsUs * share) });
        programs = [];
        const call = helper.call.bind(helper);
        const noting: EmulatedHelper["call"] = (op, request) => {
          if (op === "program") {
            programs.push((request as RequestOf<"program">).nodes);
          }
          return call(op, request);
        };
        return ok(Object.assign(helper, { call: noting }));
      },
      profileFolder: join(FOLDER, String(share)),
      tool: "top-compile test",
    };
  }

  /** Layouts of the programs that the device was given, in order; those with nodes added once. */
  function layoutsTried(): readonly string[] {
    return programs.map((nodes) =>
      nodes.some((node) => node.kind === "conv" && node.channelsLast === true)
        ? "channels-last"
        : "rows",
    );
  }

  async function profiled(share: number) {
    const found = await profileOnCuda({ ...JOB, out: PROFILE }, onDevice(share));
    return present(found.ok ? found.value : undefined, JSON.stringify(found)).layouts;
  }

  it.each([0.5, 0.98, 1.02, 2])(
    "is the faster one where channels last take %d of what rows do",
    async (share) => {
      const taken = share < 1 ? "channels-last" : "rows";
      const layouts = present(await profiled(share), "layouts");
      expect(layouts.taken).toBe(taken);
      // The median of the emulated samples is 10 ns above the least.
      expect(layouts.rowsNs).toBe(1000 * rowsUs + 10);
      expect(Math.abs(layouts.channelsLastNs - (1000 * rowsUs * share + 10))).toBeLessThan(2);
      expect(layoutsTried().at(-1)).toBe(taken);
      const parsed = parseGpuProfile(readFileSync(PROFILE, "utf8"), PROFILE);
      expect(parsed.ok && parsed.value.layouts).toEqual(layouts);
    },
  );

  it("is the one that moves fewer bytes where the two take about as long", async () => {
    const { layout } = emitted.counted;
    for (const share of [0.995, 1, 1.005]) {
      expect(await profiled(share)).toMatchObject({ taken: layout });
    }
    // The other one first, so that what is kept is open already: once for operators, once for schedules.
    const other = layout === "rows" ? "channels-last" : "rows";
    expect(layoutsTried()).toEqual([other, layout, layout]);
  });

  it("is recorded, and run, whatever else moves fewer bytes", async () => {
    for (const share of [0.5, 2]) {
      const context = onDevice(share);
      const request = {
        ...JOB,
        out: OUT,
        algorithm: undefined,
        profile: undefined,
        mergeConvolutions: false,
        remeasure: true,
      };
      const compiled = await compileForCuda(request, context);
      const artifact = present(compiled.ok ? compiled.value : undefined, JSON.stringify(compiled));
      const taken = share < 1 ? "channels-last" : "rows";
      expect(artifact.provenance.options["tensor-layout"]).toBe(taken);
      const run = {
        file: OUT,
        model: undefined,
        seed: 1,
        rounds: 3,
        device: undefined,
        precision: undefined,
        estimateUnsupported: false,
        fuse: undefined,
      };
      expect(await runSchedule(run, context)).toMatchObject({ ok: true });
      expect(layoutsTried()).toEqual([taken]);
      // In other arithmetic nothing was measured: rows, since no tensor cores make convolutions.
      expect(await runSchedule({ ...run, precision: "ieee" }, context)).toMatchObject({ ok: true });
      expect(layoutsTried()).toEqual(["rows"]);
      const written = readFileSync(OUT, "utf8");
      for (const option of ["tensor-layout", "math"]) {
        const odd = written.replace(
          new RegExp(`"${option}": *"[a-z0-9-]+"`),
          `"${option}":"diagonal"`,
        );
        expect(odd).not.toBe(written);
        writeFileSync(OUT, odd);
        expect(await runSchedule(run, context)).toMatchObject({
          ok: false,
          error: [{ code: "schedule-broken", message: expect.stringContaining(option) }],
        });
      }
      await profileOnCuda({ ...JOB, out: PROFILE }, context);
      const again = await compileForCuda({ ...request, profile: PROFILE }, context);
      expect(again.ok && again.value.provenance.options["tensor-layout"]).toBe(taken);
    }
  });

  it("is not measured where there is one", async () => {
    const target = { ...TARGET, precision: "ieee" as const };
    const found = await profileOnCuda({ ...JOB, out: PROFILE, target }, onDevice(0.5));
    expect(found.ok && found.value.layouts).toBeUndefined();
    expect(layoutsTried()).toEqual(["rows", "rows"]);
  });
});
