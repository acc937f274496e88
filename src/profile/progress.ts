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
    | "launchers"
    | "models"
    | "samples";
  /** Units of work done so far, and in all as far as known. */
  readonly done: number;
  readonly total: number;
  /** The current activity, for people. */
  readonly label: string;
}

/** Hears of progress; must not throw. */
export type OnProgress = (event: ProgressEvent) => void;
