import { describe, expect, it } from "vitest";
import { verifyStagePartition } from "../../../src/partition/stage-partition.js";
import { chain, forkJoin } from "../../support/graphs.js";

const stages = (...stageOf: number[]) => ({
  stageCount: Math.max(...stageOf) + 1,
  stageOf: Int32Array.from(stageOf),
});

describe("verifyStagePartition", () => {
  it("finds nothing in stages that follow the edges", () => {
    expect(verifyStagePartition(chain(4), stages(0, 0, 1, 2))).toEqual([]);
  });

  it("takes a stage that is no run of the model's order", () => {
    // fork, b0, b1, join: b1 stays with the fork, b0 goes with the join.
    expect(verifyStagePartition(forkJoin([1, 1]), stages(0, 1, 0, 1))).toEqual([]);
  });

  it.each([
    ["an edge backwards", stages(0, 1, 0, 1), ["backward-edge"]],
    ["an empty stage", { stageCount: 3, stageOf: Int32Array.of(0, 0, 2, 2) }, ["empty-stage"]],
    [
      "a stage out of range",
      { stageCount: 1, stageOf: Int32Array.of(0, 0, 0, 1) },
      ["stage-out-of-range"],
    ],
    ["a missing operator", stages(0, 0, 1), ["wrong-length"]],
    ["no stages", { stageCount: 0, stageOf: new Int32Array(4) }, ["stage-count-invalid"]],
  ])("finds %s", (_, partition, kinds) => {
    expect(verifyStagePartition(chain(4), partition).map(({ kind }) => kind)).toEqual(kinds);
  });
});
