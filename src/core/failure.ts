import type { FailureCodeOf } from "./failure-catalog/failure-catalog.js";

/**
 * The exit status of a failure.
 *
 * 1 the input was refused, proved infeasible, invalid or stale; 2 usage; 3 a limit was reached
 * without a schedule; 4 the environment lacks something (device, helper, library).
 */
export type FailureExit = 1 | 2 | 3 | 4;

/** The code of a failure: one of the closed catalog, which defines its exit status. */
export type FailureCode = FailureCodeOf<FailureExit>;

/**
 * An error that the user can cause and act on. Every folder words its own failures in its file
 * `failures.ts`; callers pass data, never text.
 */
export type Failure = FailureOf<1> | FailureOf<2> | FailureOf<3> | FailureOf<4>;

/** A failure with an exit status. */
export interface FailureOf<E extends FailureExit> {
  /** Stable kebab-case name that scripts may test. */
  readonly code: FailureCodeOf<E>;
  /** One line: the problem, with the numbers that decided it. */
  readonly message: string;
  /** File, JSON pointer, node or tensor name. */
  readonly where?: string;
  /** One line: the remedy. */
  readonly hint?: string;
  readonly exit: E;
  /** The caught error, for `--verbose`. */
  readonly cause?: unknown;
}

/** The failures of one operation, in input order; never empty. */
export type Failures = readonly [Failure, ...Failure[]];
