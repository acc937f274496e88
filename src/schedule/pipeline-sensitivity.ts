/**
 * The blocks that a repeating schedule waits for, and the gain from making one faster.
 *
 * The order of blocks on every device and the shifts are kept; the times follow from them. The least
 * period of the order is its critical cycle's time per distance (`maxCycleRatio`). A block off that
 * cycle can be made as fast as one likes, the period stays: only blocks on it are worth a look.
 * For each of them the period is computed again with the block a tenth faster. The gain can be less
 * than the block's share of the cycle, because a second cycle is often just as long: pipelines are
 * balanced on purpose. When no single block helps, blocks are made faster one after the other, each
 * time the longest of the cycle that is critical then, until the period falls: that is the set to
 * work on.
 *
 * Example: V-shape on four devices: each device is a cycle f, b of 4. No block alone helps; all four
 * b a tenth faster give 3.7.
 */
import type { Placement } from "../placement/placement.js";
import { type EventGraph, eventGraph } from "./event-graph.js";
import {
  type CriticalCycle,
  isGreater,
  maxCycleRatio,
  type Ratio,
  reduced,
} from "./max-cycle-ratio.js";
import type { PeriodicSchedule } from "./pipeline-schedule.js";

/** One block of the critical cycle, and what keeps the next one waiting after it. */
export interface CycleStep {
  /** Position in `Placement.blocks`. */
  readonly block: number;
  readonly residue: number;
  /** Why the next waits: it depends on this one, or a shared device runs it afterwards. */
  readonly link: "dependency" | "device";
  /** Time between the end of this one and the start of the next. */
  readonly latency: number;
  /** Repetitions between the two. */
  readonly distance: number;
}

/** The period when blocks take a tenth less time. */
export interface FasterBlocks {
  /** Positions in `Placement.blocks`. */
  readonly blocks: readonly number[];
  /** Least period of the same order then. */
  readonly period: Ratio;
}

/** One block of the critical cycle. */
export interface BlockSensitivity extends FasterBlocks {
  /** Growth of the period per growth of the block's duration; as much as it shrinks at first, at most. */
  readonly derivative: Ratio;
}

/** The use of time in a repeating order. */
export interface PipelineSensitivity {
  /** Least period of the order, for all micro-batches of the period. */
  readonly period: Ratio;
  /** From the entry that starts first in the repetend. */
  readonly cycle: readonly CycleStep[];
  /**
   * Every block of the cycle alone, the shortest period first, then the largest derivative times
   * duration, then by position; of long cycles those with the MOST_BLOCKS largest shares.
   */
  readonly single: readonly BlockSensitivity[];
  /** Blocks that shorten the period when all become faster; `undefined`: more than MOST_BLOCKS. */
  readonly together: FasterBlocks | undefined;
}

/** Blocks that are made faster at most: each costs a search for the critical cycle. */
const MOST_BLOCKS = 64;

/** A block becomes faster by one of this many parts; durations are counted in them to stay integers. */
const PARTS = 10;

/**
 * The critical cycle of a schedule's order and what faster blocks would change.
 *
 * Requires: a valid schedule. Cost: up to 129 times `maxCycleRatio`.
 */
export function pipelineSensitivity(
  placement: Placement,
  schedule: PeriodicSchedule,
): PipelineSensitivity {
  const task = taskOf(placement, eventGraph(placement, schedule));
  const { graph } = task;
  const critical = maxCycleRatio(task.inParts, durationsWith(task, new Set()));
  const shares = sharesOf(placement, graph, critical).slice(0, MOST_BLOCKS);
  const turns = critical.edges.reduce((sum, edge) => sum + (graph.distance[edge] ?? 0), 0);
  const single = shares.map(({ block, times }) => ({
    ...faster(task, block, critical),
    derivative: reduced(times, Math.max(1, turns)),
  }));
  single.sort(
    (a, b) => Number(isGreater(a.period, b.period)) - Number(isGreater(b.period, a.period)),
  );
  return {
    period: inUnits(critical.ratio),
    cycle: stepsOf(graph, critical),
    single,
    together: fasterTogether(placement, task, critical),
  };
}

