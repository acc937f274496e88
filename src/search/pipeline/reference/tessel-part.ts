import type { Placement } from "../../../placement/placement.js";
import type { OrderItem } from "../../../schedule/run-orders.js";
import { pathsBefore, pathsBehind } from "../path-bounds.js";
import {
  type Arc,
  type DisjunctiveProblem,
  type Item,
  MAX_ITEMS,
  solveDisjunctive,
} from "./disjunctive.js";

/** The item that a block is in a disjunctive problem. */
export function itemsOf({ blocks, memoryRelease }: Placement): readonly Item[] {
  return blocks.map(({ duration, memory, workspace }) => ({
    duration,
    keep: memory,
    peak: (memoryRelease === "end" ? Math.max(0, memory) : memory) + workspace,
  }));
}

/** A warm-up or a cool-down: starts in the order of its instances. */
export interface PartAnswer {
  /** `undefined`: memory does not allow it, or the limit came first. */
  readonly starts: readonly number[] | undefined;
  readonly nodes: number;
  /** Whether a limit kept a shorter part, or any, from being tried to the end. */
  readonly isCutShort: boolean;
}

/** What limits the search for a part. */
export interface PartOptions {
  /** Nodes of each decision; after one is cut short the run may not be the shortest. */
  readonly maxNodes: number;
  /** A run as short as this is good enough; default 0. */
  readonly accept?: number;
}

/**
 * The shortest run of some block instances, from `base` memory on each device: bisection over the
 * decision "within this makespan", between the load of a device and everything in a row.
 */
export function solvePart(
  placement: Placement,
  instances: readonly OrderItem[],
  base: readonly number[],
  { maxNodes, accept = 0 }: PartOptions,
): PartAnswer {
  if (instances.length >= MAX_ITEMS) {
    return { starts: undefined, nodes: 0, isCutShort: true };
  }
  const kinds = itemsOf(placement);
  const items = instances.map(({ block }) => kinds[block] ?? { duration: 0, keep: 0, peak: 0 });
  const arcs = arcsOf(placement, instances);
  const source = items.length;
  const lines = placement.devices.map(({ memory }, device) => ({
    items: instances.flatMap(({ block }, at) =>
      placement.blocks[block]?.devices.includes(device) ? [at] : [],
    ),
    base: base[device] ?? 0,
    limit: memory,
  }));
  const within = (makespan: number): DisjunctiveProblem => ({
    items: [...items, { duration: 0, keep: 0, peak: 0 }],
    arcs: [
      ...arcs,
      ...items.flatMap(({ duration }, at): readonly Arc[] => [
        { from: source, to: at, weight: 0 },
        { from: at, to: source, weight: duration - makespan },
      ]),
    ],
    lines,
  });
  const loads = lines.map((line) =>
    line.items.reduce((sum, at) => sum + (items[at]?.duration ?? 0), 0),
  );
  const slowest = placement.dependencies.reduce((most, { latency }) => Math.max(most, latency), 0);
  const longest = items.reduce((sum, { duration }) => sum + duration + slowest, 0);
  let nodes = 0;
  let isCutShort = false;
  const decide = (makespan: number): readonly number[] | undefined => {
    const answer = solveDisjunctive(within(makespan), maxNodes);
    nodes += answer.nodes;
    isCutShort ||= answer.isCutShort;
    return answer.starts?.slice(0, source);
  };
  const endOf = (starts: readonly number[]): number =>
    Math.max(0, ...starts.map((start, at) => start + (items[at]?.duration ?? 0)));
  let starts = decide(longest);
  let least = Math.max(accept, ...loads);
  while (starts !== undefined && least < endOf(starts)) {
    const middle = Math.floor((least + endOf(starts)) / 2);
    const found = decide(middle);
    [starts, least] = found ? [found, least] : [starts, middle + 1];
  }
  return { starts, nodes, isCutShort };
}

/** Dependencies inside the part, and the micro-batches of a block in their order. */
function arcsOf({ blocks, dependencies }: Placement, instances: readonly OrderItem[]): Arc[] {
  const at = new Map(instances.map((each, i) => [`${each.block} ${each.microBatch}`, i]));
  return instances.flatMap(({ block, microBatch }, from) => {
    const duration = blocks[block]?.duration ?? 0;
    const next = at.get(`${block} ${microBatch + 1}`);
    const own = next === undefined ? [] : [{ from, to: next, weight: duration }];
    const arcs = dependencies.flatMap((each): readonly Arc[] => {
      const to = each.from === block ? at.get(`${each.to} ${microBatch}`) : undefined;
      return to === undefined ? [] : [{ from, to, weight: duration + each.latency }];
    });
    return [...own, ...arcs];
  });
}

/** Blocks by their earliest time in a micro-batch, then by first device, then by place on the path. */
export function chainOrder(placement: Placement): readonly number[] {
  const before = pathsBefore(placement);
  const behind = pathsBehind(placement);
  return placement.blocks
    .map((_, at) => at)
    .sort(
      (a, b) =>
        (before[a] ?? 0) - (before[b] ?? 0) ||
        (placement.blocks[a]?.devices[0] ?? 0) - (placement.blocks[b]?.devices[0] ?? 0) ||
        (behind[b] ?? 0) - (behind[a] ?? 0) ||
        a - b,
    );
}
