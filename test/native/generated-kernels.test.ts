/**
 * The text of generated kernels, executed: the real helper over the stand-in, which compiles CUDA C for the
 * host. So what is printed, the order of arguments, launches, library calls, waits and capture are
 * checked together; only NVIDIA's own compiler and libraries are not in it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";
import {
  type Outputs,
  outputDistance,
  referenceOutputs,
  sameOutputs,
} from "../../src/profile/gpu/check-gpu-outputs.js";
import { oneStream } from "../../src/profile/gpu/measure-gpu-schedules.js";
import { measureNodes } from "../../src/profile/gpu/measure-nodes.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import { type DeviceModel, emitModel } from "../../src/runtime/cuda/codegen/emit.js";
import { kernelSources } from "../../src/runtime/cuda/codegen/kernel-source.js";
import { constantUploads } from "../../src/runtime/cuda/program/constants.js";
import { precisionPlan } from "../../src/runtime/cuda/program/precision.js";
import {
  buildProgram,
  helperNodes,
  helperSchedule,
} from "../../src/runtime/cuda/program/program.js";
import { DeviceSession } from "../../src/runtime/cuda/session/device-session.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { DEVICE_CASES } from "../support/device-operator-cases.js";
import { BUILD_TIMEOUT_MS, expectDone, noCompiler, testHelper } from "../support/native-helper.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { encodeCase, lowerBytes } from "../support/operator-models.js";
import { expectedOutputs, type OracleCase, randomTensor } from "../support/operator-oracle.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models/small");
const FOLDER = mkdtempSync(join(tmpdir(), "generated-kernels-"));
const PRECISION = precisionPlan("ieee");

/** The host's elementary functions are nearly those of ONNX Runtime. */
const TOLERANCE = 2e-5;

afterAll(() => rmSync(FOLDER, { recursive: true }));

function emitted(lowered: LoweredModel, fuse: boolean): DeviceModel {
  const model = emitModel(lowered, { floats: "f32", estimateUnsupported: false, fuse });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  return model.value;
}

interface Prepared {
  readonly title: string;
  readonly model: DeviceModel;
  readonly feeds: Outputs;
  readonly reference: Outputs;
}

async function prepared(each: OracleCase): Promise<Prepared> {
  const bytes = encodeCase(each);
  const lowered = await lowerBytes(bytes);
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  const random = seededRandom(1);
  const feeds = new Map(
    lowered.value.model.graph.inputs.map(({ name }) => {
      const { elementType, dims } = present(lowered.value.types.get(name), name);
      const range = each.ranges?.[Number(name.slice(1))];
      return [name, randomTensor(elementType, dims, range, random)] as const;
    }),
  );
  return {
    title: `${each.type} ${each.inputs}`,
    model: emitted(lowered.value, false),
    feeds,
    reference: await expectedOutputs(lowered.value, bytes, feeds),
  };
}

describe.skipIf((noCompiler ?? SKIP_REASON) !== undefined)("printed kernels", () => {
  let helper: GpuHelper;

  beforeAll(async () => {
    helper = await testHelper();
    await expectDone(helper, "open", { device: 0 });
  }, BUILD_TIMEOUT_MS);

  afterAll(() => helper.close());

  it("compute what ONNX Runtime computes, for every operator case", async () => {
    // The stand-in for cuDNN convolves two spatial dims.
    const cases = DEVICE_CASES.filter(
      ({ type, inputs }) => type !== "Conv" || !/^f32\[\d+(,\d+){4}\]/.test(inputs),
    );
    const all: Prepared[] = [];
    for (const each of cases) {
      all.push(await prepared(each));
    }
    const kernels = kernelSources(all.flatMap(({ model }) => model.plans));
    const modules: number[] = [];
    for (const source of kernels.sources) {
      const { module } = await expectDone(helper, "compile", { source });
      modules.push(present(module, "module"));
    }
    const wrong: string[] = [];
    for (const { title, model, feeds, reference } of all) {
      const outputs = await runCase(model, feeds, kernels, modules);
      const distance = outputDistance(model.lowered, outputs, reference);
      if (!(distance <= TOLERANCE)) {
        wrong.push(`${title}: ${distance}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(all.length).toBeGreaterThan(250);
  });

  async function runCase(
    model: DeviceModel,
    feeds: Outputs,
    kernels: ReturnType<typeof kernelSources>,
    modules: readonly number[],
  ): Promise<Outputs> {
    const program = { ...buildProgram(model, PRECISION, { kind: "none" }), kernels };
    const { graph } = model.lowered;
    await expectDone(helper, "arena", { bytes: program.memory.bytes + 256 });
    await expectDone(helper, "program", { nodes: helperNodes(program, modules) });
    const constants = await constantUploads(model, program.memory, join(FOLDER, "side"));
    const inputs = graph.inputs.flatMap((id) => {
      const { bytes } = present(feeds.get(present(graph.tensors[id], "input").name), "feed");
      const { offset } = present(program.memory.tensor(id), "range");
      return bytes.length === 0 ? [] : [{ base64: Buffer.from(bytes).toString("base64"), offset }];
    });
    const items = [...(constants.ok ? constants.value : []), ...inputs];
    await expectDone(helper, "upload", { items });
    await expectDone(helper, "run", { schedule: helperSchedule(program, oneStream(graph)) });
    const outputs = new Map();
    for (const id of graph.outputs) {
      const { name, elementType, dims } = present(graph.tensors[id], "output");
      const range = present(program.memory.tensor(id), "range");
      const { base64 = "" } = await expectDone(helper, "download", range);
      const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
      outputs.set(name, { elementType, dims, bytes });
    }
    return outputs;
  }
});

describe.skipIf((noCompiler ?? SKIP_REASON) !== undefined)("sessions of the real helper", () => {
  it.each([
    ["unsorted", false],
    ["functions", false],
    ["functions", true],
    ["external-data", false],
    ["quantised", false],
  ] as const)(
    "run %s (fused: %s) like ONNX Runtime, on one stream and on three",
    async (name, fuse) => {
      const read = readModel(join(MODELS, `${name}.onnx`));
      const lowered = read.ok ? await lowerModel(read.value, { dims: new Map() }) : read;
      const model = emitted(present(lowered.ok ? lowered.value : undefined, name), fuse);
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
      const helper = await testHelper({ env: { STAND_IN_SEED: "7" } });
      try {
        const opened = await DeviceSession.open(helper, program, feeds, {
          device: 0,
          folder: FOLDER,
        });
        const session = present(opened.ok ? opened.value : undefined, JSON.stringify(opened));
        const plain = await session.run(oneStream(graph));
        const ours = present(plain.ok ? plain.value : undefined, JSON.stringify(plain));
        // A sum between two steps of 8 bits may be rounded to either.
        expect(outputDistance(model.lowered, ours, theirs)).toBeLessThan(
          name === "quantised" ? 2e-2 : TOLERANCE,
        );
        for (const mode of ["graph", "graph", "eager"] as const) {
          const parallel = await session.run(schedule, { mode });
          expect(parallel.ok && sameOutputs(parallel.value, ours)).toBe(true);
        }
        const clock = await session.clockMhz(session.scheduleOf(oneStream(graph)));
        expect(clock.ok && clock.value).toBe(1000);
        const nodes = await measureNodes(session);
        expect(nodes.ok && nodes.value.operators.length).toBe(graph.operators.length);
      } finally {
        await helper.close();
      }
    },
    BUILD_TIMEOUT_MS,
  );
});
