/**
 * A pipeline on GPUs as they may be: the same stages in the same order, with the times that kernels and gaps then take.
 *
 * Gaps and the floor of kernels are paid by a stage as by one device, and a pipeline gains what its slowest
 * device does not do: how much that is depends on whether stages differ in the number of their kernels.
 *
 * Example: stages of 10 kernels in 100 us and of 50 in 100 us take 110 and 150 us with gaps of 1 us, and 120 and 200
 * with gaps of 2 us; one device takes 260 and 320 us. The gain falls from 1.73x to 1.6x.
 */
import { type PipelineRange, pipelineRangeOf } from "../artifact/pipeline-range.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { placementOfStages } from "../placement/pipeline-of-stages.js";
import type { Placement } from "../placement/placement.js";
import { makespanInOrder, periodInOrder } from "../schedule/pipeline-pace.js";
import type { PeriodicSchedule, PipelineSchedule } from "../schedule/pipeline-schedule.js";
import { costStages, type SeatedPartition, type StageCostOptions } from "./cost-stages.js";
import type { ModelCosts } from "./model-costs.js";

/** A model in seats, whose groups of operators may be cut apart, and its schedule. */
export interface ScheduledStages {
  readonly seated: SeatedPartition;
  /** Whether stages were given by hand, and may cut groups apart. */
  readonly isByHand: boolean;
  readonly periodic: PeriodicSchedule;
  readonly whole: PipelineSchedule;
}

/**
 * The time of all operators one after the other on one device of speed 1, by the times that stages are
 * made of; in training it is scaled by the ratio of all blocks of the placement to its forward blocks.
 */
export function oneDeviceTime(
  { durationNs }: Pick<ModelCosts, "durationNs">,
  { blocks }: Placement,
): number {
  const forwardNs = durationNs.reduce((sum, ns) => sum + ns, 0);
  const total = (isCounted: (kind: string) => boolean): number =>
    blocks.reduce((sum, { kind, duration }) => sum + (isCounted(kind) ? duration : 0), 0);
  const forward = total((kind) => kind === "forward");
  const all = total(() => true);
  return Math.round(forward === 0 ? forwardNs : (forwardNs * all) / forward);
}

/**
 * The pipeline in every scenario of its costs, that of the figures used first; `undefined` where nothing is assumed.
 *
 * Requires: a valid schedule. Cost: that of `costStages` and `maxCycleRatio`, at most five times.
 */
export function pipelineRange(
  lowered: LoweredModel,
  costs: ModelCosts,
  options: StageCostOptions,
  { seated, isByHand, periodic, whole }: ScheduledStages,
): PipelineRange | undefined {
  const scenarios = (costs.cases?.() ?? []).map((each) => {
    const { durationNs, timesIfCut, kernelFloorNs, launchGapNs } = each;
    const cut = isByHand ? timesIfCut?.(seated.partition.stageOf) : undefined;
    const timed = { ...costs, durationNs: cut ?? durationNs };
    const { stages, edges } = costStages(lowered, timed, options, seated);
    const placement = placementOfStages({ devices: seated.devices, stages, edges });
    return {
      kernelFloorNs,
      launchGapNs,
      oneDeviceNs: oneDeviceTime({ durationNs }, placement),
      periodNs: periodInOrder(placement, periodic),
      makespanNs: makespanInOrder(placement, whole),
    };
  });
  return pipelineRangeOf(scenarios, periodic.microBatchesPerPeriod);
}
