/**
 * Chimera: two pipelines in opposite directions whose bubbles fill each other.
 *
 * Problem: at the ends of a pipeline's ramp most devices wait. A second copy of the stages in the
 * opposite order needs the devices just when the first leaves them idle.
 *
 * Idea: a unit takes as many micro-batches as there are devices D, half of them each way. With all
 * blocks one slot long, the j-th of a direction runs its forward on stage s in slot 2j + s and its
 * backward in slot 2D - 1 - s + 2j: one direction has the even slots where the other has the odd
 * ones, so they never meet. The next unit follows 2D slots later and fills the bubbles at the end of
 * the one before. A device runs its blocks in the order of these slots, each as early as it can.
 *
 * Example, two devices, one micro-batch each way: device 0 runs F0 down, F0 up, B0 up, B0 down.
 *
 * A micro-batch of a placement with two opposite chains is one of Chimera's each way. Weight blocks
 * run right after their backward.
 *
 * Source: Li and Hoefler, Chimera: Efficiently Training Large-Scale Neural Networks with
 * Bidirectional Pipelines, SC 2021, sections 3.1 and 3.5 (direct concatenation). Differs: blocks keep
 * the order of equally long slots whatever their durations are; forward doubling and backward
 * halving, which change the blocks, are not here.
 */

import { type ChainStage, chainOf } from "../../../placement/chain.js";
import type { Placement } from "../../../placement/placement.js";
import type { OrderItem } from "../../../schedule/run-orders.js";

/**
 * The order of each device; `undefined` for anything but two chains of one stage per device in
 * opposite directions over an even number of devices.
 */
export function chimera(
  placement: Placement,
  microBatches: number,
): readonly (readonly OrderItem[])[] | undefined {
  const chains = oppositeChains(placement);
  const count = placement.devices.length;
  if (chains === undefined || count % 2 !== 0) {
    return undefined;
  }
  const slots: { readonly slot: number; readonly item: OrderItem }[][] = placement.devices.map(
    () => [],
  );
  for (const chain of chains) {
    chain.forEach(({ device, forward, backward, weight }, stage) => {
      for (let microBatch = 0; microBatch < microBatches; microBatch++) {
        const unit = Math.floor((2 * microBatch) / count);
        const begin = 2 * count * unit + 2 * (microBatch - (unit * count) / 2);
        const back = begin + 2 * count - 1 - stage;
        const line = slots[device];
        line?.push({ slot: begin + stage, item: { block: forward, microBatch } });
        for (const block of [backward, weight]) {
          if (block !== undefined) {
            line?.push({ slot: back, item: { block, microBatch } });
          }
        }
      }
    });
  }
  return slots.map((line) => line.sort((a, b) => a.slot - b.slot).map(({ item }) => item));
}

/** The two chains of a placement, the second over the devices of the first in reverse. */
function oppositeChains(
  placement: Placement,
): readonly [readonly ChainStage[], readonly ChainStage[]] | undefined {
  const parts = partsOf(placement);
  const [one, other] = parts.length === 2 ? parts.map((each) => chainWithin(placement, each)) : [];
  if (one === undefined || other === undefined) {
    return undefined;
  }
  const isOpposite = one.every(({ device }, at) => device === other.at(-1 - at)?.device);
  const isFull =
    one.length === placement.devices.length &&
    other.length === one.length &&
    new Set(one.map(({ device }) => device)).size === one.length;
  return isOpposite && isFull ? [one, other] : undefined;
}

/** Blocks that hang together by dependencies, in the order of their first block. */
function partsOf({ blocks, dependencies }: Placement): readonly (readonly number[])[] {
  const part = blocks.map((_, at) => at);
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const { from, to } of dependencies) {
      const least = Math.min(part[from] ?? 0, part[to] ?? 0);
      isMoving ||= part[from] !== least || part[to] !== least;
      part[from] = least;
      part[to] = least;
    }
  }
  const parts = new Map<number, number[]>();
  part.forEach((first, at) => {
    parts.set(first, [...(parts.get(first) ?? []), at]);
  });
  return [...parts.values()];
}

function chainWithin(
  placement: Placement,
  part: readonly number[],
): readonly ChainStage[] | undefined {
  const at = new Map(part.map((block, i) => [block, i]));
  const chain = chainOf({
    ...placement,
    blocks: placement.blocks.filter((_, block) => at.has(block)),
    dependencies: placement.dependencies.flatMap(({ from, to, latency }) => {
      const [source, target] = [at.get(from), at.get(to)];
      return source === undefined || target === undefined
        ? []
        : [{ from: source, to: target, latency }];
    }),
  });
  const original = (block: number | undefined): number | undefined =>
    block === undefined ? undefined : part[block];
  return chain?.map(({ device, forward, backward, weight }) => ({
    device,
    forward: part[forward] ?? 0,
    backward: original(backward),
    weight: original(weight),
  }));
}
