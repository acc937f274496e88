import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderCutter } from "../../src/partition/cut-order.js";
import { partitionGraphOf } from "../../src/partition/partition-graph.js";
import { fitsInMemory, periodOf, stageCosts } from "../../src/partition/stage-costs.js";
import { verifyStagePartition } from "../../src/partition/stage-partition.js";
import { candidateOrders } from "../../src/partition/topological-orders.js";
import { arbitraryPartitionProblem, bestOfOrder } from "../support/partitions.js";

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
