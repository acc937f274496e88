/** Time and memory of a stage, from its sums: the one place for these formulas. */

/** Nanoseconds of computing: the fixed cost of any stage on the device, and the work at its speed. */
export function computeTimeNs(fixedNs: number, workNs: number, speed: number): number {
  return fixedNs + workNs / speed;
}

/** Nanoseconds of a stage: the longer of computing and receiving where they overlap, else both. */
export function stageTimeNs(isOverlapped: boolean, computeNs: number, receiveNs: number): number {
  return isOverlapped ? Math.max(computeNs, receiveNs) : computeNs + receiveNs;
}

/**
 * Bytes of a stage: those it always holds, those that every micro-batch in flight keeps and received,
 * and the most that an operator takes while it runs.
 */
export function stageMemoryBytes(
  heldBytes: number,
  inFlight: number,
  perMicroBatchBytes: number,
  workspaceBytes: number,
): number {
  return heldBytes + inFlight * perMicroBatchBytes + workspaceBytes;
}
