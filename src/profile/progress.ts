/** A report of a measurement in progress. */
export interface ProgressEvent {
  readonly phase:
    | "operators"
    | "workers"
    | "schedules"
    | "stages"
    | "pipeline"
    | "serving"
    | "sessions"
    | "policies"
    | "launchers"
    | "models"
    | "samples";
  /** Units of work done so far, and in all as far as known. */
  readonly done: number;
  readonly total: number;
  /** The current activity, for people. */
  readonly label: string;
  /**
   * Names a part of a phase that takes long: where no line can be rewritten, each part gets a line of its own, and not the
   * phase alone.
   */
  readonly part?: string;
}

/** Hears of progress; must not throw. */
export type OnProgress = (event: ProgressEvent) => void;
