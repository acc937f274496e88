import type { Result } from "../core/result.js";
import type { MachineLoad } from "../profile/machine-load.js";
import type { OnProgress } from "../profile/progress.js";
import type { HelperCalls } from "../runtime/cuda/session/helper-calls.js";

/** The native helper while it is needed. */
export interface RunningHelper extends HelperCalls {
  close(): Promise<void>;
}

/** The services that every command gets besides its request. */
export interface DriverContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /**
   * Runs long synchronous work unless the run was stopped before. Fails: `stopped`, and as the work
   * does.
   */
  readonly compute: <T>(work: () => Result<T>) => Promise<Result<T>>;
  /** Called with one line for each assumption or deviation that the user should know. */
  readonly onNote: (text: string) => void;
  /**
   * Starts the native helper, building it on first use. Fails: with exit status 4 where it cannot.
   */
  readonly startHelper: () => Promise<Result<RunningHelper>>;
  /** Returns the load of the machine; default: as the system reports it. */
  readonly machineLoad?: () => MachineLoad;
  /** The folder of the profiles kept between runs. */
  readonly profileFolder: string;
  /** Files and folders outside a model's folder where its external data may lie; default none. */
  readonly allowExternal?: readonly string[];
  /** Name and version of this tool, for provenance. */
  readonly tool: string;
}
