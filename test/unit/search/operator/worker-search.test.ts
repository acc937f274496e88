import { describe, expect, it } from "vitest";
import type { WorkerCosts } from "../../../../src/cost/operator-costs.js";
import { OPERATOR_ALGORITHMS } from "../../../../src/schedule/algorithm-names.js";
import { segmentsOf } from "../../../../src/schedule/segments.js";
import { simulateWorkers } from "../../../../src/schedule/simulate-workers.js";
import { searchOperatorSchedules } from "../../../../src/search/operator/candidates.js";
import { chainsOf, groupGraphOf } from "../../../../src/search/operator/group-graph.js";
import { regionsOf } from "../../../../src/search/operator/regions.js";
import { searchWorkers } from "../../../../src/search/operator/worker-search.js";
import { freeWorkers } from "../../../support/arbitrary-graphs.js";
import {
  chain,
  costsOf,
  durations,
  forkJoin,
  graphOf,
  inceptionLike,
  nasnetLike,
} from "../../../support/graphs.js";

/** Worker threads as measured on a small machine: 0.05 ms a segment, 0.1 ms a signal. */
const threads: WorkerCosts = {
  workers: 2,
  segmentNs: 50_000,
  signalNs: 100_000,
  awakeNs: 0,
  wakeNs: 0,
  requestNs: 0,
  returnNs: 0,
  callerByteNs: 0,
  tensorNs: 3_000,
  byteNs: 0.25,
  slowdown: [1, 1.1],
};

describe("searchWorkers", () => {
  it("splits a model of two long branches over two workers", () => {
    const graph = forkJoin([12, 12]);
    const costs = durations([1000, ...Array(24).fill(2_400_000), 100_000]);
    const schedule = searchWorkers({ graph, costs }, threads);
    const segments = segmentsOf(graph, schedule);
    expect(schedule.streams).toBe(2);
    expect(segments.filter(({ operators }) => operators.length >= 12)).toHaveLength(2);
    const { makespanNs } = simulateWorkers(graph, schedule, costs, threads);
    expect(57_800_000 / makespanNs).toBeGreaterThan(1.75);
  });

  it("leaves branches shorter than their overheads sequential", () => {
    const graph = forkJoin([1, 1]);
    const costs = durations([1000, 100_000, 100_000, 1000]);
    expect(searchWorkers({ graph, costs }, threads).streams).toBe(1);
  });

  it("stays sequential when two busy workers are no faster than one", () => {
    const graph = forkJoin([2, 2]);
    const costs = durations([1, 1e7, 1e7, 1e7, 1e7, 1]);
    expect(searchWorkers({ graph, costs }, { ...threads, slowdown: [1, 2] }).streams).toBe(1);
  });

  it("splits only the region that pays", () => {
    // fork, two long branches, join, two short branches, join.
    const graph = graphOf([
      {},
      { after: [0] },
      { after: [0] },
      { after: [1, 2] },
      { after: [3] },
      { after: [3] },
      { after: [4, 5] },
    ]);
    const costs = durations([10, 5e6, 5e6, 10, 5e3, 5e3, 10]);
    const { launches } = searchWorkers({ graph, costs }, threads);
    const worker = new Map(launches.map(({ operator, stream }) => [Number(operator), stream]));
    expect(worker.get(1)).not.toBe(worker.get(2));
    expect(new Set([3, 4, 5, 6].map((id) => worker.get(id))).size).toBe(1);
  });

  it("puts every module of GoogLeNet on two workers, within a tenth of the bound", () => {
    const graph = inceptionLike(9);
    const costs = costsOf(graph);
    const { ranked, bounds } = searchOperatorSchedules({ graph, costs }, { workers: threads });
    expect(ranked[0]?.algorithm).toBe("top-compile");
    expect(ranked[0]?.predictedNs ?? 0).toBeLessThan(bounds.lowerBoundNs * 1.1);
  });

  it("finds a parallel schedule where no group is passed by every path", () => {
    const graph = nasnetLike(6);
    const costs = costsOf(graph);
    const { ranked, bounds } = searchOperatorSchedules({ graph, costs }, { workers: threads });
    expect(ranked[0]?.predictedNs ?? 0).toBeLessThan(bounds.lowerBoundNs * 1.1);
  });

  it("takes graphs of none and one operator", () => {
    expect(searchWorkers({ graph: graphOf([]), costs: durations([]) }, threads).launches).toEqual(
      [],
    );
    expect(searchWorkers({ graph: chain(1), costs: durations([5]) }, threads).streams).toBe(1);
  });
});

