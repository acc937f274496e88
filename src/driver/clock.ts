/** Milliseconds since some moment in the past: for durations that are shown, never in a result. */
export function nowMs(): number {
  return performance.now();
}
