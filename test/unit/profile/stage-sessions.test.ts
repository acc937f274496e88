import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { measurePipeline } from "../../../src/profile/measure-pipeline.js";
import { pipelinePlanOf } from "../../../src/profile/pipeline-plan-of.js";
import { prepareStages, STAGE_SETTINGS } from "../../../src/profile/stage-sessions.js";
import { modelInputs } from "../../../src/profile/worker-plan-of.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import type { BlockInstance } from "../../../src/schedule/pipeline-schedule.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { loweredTinyModel, type TinyValue, tinyModel } from "../../support/tiny-model.js";
import { value } from "../../support/values.js";

const CHANNELS = 32;
const IMAGE = [1, CHANNELS, 12, 12];

/** Two residual blocks of convolutions, then a global average: what layouts and fusion change. */
function residualModel(): Uint8Array {
  const weight = (name: string): TinyValue => ({ name, dims: [CHANNELS, CHANNELS, 1, 1] });
  const node = (type: string, inputs: string, output: string) => ({
    type,
    inputs: inputs.split(" "),
    outputs: [output],
  });
  return tinyModel({
    nodes: [
      node("Conv", "x w1", "c1"),
      node("Relu", "c1", "r1"),
      node("Conv", "r1 w2", "c2"),
      node("Add", "c2 r1", "a1"),
      node("Relu", "a1", "r2"),
      node("Conv", "r2 w3", "c3"),
      node("Add", "c3 r2", "a2"),
      node("Relu", "a2", "r3"),
      node("GlobalAveragePool", "r3", "y"),
    ],
    inputs: [{ name: "x", dims: IMAGE }],
    outputs: [{ name: "y", dims: [1, CHANNELS, 1, 1] }],
    weights: ["w1", "w2", "w3"].map(weight),
  });
}

let model: { readonly lowered: LoweredModel; readonly remove: () => void };
beforeAll(async () => {
  model = await loweredTinyModel(residualModel());
});
afterAll(() => model.remove());

const FIXTURES = resolve(import.meta.dirname, "../../../fixtures");

async function lowerFixture(path: string): Promise<LoweredModel> {
  const read = value(readModel(resolve(FIXTURES, path)));
  return value(await lowerModel(read, { dims: new Map() }));
}

/** Sets of inputs of a model. */
function feedsOf(lowered: LoweredModel, sets: number) {
  return Array.from({ length: sets }, (_, seed) => value(randomFeeds(modelInputs(lowered), seed)));
}

