import type {
  BlockInstance,
  PeriodicSchedule,
  Phase,
  PipelineSchedule,
  RepetendEntry,
} from "./pipeline-schedule.js";

/** A whole schedule with its phases, and where its repetition is anchored. */
export interface PhasedSchedule {
  /** Instances of the phase `repetend` start at `anchor + offset + (j + shift) * period`. */
  readonly anchor: number;
  readonly whole: PipelineSchedule;
}

/** Instances as columns: the k-th is block `blocks[k]` of micro-batch `microBatches[k]` at `starts[k]`. */
export interface InstanceColumns {
  readonly blocks: Int32Array;
  readonly microBatches: Int32Array;
  readonly starts: Float64Array;
}

/** The phase of every instance, in the order of the columns, and where the repetition is anchored. */
export interface Phases {
  readonly anchor: number;
  readonly phases: readonly Phase[];
}

/**
 * Which part of a whole schedule repeats.
 *
 * The anchor is the one that most instances agree with. The repetend is the longest run of periods
 * in which every instance stands where the periodic schedule puts it; what belongs to earlier periods
 * is warm-up, to later ones cool-down. Without such a period (few micro-batches, or another timing)
 * everything is one or the other.
 *
 * Cost: O(n log n) in instances.
 */
export function phasesOf(periodic: PeriodicSchedule, columns: InstanceColumns): Phases {
  const { period, microBatchesPerPeriod: q, repetend } = periodic;
  const { blocks, microBatches, starts } = columns;
  const count = repetend.reduce((most, { block }) => Math.max(most, block + 1), 0);
  const entries: (RepetendEntry | undefined)[] = [];
  for (const entry of repetend) {
    entries[entry.residue * count + entry.block] = entry;
  }
  const turns = new Float64Array(starts.length);
  const anchors = new Float64Array(starts.length);
  for (let at = 0; at < starts.length; at++) {
    const microBatch = microBatches[at] ?? 0;
    const entry = entries[(microBatch % q) * count + (blocks[at] ?? 0)];
    const turn = Math.floor(microBatch / q) + (entry?.shift ?? 0);
    turns[at] = turn;
    anchors[at] = (starts[at] ?? 0) - (entry?.offset ?? 0) - turn * period;
  }
  const anchor = mostFrequent(anchors);
  const matching = new Map<number, number>();
  turns.forEach((turn, at) => {
    if (anchors[at] === anchor) {
      matching.set(turn, (matching.get(turn) ?? 0) + 1);
    }
  });
  const deepest = repetend.reduce((most, { shift }) => Math.max(most, shift), 0);
  const full = [...matching].filter(([, found]) => found === repetend.length).map(([turn]) => turn);
  const { first, last } = longestRun(full) ?? { first: deepest, last: deepest - 1 };
  const phases = Array.from(turns, (turn): Phase => {
    return turn < first ? "warmup" : turn <= last ? "repetend" : "cooldown";
  });
  return { anchor, phases };
}

/** The columns of instances. Cost: O(n). */
export function columnsOf(instances: readonly BlockInstance[]): InstanceColumns {
  const blocks = new Int32Array(instances.length);
  const microBatches = new Int32Array(instances.length);
  const starts = new Float64Array(instances.length);
  instances.forEach(({ block, microBatch, start }, at) => {
    blocks[at] = block;
    microBatches[at] = microBatch;
    starts[at] = start;
  });
  return { blocks, microBatches, starts };
}

/** A whole schedule with the phases of its instances: see `phasesOf`. */
export function labelPhases(periodic: PeriodicSchedule, whole: PipelineSchedule): PhasedSchedule {
  const { anchor, phases } = phasesOf(periodic, columnsOf(whole.instances));
  const instances = whole.instances.map(
    (instance, at): BlockInstance => ({ ...instance, phase: phases[at] ?? instance.phase }),
  );
  return { anchor, whole: { ...whole, instances } };
}

/** The smallest of the most frequent values; 0 of an empty list. */
function mostFrequent(values: Float64Array): number {
  const sorted = values.toSorted();
  let [best, most] = [0, 0];
  for (let from = 0; from < sorted.length; ) {
    const value = sorted[from] ?? 0;
    let to = from + 1;
    while (sorted[to] === value) {
      to++;
    }
    if (to - from > most) {
      [best, most] = [value, to - from];
    }
    from = to;
  }
  return best;
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
