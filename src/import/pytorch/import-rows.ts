import { fail, ok, type Result } from "../../core/result.js";
import { chainsOf } from "../../placement/chain.js";
import type { Placement } from "../../placement/placement.js";
import type { PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../schedule/simulate-pipeline.js";
import { importScheduleInvalid } from "../failures.js";
import { checkTransfers } from "./check-transfers.js";
import { lossOrderNotes } from "./loss-order.js";
import { measuredTimes, type StageSamples } from "./measured-times.js";
import {
  type GivenTimes,
  givenTimes,
  placementOfStages,
  type StageTimes,
} from "./placement-of-stages.js";
import { type NamedPlacement, scheduleOfRows } from "./schedule-of-rows.js";
import type { ScheduleRow } from "./schedule-row.js";
import { type RowStage, type RowStages, stagesOfRows } from "./stages-of-rows.js";

/** What blocks take and where they stand. */
export interface RowsContext {
  /** By stage; absent: nothing was measured. */
  readonly samples?: readonly StageSamples[] | undefined;
  /** Durations that were given where nothing was measured, and the latency of transfers. */
  readonly times: GivenTimes & { readonly latency?: number | undefined };
  /** Chains of stages that do not depend on each other; absent: one. */
  readonly chains?: number | undefined;
  /** A placement of the same stages; absent: one is made. Measured durations replace those that it has. */
  readonly placement?: NamedPlacement | undefined;
}

/** A schedule made of rows. */
export interface ImportedRows {
  readonly of: RowStages;
  readonly placement: Placement;
  readonly whole: PipelineSchedule;
  /** By row: the device of the placement that runs it. */
  readonly devices: readonly number[];
  /** Sentences about losses that are mixed up, and transfers that can block. */
  readonly notes: readonly string[];
}

/**
 * The schedule of rows.
 *
 * Fails: `import-schedule-invalid`, `import-schedule-stuck`, `import-placement-differs`.
 */
export function importRows(
  rows: readonly ScheduleRow[],
  context: RowsContext,
): Result<ImportedRows> {
  const of = stagesOfRows(rows, context.chains);
  if (!of.ok) {
    return of;
  }
  const notes = checkTransfers(rows, of.value);
  if (!notes.ok) {
    return notes;
  }
  const placed = placementFor(rows, of.value, context);
  if (!placed.ok) {
    return placed;
  }
  const ran = scheduleOfRows(rows, of.value, placed.value);
  if (!ran.ok) {
    return ran;
  }
  const { placement, path } = placed.value;
  const { whole, devices } = ran.value;
  const order = lossOrderNotes(rows, of.value);
  const exceeded = memoryProblem(placement, whole);
  return exceeded === undefined
    ? ok({ of: of.value, placement, whole, devices, notes: [...order, ...notes.value] })
    : fail([importScheduleInvalid(path, exceeded, MEMORY_HINT)]);
}

const MEMORY_HINT = "raise the memory of the device in the placement: the schedule takes as much";

function placementFor(
  rows: readonly ScheduleRow[],
  of: RowStages,
  { samples, times, placement: given }: RowsContext,
): Result<NamedPlacement> {
  const { stages } = of;
  const path = rows[0]?.path ?? "";
  const measured = samples && measuredTimes(stages, samples, path);
  if (measured?.ok === false) {
    return measured;
  }
  const timesOf = measured?.value ?? givenTimes(stages, times);
  if (given !== undefined) {
    const { placement } = given;
    const timed = measured === undefined ? placement : withTimes(placement, stages, timesOf);
    return ok({ ...given, placement: timed });
  }
  const frame = { ranks: rows.length, latency: times.latency ?? 0 };
  const timeUnit = measured === undefined ? "step" : "ns";
  const placement = placementOfStages(of, timesOf, { ...frame, timeUnit });
  return ok({ placement, path });
}

/**
 * The same placement with other durations, in nanoseconds; one that is no chains stays as it is. A whole backward
 * is shared by the blocks that the placement has for it, as they were.
 */
function withTimes(
  placement: Placement,
  stages: readonly RowStage[],
  timesOf: (stage: number) => StageTimes,
): Placement {
  const durations = placement.blocks.map(({ duration }) => duration);
  const setTo = (block: number | undefined, time: number): void => {
    if (block !== undefined) {
      durations[block] = Math.max(1, time);
    }
  };
  chainsOf(placement)?.stages.forEach(({ forward, backward, weight }, stage) => {
    const times = timesOf(stage);
    const [input, own] = [backward, weight].map((block) => durations[block ?? -1] ?? 0);
    const share = (input ?? 0) / Math.max(1, (input ?? 0) + (own ?? 0));
    const isShared = weight !== undefined && stages[stage]?.backward === "whole";
    const parted = Math.min(Math.max(1, Math.round(times.backward * share)), times.backward - 1);
    const first = isShared ? parted : times.backward;
    setTo(forward, times.forward);
    setTo(backward, first);
    setTo(weight, isShared ? times.backward - first : times.weight);
  });
  const blocks = placement.blocks.map((block, at) => ({
    ...block,
    duration: durations[at] ?? block.duration,
  }));
  return { ...placement, timeUnit: "ns", blocks };
}

function memoryProblem(placement: Placement, whole: PipelineSchedule): string | undefined {
  const peaks = simulatePipeline(placement, whole).map(({ peakMemory }) => peakMemory);
  const at = placement.devices.findIndex(
    ({ memory }, device) => memory !== undefined && (peaks[device] ?? 0) > memory,
  );
  const device = placement.devices[at];
  return device === undefined
    ? undefined
    : `the schedule takes ${peaks[at]} of memory on device "${device.name}", which has ${device.memory}`;
}
