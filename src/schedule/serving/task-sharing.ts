/** The stages that are on a device at one time, in the order of dispatch, and how fast each goes. */
export interface TaskSharing {
  count: number;
  /** By slot: the task, its stage, and nanoseconds of the stage, as if alone, that are still to do. */
  readonly operator: Int32Array;
  readonly phase: Int32Array;
  readonly left: Float64Array;
  /** By slot, after `settle`: progress per nanosecond. */
  readonly rate: Float64Array;
  add(task: number, stage: number, left: number): void;
  move(from: number, to: number): void;
  /** Sets the rates. Returns the time to the first end of a stage. */
  settle(): number;
  advance(step: number): void;
}
