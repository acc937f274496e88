import type { StageSamples } from "./pytorch/measured-times.js";
import type { ScheduleRow } from "./pytorch/schedule-row.js";

/** Start and end of each action of a row, in nanoseconds. */
export interface RowTimes {
  readonly startNs: readonly number[];
  readonly endNs: readonly number[];
}

/** A schedule of another tool. */
export interface ReadSchedule {
  readonly format: "pytorch-csv" | "pytorch-trace";
  /** One per rank, in the order of ranks. */
  readonly rows: readonly ScheduleRow[];
  /** By rank, of the last step that was measured; absent: nothing was. */
  readonly times?: readonly RowTimes[];
  /** By stage; absent: nothing was measured. */
  readonly samples?: readonly StageSamples[];
  /** Steps whose times count. */
  readonly steps?: number;
  /** Sentences about what the files leave open. */
  readonly notes: readonly string[];
}