/** The data of every question. */
interface Task {
  readonly graph: EventGraph;
  /** The same with latencies in parts. */
  readonly inParts: EventGraph;
  /** By node. */
  readonly blockOf: Int32Array;
  readonly duration: Float64Array;
}

function taskOf({ blocks }: Placement, graph: EventGraph): Task {
  const { entries, latency } = graph;
  return {
    graph,
    inParts: { ...graph, latency: latency.map((time) => time * PARTS) },
    blockOf: Int32Array.from(entries, ({ block }) => block),
    duration: Float64Array.from(entries, ({ block }) => blocks[block]?.duration ?? 0),
  };
}

/** Durations in parts, by node, the blocks of `fast` one part shorter. */
function durationsWith({ blockOf, duration }: Task, fast: ReadonlySet<number>): Float64Array {
  return duration.map((time, node) => time * (fast.has(blockOf[node] ?? 0) ? PARTS - 1 : PARTS));
}

function inUnits({ numerator, denominator }: Ratio): Ratio {
  return reduced(numerator, denominator * PARTS);
}

/** The cycle that is critical now bounds what is left, so the search starts from it. */
function faster(task: Task, block: number, { edges }: CriticalCycle): FasterBlocks {
  const durations = durationsWith(task, new Set([block]));
  return { blocks: [block], period: inUnits(maxCycleRatio(task.inParts, durations, edges).ratio) };
}

/** The number of times that the cycle passes each of its blocks: most time first, then by position. */
function sharesOf(
  { blocks }: Placement,
  { entries, from }: EventGraph,
  { edges }: CriticalCycle,
): readonly { readonly block: number; readonly times: number }[] {
  const times = new Map<number, number>();
  for (const edge of edges) {
    const block = entries[from[edge] ?? 0]?.block ?? 0;
    times.set(block, (times.get(block) ?? 0) + 1);
  }
  const timeOf = (block: number): number =>
    (blocks[block]?.duration ?? 0) * (times.get(block) ?? 0);
  return [...times]
    .map(([block, count]) => ({ block, times: count }))
    .sort((a, b) => timeOf(b.block) - timeOf(a.block) || a.block - b.block);
}

function fasterTogether(
  placement: Placement,
  task: Task,
  critical: CriticalCycle,
): FasterBlocks | undefined {
  const fast = new Set<number>();
  let cycle = critical;
  while (fast.size < MOST_BLOCKS) {
    // A cycle as long as the first one has a block that is not faster yet.
    const next = sharesOf(placement, task.graph, cycle).find(({ block }) => !fast.has(block));
    if (next === undefined) {
      return undefined;
    }
    fast.add(next.block);
    cycle = maxCycleRatio(task.inParts, durationsWith(task, fast));
    if (isGreater(critical.ratio, cycle.ratio)) {
      return { blocks: [...fast].sort((a, b) => a - b), period: inUnits(cycle.ratio) };
    }
  }
  return undefined;
}

function stepsOf(graph: EventGraph, { edges }: CriticalCycle): readonly CycleStep[] {
  const { entries, from, distance, latency, isDependency } = graph;
  const steps = edges.map((edge): CycleStep & { readonly node: number } => {
    const node = from[edge] ?? 0;
    const entry = entries[node];
    return {
      node,
      block: entry?.block ?? 0,
      residue: entry?.residue ?? 0,
      link: isDependency[edge] === 1 ? "dependency" : "device",
      latency: latency[edge] ?? 0,
      distance: distance[edge] ?? 0,
    };
  });
  const first = steps.reduce(
    (least, { node }, at) => (node < (steps[least]?.node ?? 0) ? at : least),
    0,
  );
  const turned = [...steps.slice(first), ...steps.slice(0, first)];
  return turned.map(({ node: _, ...step }) => step);
}
