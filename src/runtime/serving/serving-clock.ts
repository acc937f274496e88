/** Readings that tie two clocks: the closest of them counts. */
const READINGS = 8;

/**
 * A clock of nanoseconds since a moment of the monotonic clock, the same on all threads to less than a microsecond.
 * Reading it leaves no garbage behind, which `process.hrtime.bigint` does: a thread that waits awake reads it a
 * thousand times in a tenth of a millisecond.
 */
export function clockSince(moment: bigint): () => number {
  let closest = Number.POSITIVE_INFINITY;
  let offsetNs = 0;
  for (let reading = 0; reading < READINGS; reading++) {
    const before = performance.now();
    const now = process.hrtime.bigint();
    const after = performance.now();
    if (after - before < closest) {
      closest = after - before;
      offsetNs = Number(now - moment) - 5e5 * (before + after);
    }
  }
  return () => 1e6 * performance.now() + offsetNs;
}
