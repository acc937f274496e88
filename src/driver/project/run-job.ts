/** Why a command that ran elsewhere failed, as it printed it. */
export interface QuotedFailure {
  /** Absent: it is none of the catalog. */
  readonly code?: string;
  readonly message: string;
  readonly place?: string;
  readonly hint?: string;
}

/** The end of a command: `failures` is empty where it did what it was asked for. */
export interface JobEnd {
  readonly failures: readonly QuotedFailure[];
}

/**
 * Runs a command of this program, given by its words, in the folder of the configuration; several at a
 * time. Never rejects.
 */
export type RunJob = (words: readonly string[]) => Promise<JobEnd>;