describe("searchOperatorSchedules", () => {
  const graph = forkJoin([2, 2]);
  const problem = { graph, costs: durations([1, 10, 10, 10, 10, 1]) };

  it("runs the algorithms asked for, and sequential always", () => {
    const { ranked } = searchOperatorSchedules(problem, {
      workers: freeWorkers(2),
      algorithms: ["nimble"],
    });
    expect(ranked.map(({ algorithm }) => algorithm)).toEqual(["nimble", "sequential"]);
  });

  it("calls a prediction that meets the bound optimal, and points out equal schedules", () => {
    const { ranked, bounds } = searchOperatorSchedules(problem, { workers: freeWorkers(2) });
    expect(bounds).toMatchObject({
      oneStreamNs: 42,
      criticalPathNs: 22,
      workNs: 21,
      lowerBoundNs: 22,
    });
    expect(ranked[0]).toMatchObject({ predictedNs: 22, status: "optimal", sameAs: undefined });
    expect(ranked.find(({ sameAs }) => sameAs !== undefined)?.sameAs).toBe("top-compile");
    expect(ranked.at(-1)).toMatchObject({ algorithm: "sequential", status: "heuristic" });
  });

  it("refuses nimble above its size and says so", () => {
    const large = chain(10_001);
    const { ranked, refused } = searchOperatorSchedules(
      { graph: large, costs: costsOf(large) },
      { workers: freeWorkers(2), evaluations: 1 },
    );
    expect(refused.map(({ algorithm, reason }) => [algorithm, reason.code])).toEqual([
      ["nimble", "too-many-operators"],
    ]);
    expect(ranked.every(({ status }) => status === "optimal")).toBe(true);
  });
});

describe("groups and regions", () => {
  it("joins chains and nothing else", () => {
    expect(chainsOf(forkJoin([2, 1]))).toEqual([[0], [1, 2], [3], [4]]);
    expect(chainsOf(chain(4))).toEqual([[0, 1, 2, 3]]);
  });

  it("cuts where every path passes", () => {
    const regions = (graph: Parameters<typeof costsOf>[0]) =>
      regionsOf(
        groupGraphOf(
          graph,
          graph.operators.map(({ id }) => [id]),
          costsOf(graph),
          threads,
        ),
      ).map(({ first, last }) => [first, last]);
    expect(regions(forkJoin([1, 1]))).toEqual([
      [0, 0],
      [0, 3],
    ]);
    // Two sources, an arc past the join, and a dead end keep what they span together.
    expect(regions(graphOf([{}, {}, { after: [0, 1] }]))).toEqual([[0, 2]]);
    expect(regions(graphOf([{}, { after: [0] }, { after: [0, 1] }]))).toEqual([
      [0, 0],
      [0, 2],
    ]);
    expect(regions(graphOf([{}, { after: [0] }, { after: [0] }]))).toEqual([
      [0, 0],
      [0, 2],
    ]);
  });
});

describe("candidates", () => {
  it("hold a schedule of every algorithm that has a name", () => {
    const graph = nasnetLike(1);
    const { ranked, refused } = searchOperatorSchedules(
      { graph, costs: costsOf(graph) },
      { workers: freeWorkers(2) },
    );
    expect(refused).toEqual([]);
    expect(ranked.map(({ algorithm }) => algorithm).sort()).toEqual(
      [...OPERATOR_ALGORITHMS].sort(),
    );
  });
});
