import fc from "fast-check";
import { expect, it } from "vitest";
import type { WorkerCosts } from "../../src/cost/operator-costs.js";
import type { OperatorGraph } from "../../src/ir/operator-graph.js";
import type { OperatorProblem } from "../../src/schedule/operator-problem.js";
import { simulateWorkers } from "../../src/schedule/simulate-workers.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { searchWorkers } from "../../src/search/operator/worker-search.js";
import { arbitraryCase, arbitraryWorkers } from "../support/arbitrary-graphs.js";

/** Every topological order. */
function* orders(graph: OperatorGraph, made: readonly number[] = []): Generator<number[]> {
  if (made.length === graph.operators.length) {
    yield [...made];
    return;
  }
  for (const { id, predecessors } of graph.operators) {
    if (!made.includes(id) && predecessors.every((before) => made.includes(before))) {
      yield* orders(graph, [...made, id]);
    }
  }
}

/** The best makespan of all orders and all assignments to two workers. */
function bestOfAll({ graph, costs }: OperatorProblem, workers: WorkerCosts): number {
  const count = graph.operators.length;
  let best = Number.POSITIVE_INFINITY;
  for (const order of orders(graph)) {
    for (let bits = 0; bits < 2 ** (count - 1); bits++) {
      const schedule = composeSchedule(graph, "oracle", {
        order: Int32Array.from(order),
        streamOf: Int32Array.from({ length: count }, (_, id) => (bits >> id) & 1),
      });
      best = Math.min(best, simulateWorkers(graph, schedule, costs, workers).makespanNs);
    }
  }
  return best;
}

it("is as fast as the best of all schedules of up to five operators on two workers", () => {
  let split = 0;
  let missed = 0;
  fc.assert(
    fc.property(arbitraryCase(5), arbitraryWorkers(2), (problem, costs) => {
      const workers = { ...costs, workers: 2 };
      const schedule = searchWorkers(problem, workers);
      const found = simulateWorkers(problem.graph, schedule, problem.costs, workers).makespanNs;
      const best = bestOfAll(problem, workers);
      // The search is a heuristic: fewer than one such graph in a thousand is missed, by little.
      expect(found).toBeLessThanOrEqual(best * 1.05);
      missed += found > best ? 1 : 0;
      split += schedule.streams - 1;
    }),
    { numRuns: 200 },
  );
  expect(missed).toBeLessThanOrEqual(1);
  expect(split).toBeGreaterThan(5);
});
