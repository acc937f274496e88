/**
 * Checks the reason that a schedule states for its period not being shorter, from the placement
 * alone. It shares no code with the searches.
 *
 * A bound comes with what forces it, and that is enough to work it out again. With q micro-batches
 * in a period T:
 * - `load`: the named blocks of the named device run there one at a time, so T is at least q times
 *   their durations.
 * - `recurrence`: the named blocks share a device with each other, every two of them; although no
 *   one device has them all, no two run at once, and T is at least q times their durations.
 *   Example: a on d0 and d1, b on d1 and d2, c on d0 and d2.
 * - `memory`: the named blocks are pairs, one that takes memory on the named device and one that
 *   releases it; each pair moves as many units as both have left. A unit is held for at least the
 *   longest path between the two. Per period q times the sum of units times that time is held, which
 *   cannot be more than what fits, T times the limit. All that is taken and given has to be matched:
 *   a unit that is given before it is taken would make up for others. Workspace is held as long as
 *   its block runs.
 * - `loop`: each of the named blocks depends on the one before it, the first on the last, and in all on so many
 *   earlier micro-batches: in the time of so many micro-batches pass its durations and latencies.
 * - `configurations`: no walk through all that the pipeline can be doing takes less for each micro-batch
 *   (`check-configurations.ts`).
 * - `search`: everything shorter was tried. That is not repeated here.
 *
 * `memory` and `configurations` may be reasons of some blocks, where the others run on all devices and hold no memory: the time
 * of these comes besides (`without-blocks.ts`).
 *
 * Two refinements of `memory`. A block without workspace that releases memory at its start counts
 * as releasing it at its end: it keeps the device busy until then, so nothing can be taken that
 * makes the level higher than it was just before. And where all changes are multiples of g, only
 * whole multiples of g fit under the limit.
 *
 * Example: V-shape on four devices, limit 3: f0 takes 1 on d0, b3 releases it; the longest path is
 * 16, so T >= 16 / 3 per micro-batch, 6 for q = 1 and 16 for q = 3.
 *
 * Source: Little, "A proof for the queuing formula L = lambda W" (1961), for `memory`.
 */
import { commonDivisor } from "../core/common-divisor.js";
import { areAlike, durationIn, isPlainInAnyOrder, runsIn } from "../placement/micro-batches.js";
import { mostSaved } from "../placement/overlaps.js";
import type { Block, Placement } from "../placement/placement.js";
import { doubtOn } from "./check-configurations.js";
import { earliestStarts } from "./earliest-starts.js";
import { type Ratio, reduced } from "./max-cycle-ratio.js";
import type { BoundKind } from "./pipeline-outcome.js";
import { withoutBlocks } from "./without-blocks.js";

/** A bound on the period and why it holds, as a schedule states it. */
export interface BoundClaim {
  readonly kind: BoundKind;
  /** Position in `Placement.devices`; absent where no single device is the reason. */
  readonly device?: number;
  /** Positions in `Placement.blocks`; anything else for names that the placement lacks. */
  readonly blocks: readonly number[];
  /** No period is shorter. */
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  /** For `configurations`, which it is needed for: what no schedule takes less than, for each micro-batch. */
  readonly each?: Ratio;
  /** For `configurations`: what a micro-batch of each loose part counts; absent: all is one part. */
  readonly weights?: readonly number[];
  /** For `memory` and `configurations`: positions of blocks whose time comes besides; absent: none. */
  readonly beside?: readonly number[];
}

