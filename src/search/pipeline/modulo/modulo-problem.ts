import type { Placement } from "../../../placement/placement.js";
import { followersOf, orderOfBlocks } from "../path-bounds.js";

/** One end of a dependency: the other block starts at least `gap` after this one (or before it). */
export interface Edge {
  readonly block: number;
  /** Duration of the earlier block and the latency. */
  readonly gap: number;
}

/** A lasting change of memory, `offset` after its block starts. */
export interface MemoryEvent {
  readonly block: number;
  readonly offset: number;
  /**
   * Offset that bounds may use for a release: the end of its block when the block has no workspace,
   * because the block keeps its device busy and so nothing is taken there before it ends.
   */
  readonly boundOffset: number;
  readonly change: number;
}

/** `copies` micro-batches of a placement as one graph: copy c of block b is c * blocks + b. */
export interface ModuloProblem {
  readonly count: number;
  /** Blocks of one copy. */
  readonly base: number;
  readonly duration: Float64Array;
  readonly devicesOf: readonly (readonly number[])[];
  readonly blocksOn: readonly (readonly number[])[];
  readonly before: readonly (readonly Edge[])[];
  readonly after: readonly (readonly Edge[])[];
  /** Positions of blocks, each after the blocks that it depends on. */
  readonly topological: readonly number[];
  /** Per device: lasting changes, without those of 0. */
  readonly events: readonly (readonly MemoryEvent[])[];
  /** Per block: held on its devices while it runs. */
  readonly workspace: Float64Array;
}

/**
 * The scheduling problem of `copies` micro-batches.
 *
 * Dependencies that a longer path already implies are left out, so that chains are seen as chains.
 * Cost: O(n * m) for at most 1024 blocks; larger placements keep all their dependencies.
 */
export function moduloProblem(placement: Placement, copies: number): ModuloProblem {
  const base = placement.blocks.length;
  const one = orderOfBlocks(followersOf(placement));
  const kept = base <= 1024 ? withoutImplied(placement, one) : placement.dependencies;
  const count = base * copies;
  const before: Edge[][] = Array.from({ length: count }, () => []);
  const after: Edge[][] = Array.from({ length: count }, () => []);
  const devicesOf: (readonly number[])[] = [];
  const blocksOn: number[][] = placement.devices.map(() => []);
  const events: MemoryEvent[][] = placement.devices.map(() => []);
  const duration = new Float64Array(count);
  const workspace = new Float64Array(count);
  const topological: number[] = [];
  for (let copy = 0; copy < copies; copy++) {
    const shift = copy * base;
    topological.push(...one.map((block) => block + shift));
    for (const { from, to, latency } of kept) {
      const gap = (placement.blocks[from]?.duration ?? 0) + latency;
      after[from + shift]?.push({ block: to + shift, gap });
      before[to + shift]?.push({ block: from + shift, gap });
    }
    for (const [at, block] of placement.blocks.entries()) {
      duration[at + shift] = block.duration;
      workspace[at + shift] = block.workspace;
      devicesOf.push(block.devices);
      const late = block.memory < 0 && placement.memoryRelease === "end";
      const offset = late ? block.duration : 0;
      for (const device of block.devices) {
        blocksOn[device]?.push(at + shift);
        if (block.memory !== 0) {
          const whole = block.memory < 0 && block.workspace === 0;
          const boundOffset = whole ? block.duration : offset;
          events[device]?.push({ block: at + shift, offset, boundOffset, change: block.memory });
        }
      }
    }
  }
  return {
    count,
    base,
    duration,
    devicesOf,
    blocksOn,
    before,
    after,
    topological,
    events,
    workspace,
  };
}

/** Dependencies that no other path implies. */
function withoutImplied(placement: Placement, order: readonly number[]): Placement["dependencies"] {
  const { blocks, dependencies } = placement;
  const out: number[][] = blocks.map(() => []);
  for (const [at, { from }] of dependencies.entries()) {
    out[from]?.push(at);
  }
  const longest = new Float64Array(blocks.length);
  return dependencies.filter((edge, skip) => {
    if ((out[edge.from]?.length ?? 0) < 2) {
      return true;
    }
    longest.fill(Number.NEGATIVE_INFINITY);
    longest[edge.from] = 0;
    for (const from of order) {
      const reach = longest[from] ?? 0;
      if (reach === Number.NEGATIVE_INFINITY) {
        continue;
      }
      for (const at of out[from] ?? []) {
        const dependency = dependencies[at];
        if (at !== skip && dependency !== undefined) {
          const time = reach + (blocks[from]?.duration ?? 0) + dependency.latency;
          longest[dependency.to] = Math.max(longest[dependency.to] ?? 0, time);
        }
      }
    }
    const direct = (blocks[edge.from]?.duration ?? 0) + edge.latency;
    return (longest[edge.to] ?? 0) < direct;
  });
}

/** Longest time from the start of `from` to the start of each block; -Infinity without a path. */
export function longestFrom(problem: ModuloProblem, from: number): Float64Array {
  const reach = new Float64Array(problem.count).fill(Number.NEGATIVE_INFINITY);
  reach[from] = 0;
  for (const block of problem.topological) {
    const start = reach[block] ?? 0;
    if (start !== Number.NEGATIVE_INFINITY) {
      for (const { block: to, gap } of problem.after[block] ?? []) {
        reach[to] = Math.max(reach[to] ?? 0, start + gap);
      }
    }
  }
  return reach;
}
