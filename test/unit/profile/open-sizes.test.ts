import { describe, expect, it } from "vitest";
import type { OperatorId } from "../../../src/ir/operator-graph.js";
import { writeWholeModel } from "../../../src/onnx/extract-submodel.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { openSchedule } from "../../../src/profile/schedule-runner.js";
import { workerPlanOf } from "../../../src/profile/worker-plan-of.js";
import { createCpuExecutor } from "../../../src/runtime/cpu-executor.js";
import type { TensorData } from "../../../src/runtime/tensor-data.js";
import type { OperatorSchedule } from "../../../src/schedule/operator-schedule.js";
import { POSITIVE_INPUTS, positiveModel } from "../../support/data-models.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { loweredTinyModel } from "../../support/tiny-model.js";
import { value } from "../../support/values.js";

/** Every operator on another stream than the one before it, waiting for what it reads there. */
function scattered({ graph }: LoweredModel, streams: number): OperatorSchedule {
  const streamOf = (id: OperatorId): number => id % streams;
  return {
    algorithm: "wavefront",
    streams,
    launches: graph.operators.map(({ id, predecessors, successors }) => ({
      operator: id,
      stream: streamOf(id),
      waits: predecessors.filter((other) => streamOf(other) !== streamOf(id)),
      record: successors.some((other) => streamOf(other) !== streamOf(id)),
    })),
  };
}

function input(...numbers: number[]): ReadonlyMap<string, TensorData> {
  const bytes = new Uint8Array(Float32Array.from(numbers).buffer);
  return new Map([["x", { elementType: "float32", dims: [POSITIVE_INPUTS], bytes }]]);
}

function shown(outputs: ReadonlyMap<string, TensorData>, name: string) {
  const { dims, bytes } = outputs.get(name) as TensorData;
  return { dims: [...dims], numbers: [...new Float32Array(Uint8Array.from(bytes).buffer)] };
}

/** By definition: the positive elements negated, and each of them three times. */
const CASES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [1, -2, 3, -4, 5, -6],
    [1, 3, 5],
  ],
  [
    [1, 2, 3, 4, 5, 6],
    [1, 2, 3, 4, 5, 6],
  ],
  [[-1, -1, -1, -1, -1, -1], []],
  [[-1, 7, -1, -1, -1, -1], [7]],
];

describe.skipIf(SKIP_REASON !== undefined)(
  "schedules of a model whose sizes depend on data",
  () => {
    it.each([1, 2, 3])(
      "give what each run has, whatever they were made for, on %i streams",
      async (streams) => {
        // Made for bounds, [1, 6] places.
        const { lowered, remove } = await loweredTinyModel(positiveModel());
        expect(lowered.dataSizes).toMatchObject([{ tensor: "places", dims: [1, 6] }]);
        const model = value(writeWholeModel(lowered));
        const schedule = scattered(lowered, streams);
        for (const [numbers, kept] of CASES) {
          const feeds = input(...numbers);
          const runner = value(
            await openSchedule({ runtime: onnxRuntime(), lowered, model, feeds }, schedule),
          );
          const { outputs } = value(await runner.run());
          await runner.close();
          expect(shown(outputs, "y")).toEqual({
            dims: [kept.length],
            numbers: kept.map((n) => -n),
          });
          const thrice = { dims: [kept.length, 3], numbers: kept.flatMap((n) => [n, n, n]) };
          expect(shown(outputs, "z")).toEqual(thrice);
        }
        remove();
      },
    );

    it("give other sizes in every run of the same worker threads", async () => {
      const { lowered, remove } = await loweredTinyModel(positiveModel());
      const executor = value(
        await createCpuExecutor(value(workerPlanOf(lowered, scattered(lowered, 3)))),
      );
      for (const [numbers, kept] of [...CASES, ...CASES]) {
        const { outputs } = value(await executor.run(input(...numbers)));
        expect(shown(outputs, "y").numbers).toEqual(kept.map((n) => -n));
        expect(shown(outputs, "z").dims).toEqual([kept.length, 3]);
      }
      await executor.close();
      remove();
    });
  },
);
