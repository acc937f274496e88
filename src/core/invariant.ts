/** A mistake of this program, never of its input; the command line exits with 70. */
export class InternalError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`internal: ${what}`, options);
    this.name = "InternalError";
  }
}

/**
 * Throws `InternalError` unless `condition` holds.
 *
 * Requires: `what` names the broken expectation, not the input.
 */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) {
    throw new InternalError(what);
  }
}

/** Closes an exhaustive `switch`: with a new member of the union this does not compile. */
export function unreachable(value: never): never {
  throw new InternalError(`unexpected value ${String(value)}`);
}

/** `value`, or an `InternalError` that names `what` when it is absent: for look-ups that cannot miss. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new InternalError(`missing ${what}`);
  }
  return value;
}
