/**
 * What a block takes in one micro-batch. Micro-batches are alike unless a placement has lengths, blocks with durations of
 * their own, or blocks that run once per step; then a schedule is one step of all its micro-batches.
 */
import type { Block, Dependency, Placement } from "./placement.js";

/** Number of micro-batches that `lengths` or `durations` state; `undefined`: they leave it open. */
export function statedMicroBatches({ lengths, blocks }: Placement): number | undefined {
  return (
    lengths?.length ?? blocks.find(({ durations }) => durations !== undefined)?.durations?.length
  );
}

/** Whether all micro-batches take the same time and memory, and every block runs in each. */
export function areAlike(placement: Placement): boolean {
  return (
    statedMicroBatches(placement) === undefined &&
    placement.blocks.every(({ isPerStep }) => isPerStep !== true)
  );
}

/**
 * Whether a placement has nothing but blocks that change the memory of their own devices, in micro-batches that are alike and
 * wait for nothing of each other, none of which overlap, and transfers in any order. Searches for a period rest on that.
 */
export function isPlain(placement: Placement): boolean {
  return isPlainInAnyOrder(placement) && !hasOrder(placement);
}

/** Whether a placement would be plain if transfers could start in any order: bounds of it are bounds of that one too. */
export function isPlainInAnyOrder(placement: Placement): boolean {
  return (
    areAlike(placement) &&
    placement.overlaps === undefined &&
    placement.blocks.every(({ elsewhere }) => elsewhere === undefined) &&
    placement.dependencies.every(({ distance }) => distance === undefined)
  );
}

/** Whether transfers over some link keep the order in which they are handed over. */
export function hasOrder({ links = [] }: Placement): boolean {
  return links.some(({ order }) => order !== undefined);
}

/** The same placement with transfers in any order. */
export function inAnyOrder(placement: Placement): Placement {
  const { links = [] } = placement;
  return { ...placement, links: links.map(({ order: _, ...link }) => link) };
}

/** Whether a block runs in a micro-batch: once per step means in micro-batch 0. */
export function runsIn({ isPerStep }: Block, microBatch: number): boolean {
  return isPerStep !== true || microBatch === 0;
}

/** By what a block's time and memory are multiplied in a micro-batch. */
export function lengthIn({ lengths }: Placement, { isPerStep }: Block, microBatch: number): number {
  return lengths === undefined || isPerStep === true
    ? 1
    : (lengths[microBatch % lengths.length] ?? 1);
}

/** Time of a block in a micro-batch. */
export function durationIn(placement: Placement, block: Block, microBatch: number): number {
  const { durations } = block;
  return durations === undefined
    ? block.duration * lengthIn(placement, block, microBatch)
    : (durations[microBatch % durations.length] ?? block.duration);
}

/** Micro-batches whose `from` a micro-batch's `to` waits for, of `microBatches`; of a block once per step: `to` of 0. */
export function waitedFor(
  { blocks }: Placement,
  { from, to, distance = 0 }: Dependency,
  microBatch: number,
  microBatches: number,
): readonly number[] {
  if (blocks[from]?.isPerStep === true) {
    return [0];
  }
  if (blocks[to]?.isPerStep === true) {
    return Array.from({ length: microBatches }, (_, each) => each);
  }
  return microBatch < distance ? [] : [microBatch - distance];
}

/** Time from the end of a dependency's source in a micro-batch to the start of its target: with what a link takes. */
export function latencyIn(
  placement: Placement,
  { from, latency, sent }: Dependency,
  microBatch: number,
): number {
  const source = placement.blocks[from];
  return sent === undefined || source === undefined
    ? latency
    : latency + sent.time * (lengthIn(placement, source, microBatch) - 1);
}
