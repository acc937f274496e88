import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { modelInputs, modelOutputsOf, workerPlanOf } from "../../src/profile/worker-plan-of.js";
import { compareOutputs } from "../../src/runtime/compare-outputs.js";
import { createCpuExecutor } from "../../src/runtime/cpu-executor.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { onnxRuntime, SKIP_REASON } from "../support/onnx-runtime.js";
import { branchingModel, loweredTinyModel } from "../support/tiny-model.js";

/** A topological order drawn by a seed. */
function randomOrder({ graph }: LoweredModel, seed: number): Int32Array {
  const random = seededRandom(seed);
  const left = graph.operators.map((operator) => operator.predecessors.length);
  const ready = [...left.keys()].filter((id) => left[id] === 0);
  const order: number[] = [];
  while (ready.length > 0) {
    const [id] = ready.splice(random.integer(ready.length), 1) as [number];
    order.push(id);
    for (const next of graph.operators[id]?.successors ?? []) {
      left[next] = (left[next] ?? 0) - 1;
      if (left[next] === 0) {
        ready.push(next);
      }
    }
  }
  return Int32Array.from(order);
}

describe.skipIf(SKIP_REASON !== undefined)("executing schedules", () => {
  const bytes = branchingModel();
  let lowered: LoweredModel;
  let remove: () => void;
  let feeds: ReadonlyMap<string, TensorData>;
  let whole: ReadonlyMap<string, TensorData>;

  beforeAll(async () => {
    ({ lowered, remove } = await loweredTinyModel(bytes));
    const drawn = randomFeeds(modelInputs(lowered), 7);
    const session = await createSession(onnxRuntime(), bytes, {}, "tiny");
    if (!drawn.ok || !session.ok) {
      throw new Error("the tiny model does not load");
    }
    feeds = drawn.value;
    const bound = bindSession(onnxRuntime(), session.value, feeds, "tiny");
    const outputs = await bound.run();
    if (!outputs.ok) {
      throw new Error(outputs.error[0].message);
    }
    whole = outputs.value;
    await bound.release();
  });

  afterAll(() => remove());

  it("gives the outputs of the whole model for any order and any streams", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 10, maxLength: 10 }),
        fc.integer(),
        async (streams, seed) => {
          const schedule = composeSchedule(lowered.graph, "random", {
            order: randomOrder(lowered, seed),
            streamOf: Int32Array.from(streams),
          });
          expect(verifyOperatorSchedule(lowered.graph, schedule)).toEqual([]);
          const plan = workerPlanOf(lowered, schedule);
          expect(plan.ok).toBe(true);
          const executor = plan.ok ? await createCpuExecutor(plan.value) : plan;
          if (!executor.ok) {
            throw new Error(executor.error[0].message);
          }
          for (let i = 0; i < 3; i++) {
            const outcome = await executor.value.run(feeds);
            if (!outcome.ok) {
              throw new Error(outcome.error[0].message);
            }
            const outputs = modelOutputsOf(lowered, outcome.value.outputs);
            const comparison = compareOutputs(whole, outputs);
            expect(comparison).toMatchObject({ identical: true, maxAbsolute: 0 });
          }
          await executor.value.close();
        },
      ),
      { numRuns: 15 },
    );
  });
});
