/** Whole models on the GPU: outputs, races, resources of kernels, launch costs. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { precisionPlan } from "../../src/kernels/precision.js";
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
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { GPU_SKIP_REASON, gpu, onGpu } from "./device.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models");

/** Small and large, convolutions and attention, look-ups and windows. */
const NAMES = ["squeezenet", "googlenet", "inception-v3", "resnet50", "t5-small", "swin-t", "dlrm"];

async function load(name: string): Promise<LoweredModel> {
  const model = readModel(join(MODELS, `${name}.onnx`));
  const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return lowered.value;
}

/** Neighbours on different streams: as many waits and as much overlap as there can be. */
function scattered({ graph }: LoweredModel, streams: number): OperatorSchedule {
  return composeSchedule(graph, "scattered", {
    order: Int32Array.from(graph.operators.keys()),
    streamOf: Int32Array.from(graph.operators.keys(), (id) => id % streams),
  });
}

function feedsOf(lowered: LoweredModel) {
  const feeds = randomFeeds(modelInputs(lowered), 1);
  if (!feeds.ok) {
    throw new Error(feeds.error[0].message);
  }
  return feeds.value;
}

describe.skipIf((GPU_SKIP_REASON ?? SKIP_REASON) !== undefined)("models on the GPU", () => {
  afterAll(() => gpu().close());

  it.each(NAMES)("%s gives ONNX Runtime's outputs, on one stream and on four", async (name) => {
    const lowered = await load(name);
    const feeds = feedsOf(lowered);
    const reference = await referenceOutputs(lowered, feeds);
    const theirs = present(reference.ok ? reference.value.outputs : undefined, "reference");
    const schedule = scattered(lowered, 4);
    const sharing = {
      kind: "ordered",
      schedules: [oneStream(lowered.graph), schedule],
    } as const;
    for (const precision of ["ieee", "tf32", "f16"] as const) {
      await onGpu(lowered, feeds, { precision, sharing }, async (session) => {
        const plain = await session.run(oneStream(lowered.graph));
        const ours = present(plain.ok ? plain.value : undefined, JSON.stringify(plain));
        const { tolerance } = precisionPlan(precision);
        expect(outputDistance(lowered, ours, theirs)).toBeLessThan(tolerance);
        for (let replay = 0; replay < 5; replay++) {
          const parallel = await session.run(schedule);
          expect(parallel.ok && sameOutputs(parallel.value, ours)).toBe(true);
        }
        const eager = await session.run(schedule, { mode: "eager" });
        expect(eager.ok && sameOutputs(eager.value, ours)).toBe(true);
      });
    }
  });

  it("report the resources of every kernel, the libraries' too", async () => {
    const lowered = await load("squeezenet");
    const how = { precision: "tf32", sharing: { kind: "none" } } as const;
    await onGpu(lowered, feedsOf(lowered), how, async (session) => {
      const measured = await measureNodes(session);
      const { operators, launchCosts } = present(
        measured.ok ? measured.value : undefined,
        JSON.stringify(measured),
      );
      for (const { kind, kernels, medianNs } of operators.flatMap((each) => each.nodes)) {
        expect(kernels.length, kind).toBeGreaterThan(0);
        expect(kernels.every(({ registersPerThread }) => registersPerThread > 0)).toBe(true);
        expect(medianNs).toBeGreaterThan(0);
      }
      expect(launchCosts.chainNs).toBeGreaterThan(0);
      // Nothing about which of the two is longer: they may be the same, but for noise.
      expect(launchCosts.hopNs).toBeGreaterThan(0);
    });
  });

  it("run at a clock that can be read", async () => {
    const lowered = await load("squeezenet");
    const how = { precision: "tf32", sharing: { kind: "none" } } as const;
    await onGpu(lowered, feedsOf(lowered), how, async (session) => {
      const clock = await session.clockMhz(session.scheduleOf(oneStream(lowered.graph)));
      expect(clock.ok && clock.value).toBeGreaterThan(100);
      expect(clock.ok && clock.value).toBeLessThan((session.device.clockKhz / 1000) * 1.1);
    });
  });
});
