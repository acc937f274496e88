/**
 * The text of generated kernels, executed: the real helper over the stand-in, which compiles CUDA C for the
 * host. So what is printed, the order of arguments, launches, library calls, waits and capture are
 * checked together; only NVIDIA's own compiler and libraries are not in it.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { add, concat, convolution } from "../../fixtures/generator/cnn-layers.js";
import { graphBuilder } from "../../fixtures/generator/graph-builder.js";
import { ELEMENT } from "../../fixtures/generator/model-spec.js";
import { present } from "../../src/core/invariant.js";
import { type EmittedModel, emitModel } from "../../src/kernels/emit.js";
import type { TensorLayout } from "../../src/kernels/operator-call.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../src/onnx/kernel-groups.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";
import {
  outputDistance,
  referenceOutputs,
  sameOutputs,
} from "../../src/profile/gpu/check-gpu-outputs.js";
import { oneStream } from "../../src/profile/gpu/measure-gpu-schedules.js";
import { measureNodes } from "../../src/profile/gpu/measure-nodes.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import { buildProgram } from "../../src/runtime/cuda/program/program.js";
import { DeviceSession } from "../../src/runtime/cuda/session/device-session.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { DEVICE_CASES } from "../support/device-operator-cases.js";
import { featureModel, type MapStep } from "../support/feature-models.js";
import { BUILD_TIMEOUT_MS, helperPath, noCompiler, testHelper } from "../support/native-helper.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { OperatorBatch, type PreparedCase, prepareCase } from "../support/operator-batch.js";
import { loweredTinyModel } from "../support/tiny-model.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models/small");
const FOLDER = mkdtempSync(join(tmpdir(), "generated-kernels-"));
const PRECISION = precisionPlan("ieee");

/** The host's elementary functions are nearly those of ONNX Runtime. */
const TOLERANCE = 2e-5;

afterAll(() => rmSync(FOLDER, { recursive: true }));

function emitted(
  lowered: LoweredModel,
  list: FusionList,
  layout: TensorLayout = "rows",
): EmittedModel {
  const model = emitModel(withKernelList(lowered, list), {
    floats: "f32",
    estimateUnsupported: false,
    layout,
  });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  return model.value;
}