/** The reason why a claim proves nothing, or less than it states. */
export type BoundProblem =
  | { readonly kind: "device-missing" }
  | { readonly kind: "unknown-block"; readonly position: number }
  | { readonly kind: "repeated-block"; readonly block: number }
  | { readonly kind: "block-elsewhere"; readonly block: number; readonly device: number }
  | { readonly kind: "not-exclusive"; readonly first: number; readonly second: number }
  | { readonly kind: "no-limit"; readonly device: number }
  /** The reason holds for micro-batches that are alike, wait for none, and change memory where they run. */
  | { readonly kind: "not-plain" }
  /** The next named block does not depend on this one, or all are of one micro-batch. */
  | { readonly kind: "not-a-loop"; readonly block: number }
  | { readonly kind: "nothing-fits"; readonly device: number }
  /** It stands beside others, and holds memory, or leaves them a device, or stands there twice. */
  | { readonly kind: "not-beside"; readonly block: number }
  | {
      /** The pair at these positions is not a take and a later release of it. */
      readonly kind: "not-a-pair";
      readonly take: number;
      readonly give: number;
    }
  | {
      /** Units of `block` that no pair accounts for. */
      readonly kind: "unmatched";
      readonly block: number;
      readonly units: number;
    }
  /** Of configurations: there are too many to look at again. */
  | { readonly kind: "too-many" }
  | { readonly kind: "too-high"; readonly claimed: number; readonly proved: number };

/** The result of checking a claim. */
export type BoundCheck =
  | {
      readonly kind: "proved";
      readonly period: number;
      /** For each micro-batch, with any number of them per period. */
      readonly each: Ratio;
    }
  /** Rests on a search: `period` is what loads alone prove. */
  | { readonly kind: "searched"; readonly period: number; readonly each: Ratio }
  | { readonly kind: "unproved"; readonly problem: BoundProblem };

/**
 * Works the bound of `claim` out again.
 *
 * Requires: `microBatchesPerPeriod` >= 1. Ensures: `proved` only when no schedule with as many
 * micro-batches per period has a shorter period than claimed.
 * Cost: O(blocks^2) for `recurrence`; for `memory` O(blocks + dependencies) per block that takes.
 */
export function checkBound(placement: Placement, claim: BoundClaim): BoundCheck {
  if (claim.kind === "search") {
    const load = largestLoad(placement);
    const each = { numerator: load, denominator: 1 };
    return { kind: "searched", period: load * claim.microBatchesPerPeriod, each };
  }
  const holds = claim.kind === "load" || (claim.kind === "loop" && areAlike(placement));
  if (!holds && !isPlainInAnyOrder(placement)) {
    return { kind: "unproved", problem: { kind: "not-plain" } };
  }
  if (claim.kind === "configurations") {
    return checkConfigurations(placement, claim);
  }
  const again =
    claim.kind === "memory" && claim.beside !== undefined
      ? recomputedBeside(placement, claim, claim.beside)
      : recomputed(placement, claim);
  if ("kind" in again) {
    return { kind: "unproved", problem: again };
  }
  const [needed, places] = [again.needed * BigInt(claim.microBatchesPerPeriod), again.places];
  const least = (needed + places - 1n) / places;
  const proved = Number(least);
  return least >= BigInt(claim.period)
    ? {
        kind: "proved",
        period: proved,
        each: reduced(Number(again.needed), Number(again.places)),
      }
    : { kind: "unproved", problem: { kind: "too-high", claimed: claim.period, proved } };
}

/** The claim for each micro-batch is what is proved, or nothing is. */
function checkConfigurations(placement: Placement, claim: BoundClaim): BoundCheck {
  const { each = { numerator: 0, denominator: 1 }, microBatchesPerPeriod, period: claimed } = claim;
  const proved = Math.ceil((each.numerator * microBatchesPerPeriod) / each.denominator);
  const rest = withoutBlocks(placement, claim.beside ?? []);
  if (typeof rest === "number") {
    return { kind: "unproved", problem: { kind: "not-beside", block: rest } };
  }
  const { denominator } = each;
  const granted = { numerator: each.numerator - rest.time * denominator, denominator };
  const doubt =
    claim.beside === undefined
      ? doubtOn(placement, each, claim.weights)
      : doubtOn(rest.placement, granted, claim.weights);
  if (doubt === "too-many") {
    return { kind: "unproved", problem: { kind: doubt } };
  }
  return doubt === undefined && proved >= claimed
    ? { kind: "proved", period: proved, each }
    : { kind: "unproved", problem: { kind: "too-high", claimed, proved: largestLoad(placement) } };
}

