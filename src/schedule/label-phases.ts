import type {
  BlockInstance,
  PeriodicSchedule,
  Phase,
  PipelineSchedule,
} from "./pipeline-schedule.js";

/** A whole schedule with its phases, and where its repetition is anchored. */
export interface PhasedSchedule {
  /** Instances of the phase `repetend` start at `anchor + offset + (j + shift) * period`. */
  readonly anchor: number;
  readonly whole: PipelineSchedule;
}

/**
 * Marks which part of a whole schedule repeats.
 *
 * The anchor is the one that most instances agree with. The repetend is the longest run of periods
 * in which every instance stands where the periodic schedule puts it; what belongs to earlier periods
 * is warm-up, to later ones cool-down. Without such a period (few micro-batches, or another timing)
 * everything is one or the other.
 *
 * Cost: O(n) in instances.
 */
export function labelPhases(periodic: PeriodicSchedule, whole: PipelineSchedule): PhasedSchedule {
  const { period, microBatchesPerPeriod: q, repetend } = periodic;
  const blocks = repetend.length / q;
  const placed = whole.instances.map((instance) => {
    const entry = repetend[(instance.microBatch % q) * blocks + instance.block];
    const turn = Math.floor(instance.microBatch / q) + (entry?.shift ?? 0);
    return { instance, turn, anchor: instance.start - (entry?.offset ?? 0) - turn * period };
  });
  const anchor = mostFrequent(placed.map((each) => each.anchor));
  const matching = new Map<number, number>();
  for (const each of placed) {
    if (each.anchor === anchor) {
      matching.set(each.turn, (matching.get(each.turn) ?? 0) + 1);
    }
  }
  const deepest = repetend.reduce((most, { shift }) => Math.max(most, shift), 0);
  const full = [...matching].filter(([, count]) => count === repetend.length).map(([turn]) => turn);
  const { first, last } = longestRun(full) ?? { first: deepest, last: deepest - 1 };
  const phaseOf = (turn: number): Phase =>
    turn < first ? "warmup" : turn <= last ? "repetend" : "cooldown";
  const instances = placed.map(
    ({ instance, turn }): BlockInstance => ({ ...instance, phase: phaseOf(turn) }),
  );
  return { anchor, whole: { ...whole, instances } };
}

/** The smallest of the most frequent values; 0 of an empty list. */
function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return best?.[0] ?? 0;
}

function longestRun(
  turns: readonly number[],
): { readonly first: number; readonly last: number } | undefined {
  const sorted = [...turns].sort((a, b) => a - b);
  let best: { first: number; last: number } | undefined;
  let first = sorted[0] ?? 0;
  sorted.forEach((turn, i) => {
    if (i > 0 && turn !== (sorted[i - 1] ?? 0) + 1) {
      first = turn;
    }
    if (best === undefined || turn - first > best.last - best.first) {
      best = { first, last: turn };
    }
  });
  return best;
}
