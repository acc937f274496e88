import fc from "fast-check";
import {
  type PartitionProblem,
  type PartitionProblemOptions,
  partitionProblemOf,
  type SharedMemory,
} from "../../src/partition/partition-problem.js";
import { fitsInMemory, periodOf, stageCosts } from "../../src/partition/stage-costs.js";
import type { StagePartition } from "../../src/partition/stage-partition.js";
import { arbitraryCase, type Case } from "./arbitrary-graphs.js";

/** Options of a problem without limits, for stages on equal devices over a free link. */
export function freeOptions(stages: number): PartitionProblemOptions {
  return {
    devices: Array.from({ length: stages }, (_, i) => ({
      name: `d${i}`,
      speed: 1,
      memoryBytes: undefined,
    })),
    link: { latencyNs: 0, bytesPerSecond: Number.POSITIVE_INFINITY },
  };
}

/**
 * Random problems: up to `max` operators, up to `stages` devices of any speed, dear or free links,
 * fixed times, memory that operators share.
 */
export function arbitraryPartitionProblem(
  max: number,
  stages: number,
): fc.Arbitrary<PartitionProblem> {
  return fc
    .record({
      case: arbitraryCase(max),
      speeds: fc.array(fc.constantFrom(1, 1, 2, 0.5, 3), { minLength: 1, maxLength: stages }),
      memory: fc.constantFrom(undefined, undefined, 3000, 6000, 20_000),
      latencyNs: fc.constantFrom(0, 10, 200),
      bytesPerSecond: fc.constantFrom(Number.POSITIVE_INFINITY, 1e9, 3e8),
      transfers: fc.constantFrom("serial" as const, "overlapped" as const),
      inFlight: fc.constantFrom(1, 2),
      parameterBytes: fc.array(fc.nat({ max: 500 }), { minLength: max, maxLength: max }),
      fixedNs: fc.array(fc.constantFrom(0, 0, 15, 300), { minLength: stages, maxLength: stages }),
      isFixedAlike: fc.boolean(),
      shared: fc.array(
        fc.record({
          readers: fc.uniqueArray(fc.nat({ max: max - 1 }), { minLength: 1, maxLength: 4 }),
          parameterBytes: fc.constantFrom(0, 900, 2500),
          keptBytes: fc.constantFrom(0, 0, 700),
        }),
        { maxLength: 3 },
      ),
    })
    .map((drawn) => problemFrom(drawn));
}

interface Drawn {
  readonly case: Case;
  readonly speeds: readonly number[];
  readonly memory: number | undefined;
  readonly latencyNs: number;
  readonly bytesPerSecond: number;
  readonly transfers: "serial" | "overlapped";
  readonly inFlight: number;
  readonly parameterBytes: readonly number[];
  readonly fixedNs: readonly number[];
  readonly isFixedAlike: boolean;
  readonly shared: readonly SharedMemory[];
}

function problemFrom(drawn: Drawn): PartitionProblem {
  const { graph, costs } = drawn.case;
  const speeds = drawn.speeds.slice(0, graph.operators.length);
  const problem = partitionProblemOf(graph, costs.durationNs, {
    devices: speeds.map((speed, i) => ({
      name: `d${i}`,
      speed,
      memoryBytes: drawn.memory,
      fixedNs: drawn.fixedNs[drawn.isFixedAlike ? 0 : i]!,
    })),
    link: { latencyNs: drawn.latencyNs, bytesPerSecond: drawn.bytesPerSecond },
    transfers: drawn.transfers,
    inFlight: speeds.map(() => drawn.inFlight),
  });
  const parameterBytes = Float64Array.from(graph.operators, ({ id }) => drawn.parameterBytes[id]!);
  const shared = drawn.shared.flatMap((each) => {
    const readers = each.readers
      .filter((reader) => reader < graph.operators.length)
      .sort((a, b) => a - b);
    return readers.length === 0 ? [] : [{ ...each, readers }];
  });
  return { ...problem, memory: { ...problem.memory, parameterBytes, shared } };
}

/** The least period of all partitions that fit, by trying every one; `undefined` when none fits. */
export function bestOfAll(problem: PartitionProblem): number | undefined {
  const stageCount = problem.devices.length;
  const { operators } = problem.graph;
  const stageOf = new Int32Array(operators.length);
  let best: number | undefined;
  const assign = (id: number): void => {
    if (id === operators.length) {
      best = least(best, periodIfRight(problem, { stageCount, stageOf }));
      return;
    }
    const first = Math.max(0, ...operators[id]!.predecessors.map((before) => stageOf[before]!));
    for (let stage = first; stage < stageCount; stage++) {
      stageOf[id] = stage;
      assign(id + 1);
    }
  };
  assign(0);
  return best;
}

/** The least period of all ways to cut one order, by trying every one. */
export function bestOfOrder(problem: PartitionProblem, order: Int32Array): number | undefined {
  const stageCount = problem.devices.length;
  const stageOf = new Int32Array(order.length);
  let best: number | undefined;
  const assign = (at: number, stage: number): void => {
    if (at === order.length) {
      best = least(best, periodIfRight(problem, { stageCount, stageOf }));
      return;
    }
    stageOf[order[at]!] = stage;
    assign(at + 1, stage);
    if (stage + 1 < stageCount && at > 0) {
      stageOf[order[at]!] = stage + 1;
      assign(at + 1, stage + 1);
    }
  };
  assign(0, 0);
  return best;
}

function least(best: number | undefined, value: number | undefined): number | undefined {
  return value === undefined || (best !== undefined && best <= value) ? best : value;
}

function periodIfRight(problem: PartitionProblem, partition: StagePartition): number | undefined {
  const used = new Set(partition.stageOf);
  return used.size === partition.stageCount && fitsInMemory(problem, stageCosts(problem, partition))
    ? periodOf(problem, partition)
    : undefined;
}