function largestLoad(placement: Placement): number {
  const { blocks, devices } = placement;
  const loads = devices.map((_, device) => {
    const own = blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
    const apart = own.reduce((sum, at) => sum + (blocks[at]?.duration ?? 0), 0);
    return apart - mostSaved(placement, own);
  });
  return loads.reduce((most, load) => Math.max(most, load), 0);
}

/** Time for each micro-batch, as a fraction: what it needs over the places that there are. */
interface Share {
  readonly needed: bigint;
  readonly places: bigint;
}

/** The same where the reason is one of some blocks, and the time of the others comes besides. */
function recomputedBeside(
  placement: Placement,
  claim: BoundClaim,
  beside: readonly number[],
): Share | BoundProblem {
  const rest = withoutBlocks(placement, beside);
  if (typeof rest === "number") {
    return { kind: "not-beside", block: rest };
  }
  const blocks = claim.blocks.map((at) => rest.kept.indexOf(at));
  const share = recomputed(rest.placement, { ...claim, blocks });
  if ("needed" in share) {
    return { ...share, needed: share.needed + BigInt(rest.time) * share.places };
  }
  // Positions are those of the rest.
  return describedIn(rest.kept, share);
}

/** A problem of the rest as one of the whole placement. */
function describedIn(kept: readonly number[], problem: BoundProblem): BoundProblem {
  const at = (block: number): number => kept[block] ?? -1;
  return {
    ...problem,
    ...("block" in problem ? { block: at(problem.block) } : {}),
    ...("take" in problem ? { take: at(problem.take), give: at(problem.give) } : {}),
  };
}

/** The least time for each micro-batch that the reason of the claim allows. */
function recomputed(placement: Placement, claim: BoundClaim): Share | BoundProblem {
  const { blocks, devices } = placement;
  const unknown = claim.blocks.findIndex((block) => blocks[block] === undefined);
  if (unknown !== -1) {
    return { kind: "unknown-block", position: unknown };
  }
  if (claim.kind === "recurrence") {
    return recurrence(placement, claim);
  }
  if (claim.kind === "loop") {
    return loop(placement, claim);
  }
  const { device } = claim;
  if (device === undefined || devices[device] === undefined) {
    return { kind: "device-missing" };
  }
  const elsewhere = claim.blocks.find((block) => !blocks[block]?.devices.includes(device));
  if (elsewhere !== undefined) {
    return { kind: "block-elsewhere", block: elsewhere, device };
  }
  return claim.kind === "load"
    ? (repeated(claim) ?? timeOf(placement, claim))
    : memory(placement, claim, device);
}

function repeated({ blocks }: BoundClaim): BoundProblem | undefined {
  const block = blocks.find((each, at) => blocks.indexOf(each) !== at);
  return block === undefined ? undefined : { kind: "repeated-block", block };
}

/** Time of the named blocks: of one micro-batch, or of all of a step where they are not alike. */
function timeOf(placement: Placement, claim: BoundClaim): Share {
  const { blocks } = placement;
  const count = areAlike(placement) ? 1 : claim.microBatchesPerPeriod;
  const time = claim.blocks.reduce((sum, at) => {
    const block = blocks[at] as Block;
    return Array.from({ length: count }, (_, microBatch) =>
      runsIn(block, microBatch) ? durationIn(placement, block, microBatch) : 0,
    ).reduce((total, each) => total + each, sum);
  }, 0);
  const least = time - count * mostSaved(placement, claim.blocks);
  return { needed: BigInt(least), places: BigInt(count) };
}

