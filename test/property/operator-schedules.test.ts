import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Launch, OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import { segmentsOf } from "../../src/schedule/segments.js";
import { segmentOverheadNs, simulateWorkers } from "../../src/schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { foldStreams } from "../../src/search/operator/fold-streams.js";
import { searchOpara } from "../../src/search/operator/opara.js";
import type { OperatorProblem } from "../../src/search/operator/operator-problem.js";
import { searchSequential } from "../../src/search/operator/sequential.js";
import { searchWavefront } from "../../src/search/operator/wavefront.js";
import { arbitraryCase, arbitraryWorkers } from "../support/arbitrary-graphs.js";

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
        for (const { inputs } of segmentsOf(graph, schedule)) {
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
