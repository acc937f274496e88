/**
 * What a run does to files, told while it does it, so that another process can clean up after it
 * when it is ended at any moment.
 *
 * A temporary is named before it is made, and a file is named before it is put into its place: what
 * was told last and what the disk shows together say what happened, whenever the run ended.
 */

/** Something that a run does to files. Paths are absolute. */
export type Trace =
  /** A file or folder is about to be made that must not stay. */
  | { readonly kind: "making"; readonly path: string }
  /** A temporary file is whole, and about to be renamed to `target`. */
  | { readonly kind: "placing"; readonly path: string; readonly target: string }
  /** It is there now. */
  | { readonly kind: "placed"; readonly path: string }
  /** A temporary has been removed. */
  | { readonly kind: "removed"; readonly path: string };

let teller: ((trace: Trace) => void) | undefined;

/** Has every trace from here on told to `tell`, which must not throw; without it they are dropped. */
export function tellTraces(tell: ((trace: Trace) => void) | undefined): void {
  teller = tell;
}

/** Tells a trace. Requires: called before `making` and `placing` happen, after `placed` and `removed` have. */
export function trace(what: Trace): void {
  teller?.(what);
}
