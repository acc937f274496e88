import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operatorId } from "../../src/ir/operator-graph.js";
import type { OperatorProblem } from "../../src/schedule/operator-problem.js";
import type { Launch, OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import { segmentsOf } from "../../src/schedule/segments.js";
import { segmentOverheadNs, simulateWorkers } from "../../src/schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { foldStreams } from "../../src/search/operator/fold-streams.js";
import { searchOpara } from "../../src/search/operator/opara.js";
import { searchSequential } from "../../src/search/operator/sequential.js";
import { searchWavefront } from "../../src/search/operator/wavefront.js";
import { arbitraryCase, arbitraryWorkers, freeWorkers } from "../support/arbitrary-graphs.js";
import { graphOf } from "../support/graphs.js";

const algorithms: Record<string, (problem: OperatorProblem) => OperatorSchedule> = {
  sequential: searchSequential,
  opara: searchOpara,
  wavefront: searchWavefront,
};

/** Every way to leave one wait out, with the records that then remain. */
function withoutOneWait(schedule: OperatorSchedule): OperatorSchedule[] {
  return schedule.launches.flatMap(({ waits }, at) =>
    waits.map((dropped) => {
      const launches: Launch[] = schedule.launches.map((launch, i) =>
        i === at ? { ...launch, waits: waits.filter((wait) => wait !== dropped) } : launch,
      );
      const awaited = new Set(launches.flatMap((launch) => launch.waits));
      return {
        ...schedule,
        launches: launches.map((launch) => ({ ...launch, record: awaited.has(launch.operator) })),
      };
    }),
  );
}

describe.each(Object.entries(algorithms))("%s", (_, search) => {
  it("gives schedules that verify, before and after folding, and whose waits are all needed", () => {
    fc.assert(
      fc.property(arbitraryCase(), fc.integer({ min: 1, max: 4 }), (problem, workers) => {
        const schedule = search(problem);
        const folded = foldStreams(problem, schedule, workers);
        expect(folded.streams).toBeLessThanOrEqual(Math.max(workers, 1));
        for (const tested of [schedule, folded]) {
          expect(verifyOperatorSchedule(problem.graph, tested)).toEqual([]);
          for (const broken of withoutOneWait(tested)) {
            const kinds = verifyOperatorSchedule(problem.graph, broken).map(({ kind }) => kind);
            expect(kinds).toContain("unmet-dependency");
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is simulated within the laws of conservation", () => {
    fc.assert(
      fc.property(arbitraryCase(), arbitraryWorkers(), (problem, workers) => {
        const { graph, costs } = problem;
        const schedule = foldStreams(problem, search(problem), workers.workers);
        const line = simulateWorkers(graph, schedule, costs, workers);
        let overheads = 0;
        const starts = schedule.streams > 1 ? segmentsOf(graph, schedule) : [];
        for (const { inputs } of starts) {
          overheads += segmentOverheadNs(graph, inputs, workers);
        }
        const work = costs.durationNs.reduce((sum, ns) => sum + ns, 0) + overheads;
        if (schedule.streams === 1) {
          expect(line.makespanNs).toBe(Math.round(work));
        }
        expect(line.makespanNs).toBeGreaterThanOrEqual(Math.floor(work / workers.workers));
        for (const { id, predecessors } of graph.operators) {
          const start = line.operatorStartNs[id] ?? -1;
          expect((line.operatorEndNs[id] ?? 0) - start).toBeGreaterThanOrEqual(
            (costs.durationNs[id] ?? 0) - 1,
          );
          for (const predecessor of predecessors) {
            expect(start).toBeGreaterThanOrEqual(line.operatorEndNs[predecessor] ?? 0);
          }
        }
        const streams = streamsOf(schedule);
        for (const launches of streams) {
          for (const [i, { operator }] of launches.entries()) {
            const before = launches[i - 1]?.operator;
            const free = before === undefined ? 0 : (line.operatorEndNs[before] ?? 0);
            expect(line.operatorStartNs[operator]).toBeGreaterThanOrEqual(free);
          }
        }
      }),
      { numRuns: 80 },
    );
  });
});

/** The launches of each stream, in order. */
function streamsOf({ streams, launches }: OperatorSchedule): Launch[][] {
  return Array.from({ length: streams }, (_, stream) =>
    launches.filter((launch) => launch.stream === stream),
  );
}

it("does not get faster when an operator gets slower, without contention and for workers that do not sleep", () => {
  fc.assert(
    fc.property(arbitraryCase(), arbitraryWorkers(), fc.nat(), (problem, drawn, chosen) => {
      const workers = { ...drawn, wakeNs: 0, slowdown: [1] };
      const { graph, costs } = problem;
      const schedule = foldStreams(problem, searchOpara(problem), workers.workers);
      const slower = costs.durationNs.slice();
      const id = chosen % slower.length;
      slower[id] = (slower[id] ?? 0) + 100;
      const before = simulateWorkers(graph, schedule, costs, workers).makespanNs;
      const changed = { ...costs, durationNs: slower };
      const after = simulateWorkers(graph, schedule, changed, workers).makespanNs;
      expect(after).toBeGreaterThanOrEqual(before);
      expect(after).toBeLessThanOrEqual(before + 100);
    }),
    { numRuns: 60 },
  );
});

it("takes no longer for a last operator that takes no time on workers that cost nothing", () => {
  fc.assert(
    fc.property(arbitraryCase(), fc.integer({ min: 1, max: 3 }), ({ graph, costs }, width) => {
      const longer = {
        graph: graphOf([
          ...graph.operators.map(({ predecessors }) => ({ after: predecessors })),
          { after: graph.operators.map(({ id }) => id) },
        ]),
        costs: { ...costs, durationNs: Float64Array.from([...costs.durationNs, 0]) },
      };
      const last: Launch = {
        operator: operatorId(graph.operators.length),
        stream: 0,
        waits: [],
        record: false,
      };
      const schedule = foldStreams({ graph, costs }, searchWavefront({ graph, costs }), width);
      const workers = freeWorkers(width);
      const { makespanNs } = simulateWorkers(graph, schedule, costs, workers);
      const extended = { ...schedule, launches: [...schedule.launches, last] };
      const line = simulateWorkers(longer.graph, extended, longer.costs, workers);
      expect(line.makespanNs).toBe(makespanNs);
    }),
    { numRuns: 40 },
  );
});
