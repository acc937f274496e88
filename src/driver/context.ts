import type { Result } from "../core/result.js";
import type { MachineLoad } from "../profile/machine-load.js";
import type { OnProgress } from "../profile/progress.js";
import type { HelperCalls } from "../runtime/cuda/session/device-session.js";

/** The native helper while it is needed. */
export interface RunningHelper extends HelperCalls {
  close(): Promise<void>;
}

/** What long work is given besides its request. */
export interface DriverContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Does work that never waits and can take long, unless Ctrl-C was heard before. Fails: `stopped`, and what the work does. */
  readonly compute: <T>(work: () => Result<T>) => Promise<Result<T>>;
  /** Hears of what was assumed or done differently; one line each. */
  readonly onNote: (text: string) => void;
  /** Starts the native helper, building it on first use. Fails: with exit status 4 where it cannot. */
  readonly startHelper: () => Promise<Result<RunningHelper>>;
  /** How busy the machine is; absent: the system is asked. */
  readonly machineLoad?: () => MachineLoad;
  /** Where profiles are kept between runs. */
  readonly profileFolder: string;
  /** Files and folders outside a model's folder where its external data may lie; default none. */
  readonly allowExternal?: readonly string[];
  /** Name and version of this tool, for provenance. */
  readonly tool: string;
}
