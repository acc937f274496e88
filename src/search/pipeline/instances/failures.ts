import type { Failure } from "../../../core/failure.js";
import { areAlike, hasOrder, isPlainInAnyOrder } from "../../../placement/micro-batches.js";
import type { Placement } from "../../../placement/placement.js";

/** A placement that says more than what is asked for heeds: `where` is the option that asks. */
export function algorithmTooPlain(where: string, placement: Placement, hint: string): Failure {
  return {
    code: "algorithm-too-plain",
    where,
    message: `does not know ${unknownIn(placement)}`,
    hint,
    exit: 1,
  };
}

/** What a placement has besides plain micro-batches, in words. */
function unknownIn(placement: Placement): string {
  const { blocks, overlaps } = placement;
  if (overlaps !== undefined) {
    return "blocks that overlap";
  }
  if (isPlainInAnyOrder(placement)) {
    return hasOrder(placement)
      ? "transfers that keep their order"
      : "choices between versions of blocks";
  }
  if (!areAlike(placement)) {
    return blocks.some(({ isPerStep }) => isPerStep === true)
      ? "blocks that run once per step"
      : "micro-batches that are not alike";
  }
  return blocks.some(({ elsewhere }) => elsewhere !== undefined)
    ? "memory that blocks change elsewhere"
    : "micro-batches that wait for earlier ones";
}

/** Blocks once per step, by position, that wait for themselves. */
export function stepWaitsForItself({ blocks }: Placement, waiting: readonly number[]): Failure {
  const names = waiting.map((at) => `"${blocks[at]?.id}"`).join(", ");
  return {
    code: "step-waits-for-itself",
    where: "dependencies",
    message: `no schedule of several micro-batches exists: ${names} once per step waits for itself over earlier micro-batches`,
    hint: "what it waits for in all micro-batches may not wait for it in an earlier one",
    exit: 1,
  };
}

/** Asked for another number of micro-batches than the placement states. */
export function microBatchesDiffer(asked: number, stated: number): Failure {
  return {
    code: "micro-batches-differ",
    where: `--micro-batches ${asked}`,
    message: `is not the number of micro-batches that the placement states, ${stated}`,
    hint: "leave the option out",
    exit: 1,
  };
}
