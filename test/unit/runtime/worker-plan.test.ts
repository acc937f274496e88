import { describe, expect, it } from "vitest";
import { routesOf, type WorkerPlan } from "../../../src/runtime/worker-plan.js";

const MODEL = new Uint8Array();

function plan(
  workers: readonly (readonly (readonly [readonly number[], readonly number[]])[])[],
  outputs: readonly number[],
): WorkerPlan {
  const count = 1 + Math.max(...workers.flat(3), ...outputs);
  return {
    tensors: Array.from({ length: count }, (_, i) => ({
      name: `t${i}`,
      elementType: "float32",
      dims: [1],
    })),
    inputs: [0],
    outputs,
    workers: workers.map((segments) =>
      segments.map(([inputs, made]) => ({ operators: ["o"], model: MODEL, inputs, outputs: made })),
    ),
  };
}

describe("routesOf", () => {
  const twoWorkers = plan(
    [
      [
        [[0], [1]],
        [[1, 2], [3]],
      ],
      [[[0], [2]]],
    ],
    [3],
  );

  it("keeps a tensor local, moves a large one, copies what the caller gives or takes", () => {
    const handovers = routesOf(twoWorkers, () => 1 << 20).map((route) => route.handover);
    expect(handovers).toEqual(["copy", "local", "move", "copy"]);
  });

  it("copies a small tensor", () => {
    expect(routesOf(twoWorkers, () => 64)[2]?.handover).toBe("copy");
  });

  it("copies a tensor that its producer or a second worker reads too", () => {
    const shared = plan([[[[0], [1]]], [[[1], [2]]], [[[1], [3]]]], [2, 3]);
    expect(routesOf(shared, () => 1 << 20)[1]).toEqual({
      producer: 0,
      consumers: [1, 2],
      handover: "copy",
      isResult: false,
    });
  });

  it.each([
    ["workers that wait for each other", plan([[[[2], [1]]], [[[1], [2]]]], [1])],
    [
      "an order within a worker that cannot be",
      plan(
        [
          [
            [[2], [1]],
            [[0], [2]],
          ],
        ],
        [1],
      ),
    ],
    ["a tensor that nobody makes", plan([[[[0, 2], [1]]]], [1])],
    ["two producers", plan([[[[0], [1]]], [[[0], [1]]]], [1])],
    ["an output that nobody makes", plan([[[[0], [1]]]], [2])],
  ])("refuses %s", (_, unsound) => {
    expect(() => routesOf(unsound, () => 1)).toThrow(/internal:/);
  });
});
