/** Operators that must stay together do, in every candidate, wherever they are in the graph. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { keepTogether } from "../../src/ir/keep-together.js";
import { segmentsOf } from "../../src/schedule/segments.js";
import { simulateWorkers } from "../../src/schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { searchOperatorSchedules } from "../../src/search/operator/candidates.js";
import { arbitraryCase, arbitraryWorkers, freeWorkers } from "../support/arbitrary-graphs.js";

it("keeps writers and readers of chosen tensors in one segment of every candidate", () => {
  let split = 0;
  const workers = fc.oneof(arbitraryWorkers(), fc.constant(freeWorkers(4)));
  const kept = fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(arbitraryCase(20), workers, kept, ({ graph, costs }, costOf, chosen) => {
      const isKept = ({ id }: { readonly id: number }) => chosen.includes(id);
      const own = graph.operators.map(({ id }) => id);
      const groupOf = keepTogether(graph, own, isKept);
      const options = { workers: costOf, evaluations: 100, groupOf };
      for (const candidate of searchOperatorSchedules({ graph, costs }, options).ranked) {
        const { schedule, predictedNs } = candidate;
        expect(verifyOperatorSchedule(graph, schedule)).toEqual([]);
        expect(simulateWorkers(graph, schedule, costs, costOf).makespanNs).toBe(predictedNs);
        const handed = segmentsOf(graph, schedule).flatMap(({ inputs }) => inputs);
        const parted = handed.filter((id) => chosen.includes(id));
        expect(parted.filter((id) => graph.tensors[id]?.producer !== undefined)).toEqual([]);
        split += schedule.streams > 1 && chosen.length > 0 ? 1 : 0;
      }
    }),
    { numRuns: 150 },
  );
  expect(split).toBeGreaterThan(20);
});

it("finds no other schedules where nothing must stay together", () => {
  fc.assert(
    fc.property(arbitraryCase(16), arbitraryWorkers(), (problem, workers) => {
      const groupOf = problem.graph.operators.map(({ id }) => id);
      const options = { workers, evaluations: 50 };
      const plain = searchOperatorSchedules(problem, options);
      expect(searchOperatorSchedules(problem, { ...options, groupOf })).toEqual(plain);
    }),
    { numRuns: 30 },
  );
});

it("joins the groups of a writer and its readers, and nothing else", () => {
  fc.assert(
    fc.property(arbitraryCase(20), fc.array(fc.nat({ max: 20 })), ({ graph }, chosen) => {
      const own = graph.operators.map(({ id }) => id);
      const groupOf = keepTogether(graph, own, ({ id }) => chosen.includes(id));
      // By definition: the connected parts of the graph whose edges are the chosen tensors.
      const expected: number[] = [...own];
      for (let changed = true; changed; ) {
        changed = false;
        for (const { id, producer, consumers } of graph.tensors) {
          const ends = producer === undefined ? [] : [producer, ...consumers];
          const least = Math.min(...ends.map((end) => expected[end] ?? end));
          for (const end of chosen.includes(id) ? ends : []) {
            changed ||= expected[end] !== least;
            expected[end] = least;
          }
        }
      }
      expect([...groupOf]).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});
