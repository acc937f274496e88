import { unreachable } from "../core/invariant.js";
import type { Placement } from "../placement/placement.js";
import type { BoundClaim, BoundProblem } from "../schedule/check-bound.js";

/** One line about a bound of the period that does not hold, with the placement's names. */
export function describeBoundProblem(
  problem: BoundProblem,
  kind: BoundClaim["kind"],
  { blocks, devices }: Placement,
): string {
  const block = (at: number): string => `"${blocks[at]?.id ?? at}"`;
  const device = (at: number): string => `device "${devices[at]?.name ?? at}"`;
  const reason = `/pipeline/boundedBy proves nothing by ${kind}: `;
  switch (problem.kind) {
    case "device-missing":
      return `${reason}it names no device of the placement`;
    case "unknown-block":
      return `${reason}its block ${problem.position} is not one of the placement`;
    case "repeated-block":
      return `${reason}it counts ${block(problem.block)} twice`;
    case "block-elsewhere":
      return `${reason}${block(problem.block)} does not run on ${device(problem.device)}`;
    case "not-exclusive":
      return `${reason}${block(problem.first)} and ${block(problem.second)} share no device`;
    case "no-limit":
      return `${reason}${device(problem.device)} has no memory limit`;
    case "not-plain":
      return `${reason}it holds where micro-batches are alike, wait for none and change memory where they run`;
    case "not-a-loop":
      return `${reason}${block(problem.block)} leads to no next block of a loop over micro-batches`;
    case "not-beside":
      return `${reason}${block(problem.block)} does not run alone and without memory beside the others, once`;
    case "nothing-fits":
      return `${reason}nothing fits into the memory of ${device(problem.device)}`;
    case "not-a-pair":
      return `${reason}${block(problem.take)} takes nothing that ${block(problem.give)} gives back later`;
    case "unmatched":
      return `${reason}${problem.units} of the memory of ${block(problem.block)} belong to no pair`;
    case "too-many":
      return `${reason}there are too many to look at`;
    case "too-high":
      return `the bound ${problem.claimed} of the period is too high: its ${kind} proves only ${problem.proved}`;
    default:
      return unreachable(problem);
  }
}
