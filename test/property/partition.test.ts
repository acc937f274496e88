import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { decodeParameters } from "../../src/learn/fixed-point.js";
import { chainDp } from "../../src/partition/chain-dp.js";
import { orderCutter } from "../../src/partition/cut-order.js";
import { exhaustivePartition } from "../../src/partition/exhaustive.js";
import type { FoundPartition } from "../../src/partition/found-partition.js";
import { refineByPolicy } from "../../src/partition/gpg/gpg.js";
import { PRETRAINED_WEIGHTS } from "../../src/partition/gpg/pretrained-weights.js";
import { partitionGraphOf } from "../../src/partition/partition-graph.js";
import type { PartitionProblem } from "../../src/partition/partition-problem.js";
import { searchPartition } from "../../src/partition/search-partition.js";
import { fitsInMemory, periodOf, stageCosts } from "../../src/partition/stage-costs.js";
import { verifyStagePartition } from "../../src/partition/stage-partition.js";
import { candidateOrders } from "../../src/partition/topological-orders.js";
import { arbitraryPartitionProblem, bestOfAll, bestOfOrder } from "../support/partitions.js";

describe("orderCutter", () => {
  it("cuts an order as well as trying all cuts does", () => {
    let [feasible, infeasible] = [0, 0];
    fc.assert(
      fc.property(arbitraryPartitionProblem(9, 4), (problem) => {
        const graph = partitionGraphOf(problem);
        const stageCount = problem.devices.length;
        const cutter = orderCutter(graph);
        for (const order of candidateOrders(graph)) {
          const best = bestOfOrder(problem, order);
          const found = cutter.cut(order, stageCount);
          expect(found?.periodNs).toBe(best);
          if (found === undefined) {
            infeasible++;
            continue;
          }
          feasible++;
          const partition = { stageCount, stageOf: cutter.stagesOf(order, found.cuts) };
          expect(verifyStagePartition(problem.graph, partition)).toEqual([]);
          expect(periodOf(problem, partition)).toBe(found.periodNs);
          expect(fitsInMemory(problem, stageCosts(problem, partition))).toBe(true);
          expect(cutter.cut(order, stageCount, found.periodNs)).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
    expect(feasible).toBeGreaterThan(0);
    expect(infeasible).toBeGreaterThan(0);
  });
});

describe("candidateOrders", () => {
  it("are topological orders", () => {
    fc.assert(
      fc.property(arbitraryPartitionProblem(24, 2), (problem) => {
        for (const order of candidateOrders(partitionGraphOf(problem))) {
          const place = new Map(Array.from(order, (id, at) => [id as number, at]));
          expect(place.size).toBe(problem.graph.operators.length);
          for (const { id, predecessors } of problem.graph.operators) {
            for (const before of predecessors) {
              expect(place.get(before)!).toBeLessThan(place.get(id)!);
            }
          }
        }
      }),
    );
  });
});

describe("exhaustivePartition", () => {
  it("is as good as trying every assignment", () => {
    let [feasible, infeasible] = [0, 0];
    fc.assert(
      fc.property(arbitraryPartitionProblem(8, 4), (problem) => {
        const stages = problem.devices.length;
        const { found, isComplete } = exhaustivePartition(
          partitionGraphOf(problem),
          stages,
          Number.POSITIVE_INFINITY,
          1e6,
        );
        expect(isComplete).toBe(true);
        expect(found?.periodNs).toBe(bestOfAll(problem));
        if (found === undefined) {
          infeasible++;
        } else {
          feasible++;
          expectRight(problem, found);
        }
      }),
      { numRuns: 300 },
    );
    expect(feasible).toBeGreaterThan(0);
    expect(infeasible).toBeGreaterThan(0);
  });
});

describe("searchPartition", () => {
  it("finds the optimum of small problems, and every method a right partition", () => {
    let feasible = 0;
    fc.assert(
      fc.property(arbitraryPartitionProblem(9, 4), (problem) => {
        const found = searchPartition(problem);
        const best = bestOfAll(problem);
        if (!found.ok) {
          expect(found.error[0].code).toMatch(/^stage-memory-/);
          if (found.error[0].code === "stage-memory-infeasible") {
            expect(best).toBeUndefined();
          }
          return;
        }
        feasible++;
        expect(found.value.periodNs).toBe(best);
        expect(found.value.status).toBe("optimal");
        for (const candidate of found.value.candidates) {
          expectRight(problem, candidate);
        }
      }),
      { numRuns: 150 },
    );
    expect(feasible).toBeGreaterThan(0);
  });

  it("is never worse than any method, on graphs too large to try everything", () => {
    fc.assert(
      fc.property(arbitraryPartitionProblem(60, 5), (problem) => {
        const found = searchPartition(problem);
        fc.pre(found.ok);
        for (const candidate of found.value.candidates) {
          expectRight(problem, candidate);
          expect(found.value.periodNs).toBeLessThanOrEqual(candidate.periodNs);
          expect(candidate.periodNs).toBeGreaterThanOrEqual(found.value.lowerBoundNs - 1e-6);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("refineByPolicy", () => {
  it("gives right partitions, never worse than where it starts", () => {
    let better = 0;
    fc.assert(
      fc.property(arbitraryPartitionProblem(40, 5), fc.nat({ max: 1000 }), (problem, seed) => {
        const graph = partitionGraphOf(problem);
        const cutter = orderCutter(graph);
        const start = chainDp(cutter, candidateOrders(graph), problem.devices.length);
        fc.pre(start !== undefined);
        const { found } = refineByPolicy(problem.graph, graph, cutter, [start], {
          parameters: decodeParameters(PRETRAINED_WEIGHTS),
          rounds: 2,
          fineTune: 2,
          lowerBoundNs: 0,
          random: seededRandom(seed),
        });
        expectRight(problem, found);
        expect(found.periodNs).toBeLessThanOrEqual(start.periodNs);
        better += found.periodNs < start.periodNs ? 1 : 0;
      }),
      { numRuns: 40 },
    );
    expect(better).toBeGreaterThan(0);
  });
});

function expectRight(problem: PartitionProblem, { partition, periodNs }: FoundPartition): void {
  expect(verifyStagePartition(problem.graph, partition)).toEqual([]);
  expect(periodOf(problem, partition)).toBe(periodNs);
  expect(fitsInMemory(problem, stageCosts(problem, partition))).toBe(true);
}

describe("the memory that a failure names", () => {
  it("is enough, and less than the other is not", () => {
    let [both, proved] = [0, 0];
    fc.assert(
      fc.property(arbitraryPartitionProblem(8, 3), (drawn) => {
        const withMemory = (memoryBytes: number): PartitionProblem => ({
          ...drawn,
          devices: drawn.devices.map((device) => ({ ...device, memoryBytes })),
        });
        const refused = searchPartition(withMemory(1));
        if (refused.ok) {
          return;
        }
        const [{ hint = "" }] = refused.error;
        const [enough = Number.NaN, least = enough] = (
          hint.match(/\d+(?= bytes| are not)/g) ?? []
        ).map(Number);
        both++;
        proved += least === enough ? 1 : 0;
        expect(bestOfAll(withMemory(enough))).toBeDefined();
        expect(searchPartition(withMemory(enough)).ok).toBe(true);
        expect(bestOfAll(withMemory(least - 1))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
    expect(both).toBeGreaterThan(0);
    expect(proved).toBeGreaterThan(0);
  });
});
