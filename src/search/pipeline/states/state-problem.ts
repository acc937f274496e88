import type { Placement } from "../../../placement/placement.js";
import { memoryChange } from "../../../schedule/simulate-pipeline.js";
import { followersOf, orderOfBlocks } from "../path-bounds.js";
import { unitOfTime } from "../unit-of-time.js";

/** More blocks do not fit into bits, and have too many states. */
const MOST_BLOCKS = 24;
/** In units: states are written as characters. */
const LONGEST = 60_000;

/** A placement and its micro-batches in small integers; times in multiples of `unit`. */
export interface StateProblem {
  readonly unit: number;
  readonly microBatches: number;
  readonly blocks: number;
  readonly duration: readonly number[];
  /** Devices as bits, by block, and the positions of them. */
  readonly bits: readonly number[];
  readonly devices: readonly (readonly number[])[];
  readonly on: readonly (readonly number[])[];
  /** By block: its dependencies; from the end of a block to the end of all. */
  readonly into: readonly (readonly Input[])[];
  readonly tail: readonly number[];
  /** Blocks, each after those that it waits for. */
  readonly order: readonly number[];
  readonly latencies: readonly number[];
  readonly sources: readonly number[];
  readonly limited: readonly Limited[];
}

/** A dependency of a block. */
export interface Input {
  /** Position of the dependency. */
  readonly at: number;
  readonly from: number;
  readonly latency: number;
}

/** A device with a limit of memory. */
export interface Limited {
  readonly limit: number;
  /** By block: changes when one begins, and when one ends. */
  readonly atStart: readonly number[];
  readonly atEnd: readonly number[];
}

/** Both as a problem; `undefined` where there are too many blocks, or times are too long for what they are counted in. */
export function stateProblem(placement: Placement, microBatches: number): StateProblem | undefined {
  const { blocks, dependencies, devices, memoryRelease } = placement;
  const latencies = dependencies.map(({ latency }) => latency);
  const unit = unitOfTime(placement);
  const duration = blocks.map((block) => block.duration / unit);
  const isSmall =
    blocks.length > 0 &&
    blocks.length <= MOST_BLOCKS &&
    devices.length <= MOST_BLOCKS &&
    microBatches <= LONGEST &&
    [...duration, ...latencies.map((each) => each / unit)].every((time) => time <= LONGEST);
  if (!isSmall) {
    return undefined;
  }
  const changes = blocks.map((block) => memoryChange(block, memoryRelease));
  const into = blocks.map((_, block) =>
    dependencies.flatMap(({ from, to, latency }, at): Input[] =>
      to === block ? [{ at, from, latency: latency / unit }] : [],
    ),
  );
  const order = orderOfBlocks(followersOf(placement));
  return {
    unit,
    microBatches,
    blocks: blocks.length,
    duration,
    bits: blocks.map((block) => block.devices.reduce((bits, device) => bits | (1 << device), 0)),
    devices: blocks.map((block) => block.devices),
    on: devices.map((_, device) =>
      blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : [])),
    ),
    into,
    order,
    tail: tailsOf(into, order, duration),
    latencies: latencies.map((each) => each / unit),
    sources: dependencies.map(({ from }) => from),
    limited: devices.flatMap(({ memory }, device): Limited[] => {
      const here = (change: number, block: number): number =>
        blocks[block]?.devices.includes(device) === true ? change : 0;
      const atStart = changes.map((each, block) => here(each.atStart, block));
      const atEnd = changes.map((each, block) => here(each.atEnd, block));
      return memory === undefined ? [] : [{ limit: memory, atStart, atEnd }];
    }),
  };
}

/** By block: the longest path from its end to the end of its micro-batch. */
function tailsOf(
  into: readonly (readonly Input[])[],
  order: readonly number[],
  duration: readonly number[],
): readonly number[] {
  const tail = new Array<number>(into.length).fill(0);
  for (const block of order.toReversed()) {
    for (const { from, latency } of into[block]!) {
      tail[from] = Math.max(tail[from]!, latency + duration[block]! + tail[block]!);
    }
  }
  return tail;
}
