import type { Placement } from "../placement/placement.js";
import { reduced } from "./max-cycle-ratio.js";
import { loadedMicroBatches, loadsOf } from "./pipeline-metrics.js";
import type { PipelineOutcome } from "./pipeline-outcome.js";
import type { PeriodicSchedule, PipelineSchedule } from "./pipeline-schedule.js";

/** A schedule that some rule made, and what bounds it. */
export interface WholeAndPeriod {
  readonly algorithm: string;
  readonly whole: PipelineSchedule;
  readonly periodic: PeriodicSchedule;
  /** No schedule of as many micro-batches is shorter. */
  readonly makespanLowerBound: number;
}

/** A whole schedule with the period in it, and the bound of the period that needs no search: the largest load. */
export function outcomeOfWhole(
  placement: Placement,
  { algorithm, whole, periodic, makespanLowerBound }: WholeAndPeriod,
): PipelineOutcome {
  const { microBatchesPerPeriod: q } = periodic;
  const loaded = loadedMicroBatches(placement, q);
  const loads = loadsOf(placement, loaded);
  const load = Math.max(...loads);
  const device = loads.indexOf(load);
  const periodLowerBound = (load * q) / loaded;
  const blocks = placement.blocks.flatMap((block, at) =>
    block.devices.includes(device) ? [at] : [],
  );
  return {
    algorithm,
    periodic,
    periodLowerBound,
    boundEach: reduced(load, loaded),
    status: periodic.period === periodLowerBound ? "optimal" : "heuristic",
    boundedBy: { kind: "load", device, blocks },
    whole,
    makespanLowerBound,
    makespanStatus: whole.makespan === makespanLowerBound ? "optimal" : "heuristic",
    nodes: whole.instances.length,
    isCutShort: false,
  };
}