describe.skipIf((noCompiler ?? SKIP_REASON) !== undefined)("printed kernels", () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  it("compute what ONNX Runtime computes, for every operator case, in one session", async () => {
    // The stand-in for cuDNN convolves two spatial dims.
    const cases = DEVICE_CASES.filter(
      ({ type, inputs }) => type !== "Conv" || !/^f32\[\d+(,\d+){4}\]/.test(inputs),
    );
    const all: PreparedCase[] = [];
    for (const each of cases) {
      all.push(await prepareCase(each));
    }
    const trace = join(FOLDER, "trace");
    const helper = await testHelper({ env: { STAND_IN_TRACE: trace } });
    try {
      const batch = await OperatorBatch.open(helper, all, FOLDER);
      const wrong: string[] = [];
      for (const each of all) {
        const outputs = await batch.run(each);
        const distance = outputDistance(each.program.model.lowered, outputs, each.reference);
        if (!(distance <= TOLERANCE)) {
          wrong.push(`${each.title}: ${distance}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(all.length).toBeGreaterThan(250);
    } finally {
      await helper.close();
    }
    // One context and a few modules for all of them: on a GPU each would take a part of a second a case.
    const calls = readFileSync(trace, "utf8").split("\n");
    const count = (name: string): number => calls.filter((call) => call === name).length;
    expect(count("cuDevicePrimaryCtxRetain")).toBe(1);
    expect(count("cuModuleLoadData")).toBeLessThan(20);
  });
});

describe.skipIf((noCompiler ?? SKIP_REASON) !== undefined)("sessions of the real helper", () => {
  /** Compares a model's outputs with ONNX Runtime's, on one stream, and on three with those. */
  async function runsAlike(
    model: EmittedModel,
    tolerance: number,
    env: Record<string, string> = {},
  ): Promise<DeviceSession["graphs"]> {
    const { graph } = model.lowered;
    const drawn = randomFeeds(modelInputs(model.lowered), 3);
    const feeds = present(drawn.ok ? drawn.value : undefined, "feeds");
    const reference = await referenceOutputs(model.lowered, feeds);
    const theirs = present(reference.ok ? reference.value.outputs : undefined, "reference");
    const schedule = composeSchedule(graph, "scattered", {
      order: Int32Array.from(graph.operators.keys()),
      streamOf: Int32Array.from(graph.operators.keys(), (id) => id % 3),
    });
    const sharing = { kind: "ordered", schedules: [oneStream(graph), schedule] } as const;
    const program = buildProgram(model, PRECISION, sharing);
    const helper = await testHelper({ env: { STAND_IN_SEED: "7", ...env } });
    try {
      const opened = await DeviceSession.open(helper, program, feeds, {
        device: 0,
        folder: FOLDER,
      });
      const session = present(opened.ok ? opened.value : undefined, JSON.stringify(opened));
      const plain = await session.run(oneStream(graph));
      const ours = present(plain.ok ? plain.value : undefined, JSON.stringify(plain));
      expect(outputDistance(model.lowered, ours, theirs)).toBeLessThan(tolerance);
      for (const mode of ["graph", "graph", "eager"] as const) {
        const parallel = await session.run(schedule, { mode });
        expect(parallel.ok && sameOutputs(parallel.value, ours)).toBe(true);
      }
      const clock = await session.clockMhz(session.scheduleOf(oneStream(graph)));
      expect(clock.ok && clock.value).toBe(1000);
      const nodes = await measureNodes(session);
      expect(nodes.ok && nodes.value.operators.length).toBe(graph.operators.length);
      return session.graphs;
    } finally {
      await helper.close();
    }
  }

  it.each([
    ["unsorted", "none"],
    ["functions", "none"],
    ["functions", "patterns"],
    ["external-data", "none"],
    ["quantised", "none"],
  ] as const)(
    "run %s (list %s) like ONNX Runtime, on one stream and on three",
    async (name, list) => {
      const read = readModel(join(MODELS, `${name}.onnx`));
      const lowered = read.ok ? await lowerModel(read.value, { dims: new Map() }) : read;
      const model = emitted(present(lowered.ok ? lowered.value : undefined, name), list);
      // A sum between two steps of 8 bits may be rounded to either.
      await runsAlike(model, name === "quantised" ? 2e-2 : TOLERANCE);
    },
    BUILD_TIMEOUT_MS,
  );

  it.each(["", "rows"])(
    "run a model with channels last like ONNX Runtime (cuDNN takes: %j)",
    async (layout) => {
      const step = { from: 0, other: 0, channels: 8 } as const;
      const steps: readonly MapStep[] = [
        { ...step, layer: "convolution" },
        { ...step, layer: "concat-results" },
        { ...step, layer: "one-place" },
      ];
      const { lowered, remove } = await loweredTinyModel(featureModel(steps));
      try {
        const model = emitted(lowered, "patterns", "channels-last");
        await runsAlike(model, TOLERANCE, layout === "" ? {} : { STAND_IN_LAYOUT: layout });
      } finally {
        remove();
      }
    },
    BUILD_TIMEOUT_MS,
  );

  it.each([
    ["as graphs", {}, { graphs: 3, kernels: 0, plans: 3 }],
    ["by kernels where cuDNN has no graphs", { STAND_IN_GRAPH: "none" }, { graphs: 0, kernels: 3 }],
    [
      "by kernels and copies where it takes rows alone",
      { STAND_IN_GRAPH: "none", STAND_IN_LAYOUT: "rows" },
      { graphs: 0, kernels: 3 },
    ],
  ])(
    "compute what stands behind convolutions %s",
    async (_name, env, calls) => {
      const g = graphBuilder({ name: "behind", opset: 20, seed: 3 });
      const x = g.input("x", ELEMENT.float, [1, 4, 6, 6]);
      const first = convolution(g, { value: x, channels: 4 }, { out: 8, kernel: 1 });
      const hard = { ...first, value: g.node("HardSwish", [first.value]) };
      const parts = ["Mish", "Softplus"].map((op) => {
        const made = convolution(g, hard, { out: 8, kernel: 3, pad: 1 });
        return add(g, { ...made, value: g.node(op, [made.value]) }, hard);
      });
      const last = convolution(g, concat(g, parts), { out: 4, kernel: 1 });
      g.output("y", g.node("LeakyRelu", [last.value]), ELEMENT.float, []);
      const { lowered, remove } = await loweredTinyModel(g.encode());
      try {
        const model = emitted(lowered, "patterns", "channels-last");
        const nodes = model.plans.flatMap((plan) => plan.nodes);
        expect(nodes.filter((node) => node.kind === "conv" && node.behind)).toHaveLength(3);
        expect(await runsAlike(model, TOLERANCE, env)).toMatchObject(calls);
      } finally {
        remove();
      }
    },
    BUILD_TIMEOUT_MS,
  );
});
