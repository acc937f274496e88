import { describe, expect, it } from "vitest";
import { parsePlacement } from "../../../../../src/placement/parse-placement.js";
import type { Placement } from "../../../../../src/placement/placement.js";
import type { PipelineAlgorithm } from "../../../../../src/schedule/pipeline-algorithm-names.js";
import { microBatchesInFlight } from "../../../../../src/schedule/pipeline-metrics.js";
import type { PipelineOutcome } from "../../../../../src/schedule/pipeline-outcome.js";
import { searchPipeline } from "../../../../../src/search/pipeline/algorithms.js";

function read(spec: object): Placement {
  const head = { format: "top-compile/placement", version: 1, timeUnit: "step" };
  const result = parsePlacement(JSON.stringify({ ...head, ...spec }));
  if (!result.ok) {
    throw new Error(JSON.stringify(result.error));
  }
  return result.value;
}

function search(
  placement: Placement,
  microBatches: number,
  algorithm: PipelineAlgorithm = "top-compile",
): PipelineOutcome {
  const found = searchPipeline(algorithm, placement, microBatches);
  if (!found.ok) {
    throw new Error(JSON.stringify(found.error));
  }
  return found.value;
}

/** Three stages of 1; the first waits for the last of the micro-batch `distance` before. */
function decode(distance: number): Placement {
  const stages = ["s0", "s1", "s2"];
  return read({
    devices: stages.map((name) => ({ name })),
    blocks: stages.map((id) => ({ id, devices: [id], duration: 1 })),
    dependencies: [
      { from: "s0", to: "s1" },
      { from: "s1", to: "s2" },
      { from: "s2", to: "s0", distance },
    ],
  });
}

/** One device that computes; what it holds between its forward and its backward is on another meanwhile. */
function offloading(memory: number): Placement {
  const elsewhere = (amount: number): object => ({
    devices: ["pcie"],
    duration: 1,
    elsewhere: [{ device: "d0", memory: amount }],
  });
  return read({
    devices: [
      { name: "d0", memory },
      { name: "pcie", kind: "link" },
    ],
    blocks: [
      { id: "f", kind: "forward", devices: ["d0"], duration: 2, memory: 1 },
      { id: "offload", ...elsewhere(-1) },
      { id: "reload", ...elsewhere(1) },
      { id: "b", kind: "backward", devices: ["d0"], duration: 2, memory: -1 },
    ],
    dependencies: [
      { from: "f", to: "offload" },
      { from: "offload", to: "reload" },
      { from: "reload", to: "b" },
    ],
  });
}

