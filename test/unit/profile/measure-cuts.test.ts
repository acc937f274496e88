import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutNs, inChunks } from "../../../src/profile/measure-cuts.js";
import { simulateWorkers } from "../../../src/schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../../src/schedule/verify-operator-schedule.js";
import { freeWorkers } from "../../support/arbitrary-graphs.js";
import { chain, durations, forkJoin } from "../../support/graphs.js";

const SIX = chain(6);
const COSTS = durations([10, 20, 30, 10, 20, 30]);
const WORKERS = { ...freeWorkers(2), segmentNs: 5 };

describe("inChunks", () => {
  it("gives the operators to two streams in turn, in their order", () => {
    const { launches } = inChunks(SIX, 3);
    expect(launches.map(({ stream }) => stream)).toEqual([0, 0, 1, 1, 0, 0]);
    expect(launches.map(({ waits }) => waits)).toEqual([[], [], [1], [], [3], []]);
    expect(launches.map(({ record }) => record)).toEqual([false, true, false, true, false, false]);
  });

  it("is a schedule of any graph but for waits that others imply", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 2, max: 9 }),
        (branches, chunks) => {
          const graph = forkJoin(branches);
          fc.pre(chunks <= graph.operators.length);
          const problems = verifyOperatorSchedule(graph, inChunks(graph, chunks));
          expect(problems.filter(({ kind }) => kind !== "redundant-wait")).toEqual([]);
        },
      ),
    );
  });
});

describe("cutNs", () => {
  it("is how much longer runs took, for each of their segments", () => {
    const [three, six] = [inChunks(SIX, 3), inChunks(SIX, 6)];
    // Predicted: 120 + 3 x 5, and 120 + 6 x 5; measured 4 and 7 longer for each segment.
    expect(cutNs(SIX, COSTS, WORKERS, [{ schedule: three, measuredNs: 147 }])).toBe(4);
    const both = [
      { schedule: three, measuredNs: 147 },
      { schedule: six, measuredNs: 192 },
    ];
    expect(cutNs(SIX, COSTS, WORKERS, both)).toBe((12 + 42) / 9);
  });

  it("makes the prediction of a chain the measurement", () => {
    const schedule = inChunks(SIX, 3);
    const extra = cutNs(SIX, COSTS, WORKERS, [{ schedule, measuredNs: 150 }]);
    const workers = { ...WORKERS, segmentNs: WORKERS.segmentNs + extra };
    expect(simulateWorkers(SIX, schedule, COSTS, workers).makespanNs).toBe(150);
  });

  it("is nothing where runs took less", () => {
    expect(cutNs(SIX, COSTS, WORKERS, [{ schedule: inChunks(SIX, 3), measuredNs: 100 }])).toBe(0);
  });
});