function recurrence(placement: Placement, claim: BoundClaim): Share | BoundProblem {
  const { blocks } = placement;
  for (const [at, second] of claim.blocks.entries()) {
    for (const first of claim.blocks.slice(0, at)) {
      const shared = blocks[first]?.devices.some((each) => blocks[second]?.devices.includes(each));
      if (shared !== true) {
        return { kind: "not-exclusive", first, second };
      }
    }
  }
  return repeated(claim) ?? timeOf(placement, claim);
}

/** Time and micro-batches of a loop; of several dependencies between two blocks the one on the nearest micro-batch. */
function loop({ blocks, dependencies }: Placement, claim: BoundClaim): Share | BoundProblem {
  let [needed, places] = [0n, 0n];
  for (const [at, from] of claim.blocks.entries()) {
    const to = claim.blocks[(at + 1) % claim.blocks.length];
    const [next] = dependencies
      .filter((each) => each.from === from && each.to === to)
      .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0));
    if (next === undefined) {
      return { kind: "not-a-loop", block: from };
    }
    needed += BigInt((blocks[from]?.duration ?? 0) + next.latency);
    places += BigInt(next.distance ?? 0);
  }
  return places === 0n ? { kind: "not-a-loop", block: claim.blocks[0] ?? -1 } : { needed, places };
}

function memory(placement: Placement, claim: BoundClaim, device: number): Share | BoundProblem {
  const { blocks, devices } = placement;
  const limit = devices[device]?.memory;
  if (limit === undefined) {
    return { kind: "no-limit", device };
  }
  const held = heldByPairs(placement, claim.blocks, device);
  if (typeof held !== "bigint") {
    return held;
  }
  const own = blocks.filter((block) => block.devices.includes(device));
  const work = own.reduce((sum, b) => sum + BigInt(b.workspace) * BigInt(b.duration), held);
  const isPlain = own.every(({ workspace }) => workspace === 0);
  const unit = isPlain ? own.reduce((g, block) => commonDivisor(g, Math.abs(block.memory)), 0) : 1;
  const fits = unit === 0 ? 0 : Math.floor(limit / unit) * unit;
  if (fits === 0) {
    return { kind: "nothing-fits", device };
  }
  return { needed: work, places: BigInt(fits) };
}

/** Units times time that one micro-batch holds at least, by the pairs of a claim. */
function heldByPairs(
  placement: Placement,
  pairs: readonly number[],
  device: number,
): bigint | BoundProblem {
  const { blocks } = placement;
  const left = blocks.map((block) => (block.devices.includes(device) ? block.memory : 0));
  const paths = new Map<number, Float64Array>();
  let held = 0n;
  for (let at = 0; at < pairs.length; at += 2) {
    const [take, give] = [pairs[at] ?? -1, pairs[at + 1] ?? -1];
    const units = Math.min(left[take] ?? 0, -(left[give] ?? 0));
    const reach = paths.get(take) ?? pathsFrom(placement, take);
    paths.set(take, reach);
    const span = (reach[give] ?? Number.NEGATIVE_INFINITY) + releaseAfter(placement, give);
    if (!(units > 0) || span === Number.NEGATIVE_INFINITY) {
      return { kind: "not-a-pair", take, give };
    }
    left[take] = (left[take] ?? 0) - units;
    left[give] = (left[give] ?? 0) + units;
    held += BigInt(units) * BigInt(span);
  }
  const block = left.findIndex((units) => units !== 0);
  return block === -1 ? held : { kind: "unmatched", block, units: Math.abs(left[block] ?? 0) };
}

/** Longest time from the start of `source` to the start of each block; -Infinity without a path. */
function pathsFrom(placement: Placement, source: number): Float64Array {
  const from = new Float64Array(placement.blocks.length).fill(Number.NEGATIVE_INFINITY);
  from[source] = 0;
  return earliestStarts(placement, from);
}

/** Time from the start of a block until the memory that it releases counts as free. */
function releaseAfter({ blocks, memoryRelease }: Placement, give: number): number {
  const block = blocks[give];
  return block !== undefined && (memoryRelease === "end" || block.workspace === 0)
    ? block.duration
    : 0;
}