describe.skipIf(SKIP_REASON !== undefined)("prepareStages", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("gives the same bits when it cuts behind %i", async (cut) => {
    const { lowered } = model;
    const stageOf = Int32Array.from(lowered.graph.operators, (_, at) => (at < cut ? 0 : 1));
    const feeds = feedsOf(lowered, 1);
    const request = { runtime: onnxRuntime(), lowered, stageOf, stageCount: 2, feeds };
    const prepared = value(await prepareStages(request));
    expect(prepared.composition.identical).toBe(true);
    expect(STAGE_SETTINGS).toContainEqual(prepared.settings);
    const before = STAGE_SETTINGS.indexOf(prepared.settings);
    expect(prepared.tried.map(({ settings }) => settings)).toEqual(STAGE_SETTINGS.slice(0, before));
    expect(prepared.tried.every(({ maxRelative }) => maxRelative > 0)).toBe(true);
    prepared.remove();
  });

  it.each([3, 6, 9])(
    "takes the fastest of the nearest ways with float16, cut behind %i",
    async (cut) => {
      const lowered = await lowerFixture("cases/onnx/float16-chain/model.onnx");
      const stageOf = Int32Array.from(lowered.graph.operators, (_, at) => (at < cut ? 0 : 1));
      const feeds = feedsOf(lowered, 1);
      const request = { runtime: onnxRuntime(), lowered, stageOf, stageCount: 2, feeds };
      const prepared = value(await prepareStages(request));
      prepared.remove();
      const { composition, settings, tried } = prepared;
      const way = STAGE_SETTINGS.indexOf(settings);
      if (composition.identical) {
        expect(tried.length).toBe(way);
        return;
      }
      const apart = new Map(tried.map((each) => [each.settings, each.maxRelative]));
      apart.set(settings, composition.maxRelative);
      const all = STAGE_SETTINGS.map((each) => apart.get(each) ?? Number.NaN);
      const least = Math.min(...all);
      expect(way).toBe(all.findIndex((each) => each <= 2 * least));
    },
  );

  it("reads weights behind links of a cache into a file of its own", async () => {
    const root = mkdtempSync(join(tmpdir(), "cache-"));
    const snapshot = join(root, "snapshots", "1");
    for (const folder of [snapshot, join(root, "blobs")]) {
      mkdirSync(folder, { recursive: true });
    }
    for (const name of ["external-data.onnx", "external-data.bin"]) {
      copyFileSync(join(FIXTURES, "models/small", name), join(root, "blobs", name));
      symlinkSync(join("../../blobs", name), join(snapshot, name));
    }
    const lowered = await lowerFixture(join(snapshot, "external-data.onnx"));
    const stageOf = Int32Array.from(lowered.graph.operators, (_, at) => (at < 1 ? 0 : 1));
    const feeds = feedsOf(lowered, 1);
    const request = { runtime: onnxRuntime(), lowered, stageOf, stageCount: 2, feeds };
    const prepared = value(await prepareStages(request));
    prepared.remove();
    rmSync(root, { recursive: true });
    expect(prepared.composition.identical).toBe(true);
    expect(prepared.stages.length).toBe(2);
  });

  it("leaves no file behind when it is stopped, and none after its end", async () => {
    const { lowered } = model;
    const folder = mkdtempSync(join(tmpdir(), "stages-test-"));
    vi.stubEnv("TMPDIR", folder);
    const stageOf = Int32Array.from(lowered.graph.operators, (_, at) => (at < 4 ? 0 : 1));
    const feeds = feedsOf(lowered, 1);
    const request = { runtime: onnxRuntime(), lowered, stageOf, stageCount: 2, feeds };
    const stopped = await prepareStages({ ...request, signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ ok: false, error: [{ code: "stopped" }] });
    expect(readdirSync(folder)).toEqual([]);
    const prepared = value(await prepareStages(request));
    expect(readdirSync(folder).length).toBe(1);
    prepared.remove();
    expect(readdirSync(folder)).toEqual([]);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(SKIP_REASON !== undefined)("measurePipeline", () => {
  it("runs two stages with the outputs of the whole model for every micro-batch", async () => {
    const { lowered } = model;
    const stageOf = Int32Array.from(lowered.graph.operators, (_, at) => (at < 5 ? 0 : 1));
    const feeds = feedsOf(lowered, 3);
    const common = { runtime: onnxRuntime(), lowered, feeds };
    const prepared = value(await prepareStages({ ...common, stageOf, stageCount: 2 }));
    const instances = Array.from({ length: 8 }, (_, m): BlockInstance[] =>
      [0, 1].map((block) => {
        const start = (m + block) * 10;
        return { block, microBatch: m, start, end: start + 10, phase: "repetend" };
      }),
    ).flat();
    const block = {
      kind: "forward",
      duration: 10,
      memory: 0,
      workspace: 0,
      operators: [],
    } as const;
    const plan = pipelinePlanOf(lowered, prepared, {
      placement: {
        timeUnit: "ns",
        devices: ["a", "b"].map((name) => ({ name, memory: undefined })),
        blocks: [0, 1].map((at) => ({ ...block, id: `s${at}`, devices: [at] })),
        dependencies: [{ from: 0, to: 1, latency: 0 }],
        memoryRelease: "end",
      },
      blockOf: [0, 1],
      whole: { microBatches: 8, instances, makespan: 90 },
    });
    // Two are in flight in the schedule, and one more may wait.
    expect(plan.windows).toEqual([{ producer: 0, consumer: 1, ahead: 3 }]);
    const request = { ...common, plan, prepared, cores: 2, rounds: 2 };
    const measured = value(await measurePipeline(request));
    expect(measured.outputs).toEqual({
      ...{ identical: true, maxAbsolute: 0, maxRelative: 0, compared: 24 },
    });
    expect(measured.blocks.length).toBe(16);
    expect(measured.wholeModel.map(({ threads }) => threads)).toEqual([1, 2]);
    expect(measured.period.medianNs).toBeGreaterThan(0);
    expect(measured.cpuNs).toBeGreaterThan(0);
    prepared.remove();
  });
});
