import fc from "fast-check";
import { expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { workerBounds } from "../../src/schedule/operator-bounds.js";
import { simulateWorkers } from "../../src/schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { searchOperatorSchedules } from "../../src/search/operator/candidates.js";
import { GroupEvaluator } from "../../src/search/operator/group-evaluator.js";
import { groupGraphOf } from "../../src/search/operator/group-graph.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { searchWorkers } from "../../src/search/operator/worker-search.js";
import { arbitraryCase, arbitraryWorkers } from "../support/arbitrary-graphs.js";

it("evaluates plans to the same times as the simulator", () => {
  fc.assert(
    fc.property(
      arbitraryCase(16),
      arbitraryWorkers(),
      fc.nat(),
      ({ graph, costs }, workers, seed) => {
        const random = seededRandom(seed);
        const count = graph.operators.length;
        const chains = graph.operators.map(({ id }) => [id]);
        const evaluator = new GroupEvaluator(groupGraphOf(graph, chains, costs, workers), workers);
        for (let i = 0; i < 3; i++) {
          const plan = {
            order: Int32Array.from({ length: count }, (_, id) => id),
            workerOf: Int32Array.from({ length: count }, () => random.integer(workers.workers)),
            isQuiet: Uint8Array.from({ length: count }, () => random.integer(2)),
          };
          const schedule = composeSchedule(graph, "test", {
            order: plan.order,
            streamOf: plan.workerOf,
            isQuiet: plan.isQuiet,
          });
          expect(verifyOperatorSchedule(graph, schedule)).toEqual([]);
          const line = simulateWorkers(graph, schedule, costs, workers);
          const found = evaluator.evaluate(plan);
          expect(found.segments).toBe(line.segments.length);
          expect(Math.abs(found.makespanNs - line.makespanNs)).toBeLessThanOrEqual(0.501);
        }
      },
    ),
    { numRuns: 150 },
  );
});

it("ranks verified candidates, ours first or equal, none below the bound", () => {
  fc.assert(
    fc.property(arbitraryCase(), arbitraryWorkers(), (problem, workers) => {
      const { ranked, refused, bounds } = searchOperatorSchedules(problem, {
        workers,
        evaluations: 100,
      });
      expect(refused).toEqual([]);
      expect(ranked).toHaveLength(5);
      const times = ranked.map(({ predictedNs }) => predictedNs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      const ours = ranked.find(({ algorithm }) => algorithm === "top-compile");
      expect(ours?.predictedNs).toBe(times[0]);
      for (const { schedule, predictedNs, algorithm } of ranked) {
        expect(schedule.algorithm).toBe(algorithm);
        expect(schedule.streams).toBeLessThanOrEqual(workers.workers);
        expect(verifyOperatorSchedule(problem.graph, schedule)).toEqual([]);
        expect(predictedNs).toBeGreaterThanOrEqual(bounds.lowerBoundNs);
      }
    }),
    { numRuns: 60 },
  );
});

it("proves the sequential schedule optimal on one worker", () => {
  fc.assert(
    fc.property(arbitraryCase(), arbitraryWorkers(), (problem, costs) => {
      const workers = { ...costs, workers: 1 };
      const { makespanNs } = simulateWorkers(
        problem.graph,
        searchWorkers(problem, workers),
        problem.costs,
        workers,
      );
      expect(makespanNs - workerBounds(problem, workers).lowerBoundNs).toBeLessThanOrEqual(1);
    }),
  );
});

it("gives the same schedule for the same seed", () => {
  fc.assert(
    fc.property(arbitraryCase(), arbitraryWorkers(), fc.nat(), (problem, workers, seed) => {
      const search = () => searchWorkers(problem, workers, { seed, evaluations: 50 });
      expect(search()).toEqual(search());
    }),
    { numRuns: 30 },
  );
});

it("scales: all costs times seven take seven times as long", () => {
  fc.assert(
    fc.property(arbitraryCase(), arbitraryWorkers(), ({ graph, costs }, workers) => {
      const schedule = searchWorkers({ graph, costs }, workers, { evaluations: 50 });
      const scaled = { ...costs, durationNs: costs.durationNs.map((ns) => ns * 7) };
      const scaledWorkers = {
        ...workers,
        segmentNs: workers.segmentNs * 7,
        signalNs: workers.signalNs * 7,
        awakeNs: workers.awakeNs * 7,
        wakeNs: workers.wakeNs * 7,
        requestNs: workers.requestNs * 7,
        returnNs: workers.returnNs * 7,
        callerByteNs: workers.callerByteNs * 7,
        tensorNs: workers.tensorNs * 7,
        byteNs: workers.byteNs * 7,
      };
      const once = simulateWorkers(graph, schedule, costs, workers).makespanNs;
      const often = simulateWorkers(graph, schedule, scaled, scaledWorkers).makespanNs;
      expect(Math.abs(often - once * 7)).toBeLessThanOrEqual(4);
    }),
    { numRuns: 40 },
  );
});
