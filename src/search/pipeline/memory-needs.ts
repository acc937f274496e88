import type { Placement } from "../../placement/placement.js";
import {
  longestFrom,
  type MemoryEvent,
  type ModuloProblem,
  moduloProblem,
} from "./modulo/modulo-problem.js";

/** Whether a micro-batch leaves no memory behind on a device. */
export function returnsMemory(problem: ModuloProblem, device: number): boolean {
  return (problem.events[device] ?? []).reduce((sum, { change }) => sum + change, 0) === 0;
}

/** Limits per device; Infinity where none applies, or micro-batches leave memory behind. */
export function limitsOf(
  problem: ModuloProblem,
  limits: readonly (number | undefined)[],
): Float64Array {
  return Float64Array.from(limits, (limit, device) =>
    returnsMemory(problem, device) ? (limit ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
  );
}

/** Most that one block of a device takes, with its workspace. */
export function largestTake(problem: ModuloProblem, device: number): number {
  const takes = (problem.events[device] ?? []).map(
    ({ block, change }) => Math.max(0, change) + (problem.workspace[block] ?? 0),
  );
  return Math.max(0, ...takes);
}

/**
 * Per device a limit that no schedule can do with less than: a block's own take and workspace with
 * what its predecessors took and only its successors can give back. `undefined`: none is enough.
 */
export function memoryNeeds(placement: Placement): readonly (number | undefined)[] {
  const problem = moduloProblem(placement, 1);
  const reach = Array.from({ length: problem.count }, (_, block) => longestFrom(problem, block));
  return placement.devices.map((_, device) =>
    returnsMemory(problem, device)
      ? Math.max(
          0,
          ...(problem.blocksOn[device] ?? []).map((b) => levelAtStart(problem, device, b, reach)),
        )
      : undefined,
  );
}

/** Least level when `block` starts: all releases that need not come after it have happened. */
function levelAtStart(
  problem: ModuloProblem,
  device: number,
  block: number,
  reach: readonly Float64Array[],
): number {
  const comes = (from: number, to: number): boolean =>
    reach[from]?.[to] !== Number.NEGATIVE_INFINITY;
  const counts = ({ block: other, change, offset }: MemoryEvent): boolean => {
    if (other === block) {
      return offset === 0;
    }
    return change > 0 ? comes(other, block) : !comes(block, other);
  };
  return (problem.events[device] ?? [])
    .filter(counts)
    .reduce((level, { change }) => level + change, problem.workspace[block] ?? 0);
}
