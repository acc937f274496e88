/**
 * The exit status of a failure.
 *
 * 1 the input was refused, proved infeasible, invalid or stale; 2 usage; 3 a limit was reached
 * without a schedule; 4 the environment lacks something (device, helper, library).
 */
export type FailureExit = 1 | 2 | 3 | 4;

/**
 * Something the user can cause and can act on. Every folder words its own failures in its file
 * `failures.ts`; callers pass data, never text.
 */
export interface Failure {
  /** Stable kebab-case name that scripts may test. */
  readonly code: string;
  /** One line: what is wrong, with the numbers that decided it. */
  readonly message: string;
  /** File, JSON pointer, node or tensor name. */
  readonly where?: string;
  /** One line: what to do about it. */
  readonly hint?: string;
  readonly exit: FailureExit;
  /** The error that was caught, for `--verbose`. */
  readonly cause?: unknown;
}

/** The failures of one operation, in input order; never empty. */
export type Failures = readonly [Failure, ...Failure[]];
