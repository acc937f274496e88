import { placementJson } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { columnsOf, phasesOf } from "../schedule/label-phases.js";
import {
  loadedMicroBatches,
  loadsOf,
  microBatchesInFlight,
  steadyBubbleRate,
  wholeBubbleRate,
} from "../schedule/pipeline-metrics.js";
import { objectiveFloor, objectiveValue } from "../schedule/pipeline-objectives.js";
import type { PipelineOutcome } from "../schedule/pipeline-outcome.js";
import { simulatePipeline } from "../schedule/simulate-pipeline.js";
import type { PipelineSection } from "./pipeline-section.js";
import { pipelineStagesOf } from "./pipeline-stages-of.js";

/** The section of an artifact for what an algorithm found. Requires: a verified outcome. */
export function pipelineSectionOf(placement: Placement, outcome: PipelineOutcome): PipelineSection {
  const { periodic, boundedBy } = outcome;
  const { whole } = outcome;
  const { anchor, phases } = phasesOf(periodic, columnsOf(whole.instances));
  const blockId = (block: number): string => placement.blocks[block]?.id ?? "";
  const { microBatches } = whole;
  const loads = loadsOf(placement, loadedMicroBatches(placement, microBatches));
  const links = placement.devices.flatMap(({ name, isLink }, at) =>
    isLink === true ? [{ name, load: loads[at] ?? 0 }] : [],
  );
  const timelines = simulatePipeline(placement, whole);
  const device = boundedBy.device === undefined ? undefined : placement.devices[boundedBy.device];
  return {
    algorithm: outcome.algorithm,
    placement: placementJson(placement),
    period: periodic.period,
    microBatchesPerPeriod: periodic.microBatchesPerPeriod,
    periodLowerBound: outcome.periodLowerBound,
    boundEach: outcome.boundEach,
    ...(outcome.leastUpTo === undefined ? {} : { leastUpTo: outcome.leastUpTo }),
    status: outcome.status,
    boundedBy: {
      kind: boundedBy.kind,
      ...(device === undefined ? {} : { device: device.name }),
      blocks: boundedBy.blocks.map(blockId),
      ...(boundedBy.weights === undefined ? {} : { weights: boundedBy.weights }),
      ...(boundedBy.beside === undefined ? {} : { beside: boundedBy.beside.map(blockId) }),
    },
    microBatches: whole.microBatches,
    inFlight: microBatchesInFlight(whole),
    makespan: whole.makespan,
    makespanLowerBound: outcome.makespanLowerBound,
    makespanStatus: outcome.makespanStatus,
    ...(outcome.objective === undefined
      ? {}
      : {
          objective: {
            kind: outcome.objective,
            value: objectiveValue(outcome.objective, placement, whole),
            lowerBound:
              outcome.objectiveLowerBound ??
              objectiveFloor(outcome.objective, placement, whole.microBatches),
          },
        }),
    bubbleRate: {
      steady: rounded(steadyBubbleRate(placement, periodic)),
      whole: rounded(wholeBubbleRate(placement, whole)),
    },
    devices: placement.devices.flatMap(({ name, memory, reserved = 0, isLink }, at) => {
      const load = loads[at] ?? 0;
      const peakMemory = (timelines[at]?.peakMemory ?? 0) + reserved;
      const limit = memory === undefined ? {} : { memoryLimit: memory + reserved };
      const always = reserved === 0 ? {} : { reservedMemory: reserved };
      return isLink === true ? [] : [{ name, load, peakMemory, ...limit, ...always }];
    }),
    ...(links.length === 0 ? {} : { links }),
    ...pipelineStagesOf(placement),
    anchor,
    repetend: periodic.repetend.map(({ block, residue, offset, shift }) => ({
      block: blockId(block),
      residue,
      offset,
      shift,
    })),
    instances: whole.instances.map(({ block, microBatch, start, end, phase }, at) => ({
      block: blockId(block),
      microBatch,
      start,
      end,
      phase: phases[at] ?? phase,
    })),
  };
}

/** Six digits: the same on every machine. */
function rounded(share: number): number {
  return Math.round(Math.max(0, share) * 1e6) / 1e6;
}
