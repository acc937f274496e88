/**
 * Schedules in which every block takes the micro-batches in their order: 0, 1, 2, ...
 *
 * Micro-batches are all alike, so those that a block runs may be exchanged: the first time that it runs
 * becomes that of micro-batch 0, the second that of 1, and so on. No time moves, and with the times stay
 * makespan, devices and memory. Dependencies hold: if each micro-batch ends on `a` before it starts on `b`, then the
 * k-th end on `a` is before the k-th start on `b`. Runtimes of pipelines count micro-batches upwards and
 * refuse, or silently confuse, what is out of order.
 *
 * Example: a block that runs micro-batches 1, 0, 2 at the times 4, 7, 9 runs 0, 1, 2 at these times.
 */
import type { PipelineOutcome } from "./pipeline-outcome.js";
import type { PeriodicSchedule, PipelineSchedule, RepetendEntry } from "./pipeline-schedule.js";

/** Both schedules of an outcome in order. Requires: valid schedules. Cost: O(n log n) in instances. */
export function outcomeInOrder<T extends Pick<PipelineOutcome, "periodic" | "whole">>(
  outcome: T,
): T {
  return {
    ...outcome,
    periodic: periodicInOrder(outcome.periodic),
    whole: wholeInOrder(outcome.whole),
  };
}

/** Whether every block takes the micro-batches in their order. Cost: O(n) in instances. */
export function isInOrder({ instances }: PipelineSchedule): boolean {
  const next: number[] = [];
  return instances.every(({ block, microBatch }) => {
    const wanted = next[block] ?? 0;
    next[block] = wanted + 1;
    return microBatch === wanted;
  });
}

/** The same times, each block's micro-batches by start. Requires: instances by start. */
export function wholeInOrder(whole: PipelineSchedule): PipelineSchedule {
  const next: number[] = [];
  const instances = whole.instances.map((instance) => {
    const microBatch = next[instance.block] ?? 0;
    next[instance.block] = microBatch + 1;
    return { ...instance, microBatch };
  });
  return { ...whole, instances };
}

/**
 * The same times for ever, each block's micro-batches by start.
 *
 * Of the q times of a block in the period that micro-batches 0 to q - 1 enter, the k-th is that of micro-batch k less
 * the sum of all shifts: as many as entered before and are not there yet.
 */
export function periodicInOrder(periodic: PeriodicSchedule): PeriodicSchedule {
  const { microBatchesPerPeriod: q, repetend } = periodic;
  if (q === 1) {
    return periodic;
  }
  const ofBlock: RepetendEntry[][] = [];
  for (const entry of repetend) {
    ofBlock[entry.block] = [...(ofBlock[entry.block] ?? []), entry];
  }
  const entries = ofBlock.flatMap((list) => {
    const behind = list.reduce((sum, { shift }) => sum + shift, 0);
    return [...list]
      .sort((a, b) => a.offset - b.offset || a.residue - b.residue)
      .map(({ block, offset }, k): RepetendEntry => {
        const turn = Math.floor((k - behind) / q);
        return { block, residue: k - behind - turn * q, offset, shift: turn === 0 ? 0 : -turn };
      });
  });
  entries.sort((a, b) => a.residue - b.residue || a.block - b.block);
  return { ...periodic, repetend: entries };
}
