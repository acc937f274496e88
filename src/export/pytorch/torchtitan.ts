import type { Stage } from "./stages.js";

/** What torchtitan is told about a schedule. */
export interface TitanFacts {
  readonly stages: readonly Stage[];
  readonly isTraining: boolean;
  readonly ranks: number;
  /** The file of the schedule. */
  readonly name: string;
  readonly computeOnly: boolean;
}

/**
 * The options of torchtitan for a schedule, or the reason why it cannot run it: stages of a rank are `rank + k * ranks`
 * there, or two of a V.
 */
export function titanLines({
  stages,
  isTraining,
  ranks,
  name,
  computeOnly,
}: TitanFacts): readonly string[] {
  const kind = titanSchedule(stages, ranks);
  if (!isTraining) {
    return [];
  }
  if (kind === undefined) {
    return [
      "torchtitan cannot run it: there stage s is on rank s modulo the ranks, or a rank has two stages of a V",
    ];
  }
  if (!computeOnly) {
    return ["torchtitan adds the transfers itself: for it, export with --compute-only"];
  }
  return [
    "torchtitan:",
    `  --parallelism.pipeline_parallel_degree ${ranks}`,
    `  --parallelism.pipeline_parallel_schedule ${kind}`,
    `  --parallelism.pipeline_parallel_schedule_csv ${name}`,
    `  and parallelism.module_fqns_per_model_part with ${stages.length} lists of modules, one a stage`,
  ];
}

/** The schedule whose stages lie as these; `undefined`: none. */
function titanSchedule(stages: readonly Stage[], ranks: number): string | undefined {
  if (stages.every(({ rank }, at) => rank === at % ranks) && stages.length % ranks === 0) {
    return stages.length === ranks ? "1F1B" : "Interleaved1F1B";
  }
  const isV =
    stages.length === 2 * ranks &&
    stages.every(({ rank }, at) => rank === Math.min(at, 2 * ranks - 1 - at));
  return isV ? "ZBVZeroBubble" : undefined;
}
