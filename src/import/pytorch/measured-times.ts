import { fail, ok, type Result } from "../../core/result.js";
import { median } from "../../core/statistics.js";
import { importScheduleInvalid } from "../failures.js";
import type { ComputeKind } from "./action.js";
import type { StageTimes } from "./placement-of-stages.js";
import type { RowStage } from "./stages-of-rows.js";

/** Measured times of each kind of block of a stage, in nanoseconds. */
export type StageSamples = Readonly<Partial<Record<ComputeKind, readonly number[]>>>;

/**
 * Durations of stages that were measured: the medians of their blocks, at least 1 ns.
 *
 * Whole backwards of a stage that is split for other micro-batches say nothing of its parts, and count for
 * nothing. Fails: `import-schedule-invalid` for a block that never ran on its own; `path` is named.
 */
export function measuredTimes(
  stages: readonly RowStage[],
  samples: readonly StageSamples[],
  path: string,
): Result<(stage: number) => StageTimes> {
  const times: StageTimes[] = [];
  for (const [stage, { backward }] of stages.entries()) {
    const wanted = kindsOf(backward);
    const lost = wanted.find((kind) => (samples[stage]?.[kind] ?? []).length === 0);
    if (lost !== undefined) {
      const message = `has no time of ${stage}${lost} on its own, only together with other blocks`;
      return fail([importScheduleInvalid(path, message, "record more micro-batches")]);
    }
    const [forward = 1, input = 1, weight = 1] = wanted.map((kind) =>
      Math.max(1, Math.round(median(samples[stage]?.[kind] ?? []))),
    );
    times.push({ forward, backward: input, weight });
  }
  return ok((stage) => times[stage] ?? { forward: 1, backward: 1, weight: 1 });
}

/** The kinds of the blocks that a placement has of a stage, in the order forward, backward, weight. */
export function kindsOf(backward: RowStage["backward"]): readonly ComputeKind[] {
  return { none: ["F"], whole: ["F", "B"], split: ["F", "I", "W"] }[backward] as ComputeKind[];
}
