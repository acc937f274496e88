import type { Placement } from "../../placement/placement.js";
import { buildPlacement } from "../../placement/shapes/shape-builder.js";
import type { RowStage, RowStages } from "./stages-of-rows.js";

/** Durations of the blocks of a stage. */
export interface StageTimes {
  readonly forward: number;
  /** Of a whole backward, or of the gradients of inputs where those of weights are split off. */
  readonly backward: number;
  readonly weight: number;
}

/** What a placement of stages has besides them. */
export interface StageFrame {
  readonly timeUnit: Placement["timeUnit"];
  readonly ranks: number;
  /** Of transfers between ranks. */
  readonly latency: number;
}

/**
 * The placement of stages that follow each other in their chain: a device per rank, blocks named as those of named shapes,
 * one unit of memory per micro-batch from its forward to its last backward block.
 *
 * Ensures: for stages as a shape has them, the placement of that shape.
 */
export function placementOfStages(
  { stages, chainLength }: Pick<RowStages, "stages" | "chainLength">,
  timesOf: (stage: number) => StageTimes,
  { timeUnit, ranks, latency }: StageFrame,
): Placement {
  const steps = stages.map(({ rank, backward }, stage) => {
    const times = timesOf(stage);
    return {
      devices: [rank],
      after: stage % chainLength === 0 ? [] : [stage - 1],
      memory: 1,
      forward: times.forward,
      ...(backward === "none" ? {} : { backward: times.backward }),
      ...(backward === "split" ? { weight: times.weight } : {}),
    };
  });
  const mode = stages.some(({ backward }) => backward !== "none") ? "train" : "infer";
  const frame = {
    devices: ranks,
    mode,
    latency,
    memory: undefined,
    memoryRelease: "start",
  } as const;
  return { ...buildPlacement(steps, frame), timeUnit };
}

/** Durations that a user gives, in steps; absent: the usual ones. */
export interface GivenTimes {
  readonly forward?: number | undefined;
  readonly backward?: number | undefined;
  readonly weight?: number | undefined;
}

/**
 * Durations of stages that were not measured: 1 for a forward, for gradients of inputs and for gradients of
 * weights, and 2 for a backward of both.
 *
 * Where some stages are split and others are not, a whole backward takes as long as its two parts.
 */
export function givenTimes(
  stages: readonly RowStage[],
  { forward = 1, backward, weight = 1 }: GivenTimes,
): (stage: number) => StageTimes {
  const isSplit = stages.some((stage) => stage.backward === "split");
  const input = backward ?? 1;
  const whole = isSplit ? input + weight : (backward ?? 2);
  return (stage) => ({
    forward,
    backward: stages[stage]?.backward === "split" ? input : whole,
    weight,
  });
}
