/**
 * The explanation of a pipeline's period: its cause, the changes that would shorten it, and its length
 * when durations jitter: `pipelineSensitivity` and `noisyPeriod` with the placement's names and plain
 * numbers.
 */
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { blockPositions, periodicOf } from "../artifact/section-schedules.js";
import { isPlain } from "../placement/micro-batches.js";
import type { Placement } from "../placement/placement.js";
import type { Ratio } from "../schedule/max-cycle-ratio.js";
import {
  type CycleStep,
  type FasterBlocks,
  pipelineSensitivity,
} from "../schedule/pipeline-sensitivity.js";
import { type NoisyPeriod, noisyPeriod } from "../schedule/robust-period.js";
import { verifyPeriodicSchedule } from "../schedule/verify-periodic-schedule.js";

/** Blocks made a tenth faster, and the resulting period. All times are per micro-batch. */
export interface SpeedUp {
  readonly blocks: readonly string[];
  readonly period: number;
  /** Share of the order's least period that goes away, in [0, 1). */
  readonly gain: number;
}

/** The explanation of a period. All times are per micro-batch, in the placement's unit. */
export interface PipelineExplanation {
  /** The least period for the order of blocks on the devices; at most the period of the schedule. */
  readonly leastPeriod: number;
  readonly criticalCycle: readonly (Omit<CycleStep, "block"> & { readonly block: string })[];
  /** Blocks of the critical cycle, most gain first. */
  readonly speedUps: readonly SpeedUp[];
  /** If no block helps alone: blocks that help together. */
  readonly together: SpeedUp | undefined;
  readonly noise: NoisyPeriod & { readonly spread: number; readonly runs: number };
}

const NOISE = { spread: 0.1, runs: 64 } as const;

/**
 * Explains a section's repetend; `undefined` if it is invalid, and so has no period, or if its placement is not plain.
 *
 * Requires: the placement is the section's own. `seed` is that of the noise.
 */
export function explainPipeline(
  section: PipelineSection,
  placement: Placement,
  seed: number,
): PipelineExplanation | undefined {
  const periodic = periodicOf(section, blockPositions(placement));
  if (!isPlain(placement) || verifyPeriodicSchedule(placement, periodic).length > 0) {
    return undefined;
  }
  const { period, cycle, single, together } = pipelineSensitivity(placement, periodic);
  const perMicroBatch = ({ numerator, denominator }: Ratio): number =>
    numerator / denominator / periodic.microBatchesPerPeriod;
  const least = perMicroBatch(period);
  const idOf = (block: number): string => placement.blocks[block]?.id ?? "";
  const named = (each: FasterBlocks): SpeedUp => ({
    blocks: each.blocks.map(idOf),
    period: perMicroBatch(each.period),
    gain: least === 0 ? 0 : 1 - perMicroBatch(each.period) / least,
  });
  const speedUps = single.map(named);
  const helpsAlone = speedUps.some(({ gain }) => gain > 0);
  return {
    leastPeriod: least,
    criticalCycle: cycle.map((step) => ({ ...step, block: idOf(step.block) })),
    speedUps,
    together: helpsAlone || together === undefined ? undefined : named(together),
    noise: { ...NOISE, ...noisyPeriod(placement, periodic, { seed, ...NOISE }) },
  };
}
