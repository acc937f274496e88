/** What a search is at, and the best that it has. */
export interface PipelineProgress {
  readonly phase: "period" | "whole";
  /** The shortest time per micro-batch so far; absent before there is one. */
  readonly known?: KnownPeriod | undefined;
  /** What is looked for just now; absent where that is not a period. */
  readonly trying?: Pick<KnownPeriod, "period" | "microBatchesPerPeriod"> | undefined;
  /** Work done and at most, in nodes of the phase. */
  readonly done: number;
  readonly total: number;
}

/** A period that was found, before anything is proved of it. */
export interface KnownPeriod {
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  /** No period of as many micro-batches is shorter. */
  readonly lowerBound: number;
}

/** Hears of a search every few milliseconds; what it does has no part in the result. */
export type OnPipelineProgress = (progress: PipelineProgress) => void;
