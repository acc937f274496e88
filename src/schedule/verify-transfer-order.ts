/**
 * An independent check that transfers of a queue start in the order in which they are handed over.
 *
 * A transfer is handed over when the block before it ends, in the same micro-batch. Of two that are handed over at different
 * times, the earlier one starts no later than the other; two at the same time may start in any order.
 */
import { durationIn } from "../placement/micro-batches.js";
import type { Block, Placement } from "../placement/placement.js";
import { type TransferQueue, transferQueues } from "../placement/transfer-queues.js";
import { togetherIn } from "./joint-times.js";
import type { PeriodicProblem, PipelineProblem } from "./pipeline-problem.js";
import type { PeriodicSchedule, PipelineSchedule, RepetendEntry } from "./pipeline-schedule.js";

/** One transfer in its queue. */
interface Handed<T> {
  readonly name: T;
  /** The end of the block before it. */
  readonly over: number;
  readonly start: number;
}

/** Two of them, the second starting before the first that is handed over earlier. */
interface Overtaken<T> {
  readonly first: Handed<T>;
  readonly second: Handed<T>;
}

/**
 * Transfers of a whole schedule that start before one handed over earlier, each once for each of its queues.
 *
 * Requires: every instance is there once. Cost: O(n log n) in transfers for each of their queues.
 */
export function overtakenInWhole(
  placement: Placement,
  { instances, microBatches }: PipelineSchedule,
): readonly PipelineProblem[] {
  const queues = transferQueues(placement);
  if (queues.length === 0) {
    return [];
  }
  const count = placement.blocks.length;
  const ends = new Float64Array(count * microBatches);
  for (const { block, microBatch, end } of instances) {
    ends[microBatch * count + block] = end;
  }
  return queues.flatMap((queue) => {
    const members = new Set(queue);
    const own = instances.filter(({ block }) => members.has(block));
    const handed = own.map(({ block, microBatch, start }) => ({
      name: { block, microBatch },
      over: ends[microBatch * count + senderOf(placement, block)] ?? 0,
      start,
    }));
    return overtakenAmong(handed, undefined).map(({ first, second }) => ({
      kind: "overtaken" as const,
      first: first.name,
      second: second.name,
      start: second.start,
    }));
  });
}

/**
 * The same of a periodic schedule. Every repetition hands over the same transfers one period later: it is enough to look at
 * those that are handed over within one period, and at what all repetitions before it have latest.
 *
 * Requires: every entry is there once. Cost: O(n log n) in transfers for each of their queues.
 */
export function overtakenInPeriod(
  placement: Placement,
  schedule: PeriodicSchedule,
): readonly PeriodicProblem[] {
  return transferQueues(placement).flatMap((queue) => {
    const handed = handedInPeriod(placement, schedule, queue);
    const latest = handed.reduce(
      (last, each) => (last === undefined || each.start > last.start ? each : last),
      undefined as (typeof handed)[number] | undefined,
    );
    const { period } = schedule;
    const before = latest && {
      ...latest,
      over: latest.over - period,
      start: latest.start - period,
    };
    return overtakenAmong(handed, before).map(({ first, second }) => ({
      kind: "overtaken" as const,
      first: first.name,
      second: second.name,
    }));
  });
}

/** The transfers of a queue that are handed over from 0 on within a period, whatever repetition they enter with. */
function handedInPeriod(
  placement: Placement,
  { period, repetend }: PeriodicSchedule,
  queue: TransferQueue,
): readonly Handed<{ readonly block: number; readonly residue: number }>[] {
  const timeOf = ({ offset, shift }: RepetendEntry): number => offset + shift * period;
  const count = placement.blocks.length;
  const members = new Set(queue);
  const together = togetherIn(placement, repetend, ({ offset }) => offset);
  const entries = new Map(repetend.map((each) => [each.residue * count + each.block, each]));
  return repetend.flatMap((entry) => {
    const { block, residue } = entry;
    const from = senderOf(placement, block);
    const sender = entries.get(residue * count + from);
    if (!members.has(block) || sender === undefined) {
      return [];
    }
    const end =
      timeOf(sender) +
      (together.get(sender)?.duration ??
        durationIn(placement, placement.blocks[from] as Block, residue));
    const turn = Math.floor(end / period) * period;
    return [{ name: { block, residue }, over: end - turn, start: timeOf(entry) - turn }];
  });
}

/** Those that start before another that is handed over earlier: `before` all of them, or among them. */
function overtakenAmong<T>(
  handed: readonly Handed<T>[],
  before: Handed<T> | undefined,
): readonly Overtaken<T>[] {
  const sorted = [...handed].sort((a, b) => a.over - b.over || a.start - b.start);
  const problems: Overtaken<T>[] = [];
  // The latest start of what is handed over earlier, and of that and what is handed over at the same time.
  let earlier = before;
  let known = before;
  for (const [at, each] of sorted.entries()) {
    if (at > 0 && sorted[at - 1]?.over !== each.over) {
      earlier = known;
    }
    if (earlier !== undefined && each.start < earlier.start) {
      problems.push({ first: earlier, second: each });
    }
    known = known === undefined || each.start > known.start ? each : known;
  }
  return problems;
}

/** The block that a transfer waits for. */
function senderOf({ blocks }: Placement, transfer: number): number {
  return blocks[transfer]?.transfer?.from ?? -1;
}
