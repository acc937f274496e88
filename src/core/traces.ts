/**
 * A log of what a run does to files, so that another process can clean up after it when it is
 * killed at any moment.
 *
 * A temporary is named before it is made, and a file is named before it is put into its place: the
 * last trace and the state of the disk together tell what happened, whenever the run ended.
 */

/** One event of a run's files. Paths are absolute. */
export type Trace =
  /** A temporary file or folder is about to be created. */
  | { readonly kind: "making"; readonly path: string }
  /** A temporary file is complete and about to be renamed to `target`. */
  | { readonly kind: "placing"; readonly path: string; readonly target: string }
  /** The target is in place. */
  | { readonly kind: "placed"; readonly path: string }
  /** A temporary has been removed. */
  | { readonly kind: "removed"; readonly path: string };

let teller: ((trace: Trace) => void) | undefined;

/** Passes every later trace to `tell`, which must not throw; without it they are dropped. */
export function tellTraces(tell: ((trace: Trace) => void) | undefined): void {
  teller = tell;
}

/**
 * Records a trace. Requires: called before `making` and `placing` happen, after `placed` and
 * `removed` have.
 */
export function trace(what: Trace): void {
  teller?.(what);
}
