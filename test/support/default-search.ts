import type { Placement } from "../../src/placement/placement.js";
import type { PipelineOutcome } from "../../src/schedule/pipeline-outcome.js";
import { topCompileSchedule } from "../../src/search/pipeline/top-compile.js";

/** Enough for nearly all small placements. */
const MAX_NODES = 20_000;

/** What the proving search finds; `undefined` when there is nothing or it found nothing. */
export function provingSearch(placement: Placement, microBatches = 4): PipelineOutcome | undefined {
  const found = topCompileSchedule(placement, microBatches, { maxNodes: MAX_NODES, rivals: [] });
  return found.ok ? found.value : undefined;
}

/** Time per micro-batch of an outcome; infinity without one. */
export function rateOf(outcome: PipelineOutcome | undefined): number {
  return outcome === undefined
    ? Number.POSITIVE_INFINITY
    : outcome.periodic.period / outcome.periodic.microBatchesPerPeriod;
}
