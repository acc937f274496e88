/** The place of one block of one residue in the repetend. */
export interface RepetendEntry {
  /** Position in `Placement.blocks`. */
  readonly block: number;
  /** Micro-batches `residue + q * j` use this entry; 0 <= residue < q. */
  readonly residue: number;
  /** 0 <= offset < period. */
  readonly offset: number;
  /** Periods by which the block trails the repetend that its micro-batch enters. */
  readonly shift: number;
}

/**
 * A schedule that repeats: with q = `microBatchesPerPeriod`, micro-batch i = r + q * j runs block b
 * at `anchor + offset + (j + shift) * period`.
 */
export interface PeriodicSchedule {
  /** Integer, in the placement's time unit. */
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  /** One entry per block and residue: by residue, then block. */
  readonly repetend: readonly RepetendEntry[];
}

/** The part of a whole schedule that an instance belongs to. */
export type Phase = "warmup" | "repetend" | "cooldown";

/** One block of one micro-batch in a whole schedule. */
export interface BlockInstance {
  readonly block: number;
  readonly microBatch: number;
  readonly start: number;
  readonly end: number;
  readonly phase: Phase;
}

/** Start time of every block instance of `microBatches` micro-batches; the first starts at 0. */
export interface PipelineSchedule {
  readonly microBatches: number;
  /** By start, then block, then micro-batch. */
  readonly instances: readonly BlockInstance[];
  readonly makespan: number;
}
