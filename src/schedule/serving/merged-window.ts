/**
 * The *merged window*: what a device runs in every period when several models are served together.
 *
 * Each window launches the same tasks. A task may be cut into parts, of which part `s` runs `s` windows after the
 * first; so in every window the parts of tasks launched in different windows run side by side, and nothing
 * in a window waits for another part of it. All parts are one graph, which one operator schedule runs. The
 * window is a repetend: its tasks are micro-batches, the number of a part is its shift.
 *
 * Windows follow each other without overlap, so the time that the schedule takes is the least period. Requests of
 * every model are served in the long run if they come no faster than tasks times batch over the period.
 *
 * Example: tasks of 3 and 5 us that do not disturb each other give a period of 5 us. The second cut into parts of
 * 2 and 3 us gives 3 us, and its requests are answered in the window after that of their launch.
 */
import type { OperatorId } from "../../ir/operator-graph.js";
import type { GpuBounds } from "../gpu-bounds.js";
import type { OperatorSchedule } from "../operator-schedule.js";

/** A task that every window launches. */
export interface WindowTask {
  /** Position in `ServingProblem.models`. */
  readonly model: number;
  /** Requests that it has room for. */
  readonly batch: number;
  /**
   * By part: operators of the model's graph for this batch, ascending. Every operator is in one part, and
   * reads from the same part or earlier ones.
   */
  readonly parts: readonly (readonly OperatorId[])[];
}

/** A window with its schedule, and what is proved of it. */
export interface MergedWindow {
  /** By model. */
  readonly tasks: readonly WindowTask[];
  /** Of the graph of all parts (`windowGraphOf`). */
  readonly schedule: OperatorSchedule;
  /** What the schedule takes in the simulator: integer nanoseconds. */
  readonly periodNs: number;
  /** No schedule of the same parts takes less; integer nanoseconds. */
  readonly lowerBoundNs: number;
  readonly boundedBy: GpuBounds["boundedBy"];
  /** `optimal`: the period is the bound. */
  readonly status: "optimal" | "bounded";
}
