/**
 * Lower bounds on the time per micro-batch of a repeating pipeline.
 *
 * Load: a device spends the durations of its blocks on every micro-batch, and runs one at a time.
 *
 * Memory: when a micro-batch holds m on a device for at least L, a new one enters every P on
 * average, then on average m * L / P is held (Little's law), and the average is at most the limit:
 * P >= m * L / limit. L is at least the longest path from the block that takes the memory to the
 * moment that gives it back. With several takes and releases the units are matched, longest paths
 * first; the time held is a sum over units, so any matching along paths bounds it from below.
 * Workspace is held for its block's duration.
 *
 * A release at the start of a block counts from the block's end when the block has no workspace: it
 * keeps the device busy, so nothing can be taken there earlier, and the highest level stays the same.
 * When all changes on a device are multiples of g, the limit is rounded down to one.
 *
 * Example: the V-shape on four devices (forward 1, backward 3) has load 4 everywhere; its first
 * device holds 1 for 4 * 1 + 4 * 3 = 16. A limit of 3 gives 16 / 3, which three micro-batches in a
 * period of 16 reach.
 */
import { commonDivisor } from "../../core/common-divisor.js";
import type { Placement } from "../../placement/placement.js";
import {
  longestFrom,
  type MemoryEvent,
  type ModuloProblem,
  moduloProblem,
} from "./modulo/modulo-problem.js";
import { type Others, setApart } from "./set-apart.js";

/** A bound on the time per micro-batch: `numerator / denominator`, and what forces it. */
export interface PeriodBound {
  readonly kind: "load" | "memory" | "configurations";
  /** Integers, the denominator > 0; not reduced. */
  readonly numerator: number;
  readonly denominator: number;
  /** Position of the device in `Placement.devices`; absent for `configurations`. */
  readonly device?: number;
  /** The device's blocks (`load`); takes and releases matched, in pairs (`memory`); none. */
  readonly blocks: readonly number[];
  /** For `configurations` of several parts: what a micro-batch of each counts. */
  readonly weights?: readonly number[];
  /** Blocks over all devices whose time comes besides; the reason is one of the others. Absent: none. */
  readonly beside?: readonly number[];
}

/** A bound that needs no search. */
export interface DeviceBound extends PeriodBound {
  readonly kind: "load" | "memory";
  readonly device: number;
}

/**
 * Every bound of every device, the highest first (then by device, load before memory, and memory of all before that of some).
 *
 * Devices without a limit, or whose takes and releases cannot be matched along paths, have no memory
 * bound. Where blocks can be set apart (`setApart`), the memory of the others is a bound too. Cost: O(n * m) per device with a
 * limit.
 */
export function periodBounds(placement: Placement): readonly DeviceBound[] {
  const others = setApart(placement);
  const ofOthers = others === undefined ? [] : deviceBounds(others.placement);
  return [
    ...deviceBounds(placement),
    ...ofOthers.flatMap((bound) => (bound.kind === "memory" ? [besides(others!, bound)] : [])),
  ].sort((a, b) => b.numerator * a.denominator - a.numerator * b.denominator);
}

/** A bound of the others as one of all. */
export function besides<Bound extends PeriodBound>(
  { blocks, beside, time }: Pick<Others, "blocks" | "beside" | "time">,
  bound: Bound,
): Bound {
  return {
    ...bound,
    numerator: bound.numerator + time * bound.denominator,
    blocks: bound.blocks.map((at) => blocks[at] ?? 0),
    beside,
  };
}

function deviceBounds(placement: Placement): readonly DeviceBound[] {
  const problem = moduloProblem(placement, 1);
  const bounds: DeviceBound[] = [];
  for (const [device, { memory }] of placement.devices.entries()) {
    const blocks = problem.blocksOn[device] ?? [];
    const load = blocks.reduce((sum, block) => sum + (problem.duration[block] ?? 0), 0);
    bounds.push({ kind: "load", numerator: load, denominator: 1, device, blocks });
    const held = memory === undefined ? undefined : heldTime(problem, device);
    if (memory !== undefined && held !== undefined && held.time > 0) {
      const places = Math.floor(memory / held.unit);
      if (places > 0) {
        const numerator = held.time / held.unit;
        bounds.push({
          kind: "memory",
          numerator,
          denominator: places,
          device,
          blocks: held.blocks,
        });
      }
    }
  }
  return bounds;
}

/** Memory that one micro-batch holds on a device. */
export interface HeldTime {
  /** Least memory times time, over one micro-batch. */
  readonly time: number;
  /** Takes and releases that were matched, in pairs. */
  readonly blocks: readonly number[];
  /** Levels are multiples of it; 1 with workspace. */
  readonly unit: number;
}

/** Least memory times time of a device; `undefined` when units cannot be matched along paths. */
export function heldTime(problem: ModuloProblem, device: number): HeldTime | undefined {
  const events = problem.events[device] ?? [];
  const gives = events.filter(({ change }) => change < 0);
  const pairs = events
    .filter(({ change }) => change > 0)
    .flatMap((take) => {
      const reach = longestFrom(problem, take.block);
      return gives.map((give) => ({
        take,
        give,
        span: (reach[give.block] ?? 0) + give.boundOffset,
      }));
    })
    .sort((a, b) => b.span - a.span);
  const left = new Map<MemoryEvent, number>(events.map((e) => [e, Math.abs(e.change)]));
  let time = 0;
  const blocks: number[] = [];
  for (const { take, give, span } of pairs) {
    const units = Math.min(left.get(take) ?? 0, left.get(give) ?? 0);
    if (units > 0 && span !== Number.NEGATIVE_INFINITY) {
      left.set(take, (left.get(take) ?? 0) - units);
      left.set(give, (left.get(give) ?? 0) - units);
      time += units * span;
      blocks.push(take.block, give.block);
    }
  }
  if ([...left.values()].some((rest) => rest > 0)) {
    return undefined;
  }
  let plain = true;
  for (const block of problem.blocksOn[device] ?? []) {
    const workspace = problem.workspace[block] ?? 0;
    plain = plain && workspace === 0;
    time += workspace * (problem.duration[block] ?? 0);
  }
  const unit = plain ? events.reduce((g, { change }) => commonDivisor(g, Math.abs(change)), 0) : 1;
  return { time, blocks, unit: Math.max(1, unit) };
}
