/** A task that is launched. */
export interface TaskLaunch {
  readonly timeNs: number;
  readonly model: number;
  /** Position of its first request among those of the model, and how many there are. */
  readonly first: number;
  readonly requests: number;
  readonly batch: number;
}

/** What a simulation may do besides. */
export interface ServingOptions {
  /**
   * Times that a task takes longer than its profile says, by model and number of the launch among
   * the model's: service times that vary. Default 1.
   */
  readonly scaleOf?: (model: number, launch: number) => number;
  /** Draws the times of runs that vary (`BatchRun`); absent: all take their mean. Not with `scaleOf`. */
  readonly seed?: number;
  readonly onLaunch?: (launch: TaskLaunch) => void;
}