describe("placements that are not plain", () => {
  it("make a token wait for the last one", () => {
    // Each goes through all three stages before the next begins.
    const { whole, periodic, status, boundedBy, boundEach } = search(decode(1), 5);
    expect(whole.makespan).toBe(15);
    expect(periodic.period / periodic.microBatchesPerPeriod).toBe(3);
    expect([status, boundedBy.kind, boundEach]).toEqual([
      "optimal",
      "loop",
      { numerator: 3, denominator: 1 },
    ]);
    expect([...boundedBy.blocks].sort()).toEqual([0, 1, 2]);
  });

  it("keep the stages busy where as many requests are decoded as there are stages", () => {
    const { whole, makespanStatus, periodic, status } = search(decode(3), 12);
    expect([whole.makespan, makespanStatus]).toEqual([14, "optimal"]);
    expect([periodic.period / periodic.microBatchesPerPeriod, status]).toEqual([1, "optimal"]);
  });

  it("run micro-batches of their own lengths", () => {
    const spec = {
      devices: [{ name: "d0" }],
      lengths: [2, 1, 3],
      blocks: [{ id: "a", devices: ["d0"], duration: 2 }],
    };
    const { whole, makespanStatus } = search(read(spec), 3);
    expect([whole.makespan, makespanStatus]).toEqual([12, "optimal"]);
    expect(
      [...whole.instances]
        .sort((a, b) => a.microBatch - b.microBatch)
        .map(({ start, end }) => end - start),
    ).toEqual([4, 2, 6]);
  });

  it("run blocks once per step, before and behind all micro-batches", () => {
    const spec = {
      devices: [{ name: "d0" }, { name: "d1" }],
      blocks: [
        { id: "unshard", devices: ["d0"], duration: 3, perStep: true },
        { id: "a", devices: ["d0"], duration: 2 },
        { id: "b", devices: ["d1"], duration: 1 },
        { id: "reduce", devices: ["d1"], duration: 5, perStep: true },
      ],
      dependencies: [
        { from: "unshard", to: "a" },
        { from: "a", to: "b" },
        { from: "b", to: "reduce" },
      ],
    };
    // 3, then four times 2, then 1 on the other device, then 5.
    const { whole, makespanStatus, periodic } = search(read(spec), 4);
    expect([whole.makespan, makespanStatus]).toEqual([17, "optimal"]);
    expect(whole.instances.filter(({ block }) => block === 0 || block === 3)).toHaveLength(2);
    expect(periodic.microBatchesPerPeriod).toBe(4);
  });

  it("give memory back from another device", () => {
    // The memory of a device is held for 2 + 1 and 1 + 2 by each: with room for one, 12 for two.
    expect(search(offloading(1), 2).whole.makespan).toBe(12);
    // With room for two the device works all the time.
    const { whole, makespanStatus } = search(offloading(2), 2);
    expect([whole.makespan, makespanStatus]).toEqual([8, "optimal"]);
  });

  it("are refused by algorithms that do not know them, and with another number of micro-batches", () => {
    const codesOf = (placement: Placement, count: number, algorithm: PipelineAlgorithm) => {
      const found = searchPipeline(algorithm, placement, count);
      return found.ok ? [] : found.error.map(({ code, message }) => `${code}: ${message}`);
    };
    expect(codesOf(decode(1), 4, "tessel")).toEqual([
      "algorithm-too-plain: does not know micro-batches that wait for earlier ones",
    ]);
    expect(codesOf(offloading(1), 4, "1f1b")).toEqual([
      "algorithm-too-plain: does not know memory that blocks change elsewhere",
    ]);
    const unequal = read({
      devices: [{ name: "d0" }],
      lengths: [1, 2],
      blocks: [{ id: "a", devices: ["d0"], duration: 1 }],
    });
    expect(codesOf(unequal, 4, "top-compile")).toEqual([
      "micro-batches-differ: is not the number of micro-batches that the placement states, 2",
    ]);
    expect(codesOf(unequal, 2, "modulo")).toEqual([
      "algorithm-too-plain: does not know micro-batches that are not alike",
    ]);
  });

  it("are refused with another objective than the makespan, which nothing would heed", () => {
    for (const objective of ["span", "bubble"] as const) {
      const found = searchPipeline("top-compile", decode(1), 4, { objective });
      expect(found.ok ? [] : found.error).toMatchObject([
        { code: "algorithm-too-plain", where: `--objective ${objective}`, exit: 1 },
      ]);
    }
  });

  it("may have blocks once per step alone", () => {
    const { whole } = search(
      read({
        devices: [{ name: "d0" }],
        blocks: [{ id: "optimizer", devices: ["d0"], duration: 3, perStep: true }],
        dependencies: [],
      }),
      3,
    );
    expect([whole.makespan, microBatchesInFlight(whole)]).toEqual([3, 1]);
  });

  it("run one micro-batch after the other where memory lets no two chains of one meet", () => {
    const chain = (name: string): object[] =>
      [2, 1, -3].map((memory, at) => ({
        id: `${name}${at}`,
        devices: ["d0"],
        duration: 1,
        memory,
      }));
    const ways = ["a", "b"].flatMap((name) =>
      [0, 1].map((at) => ({ from: `${name}${at}`, to: `${name}${at + 1}` })),
    );
    const spec = {
      devices: [{ name: "d0", memory: 8 }],
      lengths: [1, 2],
      blocks: [...chain("a"), ...chain("b")],
      dependencies: ways,
    };
    expect(search(read(spec), 2).whole.makespan).toBe(18);
    const alike = { devices: [{ name: "d0", memory: 4 }], blocks: spec.blocks };
    const waits = [...ways, { from: "b2", to: "b0", distance: 1 }];
    expect(search(read({ ...alike, dependencies: waits }), 3).whole.makespan).toBe(18);
  });

  it.each(["top-compile", "greedy"] as const)(
    "say where a block once per step waits for itself over micro-batches: %s",
    (algorithm) => {
      const waiting = read({
        devices: [{ name: "d0" }],
        blocks: [
          { id: "f", devices: ["d0"], duration: 1 },
          { id: "all", devices: ["d0"], duration: 1, perStep: true },
          { id: "g", devices: ["d0"], duration: 1 },
          { id: "other", devices: ["d0"], duration: 1, perStep: true },
        ],
        dependencies: [
          { from: "f", to: "all" },
          { from: "all", to: "g" },
          { from: "g", to: "other" },
          { from: "g", to: "f", distance: 1 },
        ],
      });
      expect(search(waiting, 1, algorithm).whole.makespan).toBe(4);
      const found = searchPipeline(algorithm, waiting, 2);
      expect(found.ok ? undefined : found.error[0]).toMatchObject({
        code: "step-waits-for-itself",
        message: expect.stringContaining('exists: "all" once'),
      });
    },
  );
});
