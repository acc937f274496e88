import type { Placement } from "../../../placement/placement.js";
import type { MemoryStep } from "./device-line.js";

/** What a block waits for. */
export type Waits = readonly { readonly block: number; readonly latency: number }[];

/** A device, the blocks that it runs, and its memory. */
export interface DeviceChains {
  /** Positions of blocks, ascending. */
  readonly blocks: readonly number[];
  /** The level before everything. */
  readonly base: number;
  /** May be infinite. */
  readonly limit: number;
}

/**
 * A placement's blocks over all micro-batches in one direction of time: each block is a chain of instances, one per
 * micro-batch, in their order. Time reversed, the last micro-batch comes first, and a block takes what it gives.
 */
export interface ChainProblem {
  readonly blocks: number;
  readonly microBatches: number;
  readonly durations: readonly number[];
  readonly before: readonly Waits[];
  readonly steps: readonly MemoryStep[];
  readonly devices: readonly DeviceChains[];
  /** Blocks so that each comes behind what it waits for. */
  readonly order: readonly number[];
}

/** Both directions of time of a placement. */
export interface BothWays {
  readonly forwards: ChainProblem;
  readonly backwards: ChainProblem;
}

/** The chains of `microBatches` micro-batches. Cost: O(blocks x devices + dependencies). */
export function chainsOf(placement: Placement, microBatches: number): BothWays {
  const { blocks, devices, dependencies, memoryRelease } = placement;
  const steps = blocks.map(({ memory, workspace }) => ({
    keep: memory,
    peak: (memoryRelease === "end" ? Math.max(0, memory) : memory) + workspace,
  }));
  const own = devices.map((_, device) =>
    blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : [])),
  );
  const frame = {
    blocks: blocks.length,
    microBatches,
    durations: blocks.map(({ duration }) => duration),
  };
  const chains = (isReversed: boolean): readonly DeviceChains[] =>
    devices.map(({ memory = Number.POSITIVE_INFINITY }, device) => {
      const on = own[device] ?? [];
      const left = on.reduce((sum, at) => sum + (blocks[at]?.memory ?? 0) * microBatches, 0);
      return { blocks: on, base: isReversed ? left : 0, limit: memory };
    });
  const waits = (isReversed: boolean): readonly Waits[] => {
    const before: { block: number; latency: number }[][] = blocks.map(() => []);
    for (const { from, to, latency } of dependencies) {
      const [first, second] = isReversed ? [to, from] : [from, to];
      before[second]?.push({ block: first, latency });
    }
    return before;
  };
  const order = upwards(waits(false));
  return {
    forwards: { ...frame, steps, before: waits(false), devices: chains(false), order },
    backwards: {
      ...frame,
      steps: steps.map(({ keep, peak }) => ({ keep: -keep, peak: peak - keep })),
      before: waits(true),
      devices: chains(true),
      order: order.toReversed(),
    },
  };
}

/** Blocks so that each comes behind what it waits for. */
function upwards(before: readonly Waits[]): readonly number[] {
  const order: number[] = [];
  const isPlaced = before.map(() => false);
  const visit = (block: number): void => {
    if (!isPlaced[block]) {
      isPlaced[block] = true;
      for (const wait of before[block] ?? []) {
        visit(wait.block);
      }
      order.push(block);
    }
  };
  for (const block of before.keys()) {
    visit(block);
  }
  return order;
}
