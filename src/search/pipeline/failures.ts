import type { Failure } from "../../core/failure.js";
import type { Placement } from "../../placement/placement.js";

/**
 * Limits that some block cannot run within, whatever the order. `least` per device: nothing does with
 * less; `isEnough`: a schedule with just that was found.
 */
export function provedInfeasible(
  { devices }: Placement,
  least: readonly (number | undefined)[] | undefined,
  isEnough: boolean,
): Failure {
  const short = devices.flatMap(({ name, memory, reserved = 0 }, at) => {
    const needs = least?.[at];
    return memory !== undefined && needs !== undefined && needs > memory
      ? [`device "${name}" has ${memory + reserved} and needs ${needs + reserved}`]
      : [];
  });
  const shown = short.slice(0, 4).join(", ");
  const more = short.length > 4 ? `, and ${short.length - 4} more devices` : "";
  return {
    code: "placement-infeasible",
    where: "memory limits",
    message: `no schedule exists, not even for one micro-batch: ${shown}${more}`,
    hint: isEnough
      ? "with as much memory as they need there is a schedule: raise the limits to that"
      : "that much is needed at least; it may take more",
    exit: 1,
  };
}

/** A search that ended without a schedule and without a proof that there is none. */
export function noScheduleWithin(nodes: number): Failure {
  return {
    ...noScheduleFound("top-compile", ` in ${nodes} nodes`),
    hint: "raise --max-nodes, or give the devices more memory",
  };
}

/** A heuristic that kept no schedule within memory: there may still be one. */
export function noScheduleFound(algorithm: string, effort: string = ""): Failure {
  return {
    code: "no-schedule-found",
    where: `--algorithm ${algorithm}`,
    message: `found no schedule within the memory limits${effort}; this does not prove that there is none`,
    hint: "give the devices more memory, or choose another algorithm",
    exit: 3,
  };
}
