import { describe, expect, it } from "vitest";
import {
  equalDevices,
  type PartitionProblem,
  type PartitionProblemOptions,
  partitionProblemOf,
} from "../../../src/partition/partition-problem.js";
import {
  PARTITION_METHODS,
  type PartitionOutcome,
  type PartitionSearchOptions,
  searchPartition,
} from "../../../src/partition/search-partition.js";
import { verifyStagePartition } from "../../../src/partition/stage-partition.js";
import { chain, costsOf, forkJoin, graphOf, nasnetLike } from "../../support/graphs.js";
import { freeOptions } from "../../support/partitions.js";

const problemOf = (
  durations: readonly number[],
  options: Partial<PartitionProblemOptions> & Pick<PartitionProblemOptions, "devices">,
  graph = chain(durations.length),
): PartitionProblem =>
  partitionProblemOf(graph, Float64Array.from(durations), {
    ...freeOptions(options.devices.length),
    ...options,
  });

function outcomeOf(problem: PartitionProblem, options?: PartitionSearchOptions): PartitionOutcome {
  const found = searchPartition(problem, options);
  if (!found.ok) {
    throw new Error(found.error[0].code);
  }
  return found.value;
}

describe("searchPartition", () => {
  it("cuts a chain where the stages are most even", () => {
    const { partition, periodNs, status } = outcomeOf(
      problemOf([4, 1, 1, 4, 2], { devices: equalDevices(2) }),
    );
    expect(Array.from(partition.stageOf)).toEqual([0, 0, 0, 1, 1]);
    expect([periodNs, status]).toEqual([6, "optimal"]);
  });

  it("lets the faster device do more", () => {
    const devices = [
      { name: "slow", speed: 1, memoryBytes: undefined },
      { name: "fast", speed: 3, memoryBytes: undefined },
    ];
    const { partition, periodNs } = outcomeOf(problemOf([3, 3, 3, 3], { devices }));
    expect(Array.from(partition.stageOf)).toEqual([0, 1, 1, 1]);
    expect(periodNs).toBe(3);
  });

  it("gives a stage operators that no single topological order has side by side", () => {
    // Two branches of 2 and 4 behind a fork of 2: 4 and 4 needs the fork with the branch of 2.
    const { partition, periodNs } = outcomeOf(
      problemOf([2, 2, 4, 0], { devices: equalDevices(2) }, forkJoin([1, 1])),
    );
    expect(periodNs).toBe(4);
    expect(partition.stageOf[1]).toBe(0);
    expect(partition.stageOf[2]).toBe(1);
  });

  it("cuts a cheap tensor rather than evenly", () => {
    const graph = graphOf([
      { outputBytes: 10 },
      { after: [0], outputBytes: 1000 },
      { after: [1], outputBytes: 10 },
      { after: [2], outputBytes: 10 },
    ]);
    const link = { latencyNs: 0, bytesPerSecond: 1e9 };
    const { partition } = outcomeOf(
      problemOf([40, 40, 40, 40], { devices: equalDevices(2), link }, graph),
    );
    expect(Array.from(partition.stageOf)).toEqual([0, 0, 0, 1]);
  });

  it("counts what is received while computing only as far as it is longer", () => {
    const graph = graphOf([{ outputBytes: 30 }, { after: [0], outputBytes: 10 }]);
    const base = { devices: equalDevices(2), link: { latencyNs: 0, bytesPerSecond: 1e9 } };
    expect(outcomeOf(problemOf([40, 20], base, graph)).stages[1]?.timeNs).toBe(50);
    const overlapped = outcomeOf(problemOf([40, 20], { ...base, transfers: "overlapped" }, graph));
    expect(overlapped.stages[1]?.timeNs).toBe(30);
  });

  it("keeps to memory where evenness would not", () => {
    const graph = graphOf([
      { parameterBytes: 90 },
      { after: [0], parameterBytes: 10 },
      { after: [1], parameterBytes: 10 },
      { after: [2], parameterBytes: 10 },
    ]);
    const free = outcomeOf(problemOf([1, 1, 1, 1], { devices: equalDevices(2) }, graph));
    expect(Array.from(free.partition.stageOf)).toEqual([0, 0, 1, 1]);
    const tight = { devices: equalDevices(2, 106) };
    const { partition, stages } = outcomeOf(problemOf([1, 1, 1, 1], tight, graph));
    expect(Array.from(partition.stageOf)).toEqual([0, 1, 1, 1]);
    expect(stages.every(({ memoryBytes }) => memoryBytes <= 106)).toBe(true);
  });

  it("refuses more stages than operators", () => {
    const found = searchPartition(problemOf([1, 1], { devices: equalDevices(3) }));
    expect(found).toMatchObject({
      ok: false,
      error: [{ code: "more-stages-than-operators", exit: 1 }],
    });
  });

  it("says what memory is enough, and it is", () => {
    const graph = graphOf([
      { parameterBytes: 50 },
      { after: [0], parameterBytes: 50 },
      { after: [1], parameterBytes: 50 },
    ]);
    const at = (bytes: number): PartitionProblem =>
      problemOf([1, 1, 1], { devices: equalDevices(2, bytes) }, graph);
    const refused = searchPartition(at(40));
    expect(refused).toMatchObject({ ok: false, error: [{ code: "stage-memory-infeasible" }] });
    const enough = Number(/^(\d+) bytes/.exec((!refused.ok && refused.error[0].hint) || "")?.[1]);
    expect(searchPartition(at(enough)).ok).toBe(true);
    expect(searchPartition(at(enough - 1)).ok).toBe(false);
  });

  it.each(PARTITION_METHODS)("%s alone gives a right partition under its own name", (method) => {
    const graph = nasnetLike(1);
    const problem = partitionProblemOf(graph, costsOf(graph).durationNs, {
      devices: equalDevices(4),
      link: { latencyNs: 5000, bytesPerSecond: 25e9 },
    });
    const options = { method } as const;
    const outcome = outcomeOf(problem, options);
    expect(verifyStagePartition(graph, outcome.partition)).toEqual([]);
    expect(outcome.candidates.map((each) => each.method)).toContain(outcome.method);
    if (method !== "gpg") {
      expect(outcome.method).toBe(method);
    }
    expect(outcomeOf(problem, options)).toEqual(outcome);
  });
});
