import type { OnProgress } from "../profile/progress.js";

/** What long work is given besides its request. */
export interface DriverContext {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Hears of what was assumed or done differently; one line each. */
  readonly onNote: (text: string) => void;
  /** Where profiles are kept between runs. */
  readonly profileFolder: string;
  /** Name and version of this tool, for provenance. */
  readonly tool: string;
}
