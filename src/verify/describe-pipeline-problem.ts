import { unreachable } from "../core/invariant.js";
import type { Placement } from "../placement/placement.js";
import type {
  InstanceName,
  PeriodicProblem,
  PipelineProblem,
} from "../schedule/pipeline-problem.js";

/** One line about a problem of a whole schedule, with the placement's names. */
export function describePipelineProblem(problem: PipelineProblem, placement: Placement): string {
  const name = ({ block, microBatch }: InstanceName): string =>
    `${blockName(placement, block)} of micro-batch ${microBatch}`;
  switch (problem.kind) {
    case "micro-batches-invalid":
      return `${problem.microBatches} micro-batches are not a schedule`;
    case "unknown-instance":
      return `instance ${problem.position} is ${name(problem.name)}, which does not exist`;
    case "repeated-instance":
      return `${name(problem.name)} is there twice`;
    case "missing-instance":
      return `${name(problem.name)} is missing`;
    case "time-invalid":
      return `${name(problem.name)} runs from ${problem.start} to ${problem.end}`;
    case "wrong-duration":
      return `${name(problem.name)} takes ${problem.duration} instead of ${problem.expected}`;
    case "out-of-order":
      return `instance ${problem.position} is not in the order of starts`;
    case "late-first-start":
      return `the first instance starts at ${problem.start} instead of 0`;
    case "wrong-makespan":
      return `the makespan is ${problem.expected}, not ${problem.makespan}`;
    case "unmet-dependency":
      return `${name(problem.to)} starts at ${problem.start}, ${name(problem.from)} allows ${problem.earliest} at the earliest`;
    case "device-overlap":
      return `${deviceName(placement, problem.device)} runs ${name(problem.first)} and ${name(problem.second)} at ${problem.time}`;
    case "overtaken":
      return `${name(problem.second)} starts at ${problem.start}, before ${name(problem.first)}, which is handed over earlier`;
    case "memory-exceeded":
      return `${deviceName(placement, problem.device)} holds more than ${problem.limit + reservedOn(placement, problem.device)} from ${problem.time} on, ${problem.peak + reservedOn(placement, problem.device)} at most`;
    default:
      return unreachable(problem);
  }
}

/** One line about a problem of a repetend, with the placement's names. */
export function describePeriodicProblem(problem: PeriodicProblem, placement: Placement): string {
  const entry = (block: number, residue: number): string =>
    `${blockName(placement, block)} of residue ${residue}`;
  switch (problem.kind) {
    case "period-invalid":
      return `${problem.period} is not a period`;
    case "residues-invalid":
      return `${problem.microBatchesPerPeriod} micro-batches per period are not possible`;
    case "unknown-entry":
      return `repetend entry ${problem.position} does not exist`;
    case "repeated-entry":
      return `the repetend has ${entry(problem.block, problem.residue)} twice`;
    case "missing-entry":
      return `the repetend lacks ${entry(problem.block, problem.residue)}`;
    case "out-of-order":
      return `repetend entry ${problem.position} is not in the order of residues and blocks`;
    case "offset-invalid":
      return `${entry(problem.block, problem.residue)} has offset ${problem.offset} and shift ${problem.shift}`;
    case "unmet-dependency":
      return `in the repetend ${entry(problem.to, problem.residue)} starts at ${problem.start}, ${blockName(placement, problem.from)} allows ${problem.earliest} at the earliest`;
    case "device-overlap":
      return `in the repetend ${deviceName(placement, problem.device)} runs ${entry(problem.first.block, problem.first.residue)} and ${entry(problem.second.block, problem.second.residue)} at once`;
    case "overtaken":
      return `in the repetend ${entry(problem.second.block, problem.second.residue)} starts before ${entry(problem.first.block, problem.first.residue)}, which is handed over earlier`;
    case "memory-not-returned":
      return `each micro-batch changes the memory of ${deviceName(placement, problem.device)} by ${problem.change} for good`;
    case "memory-exceeded":
      return `in the repetend ${deviceName(placement, problem.device)} holds ${problem.peak + reservedOn(placement, problem.device)}, the limit is ${problem.limit + reservedOn(placement, problem.device)}`;
    default:
      return unreachable(problem);
  }
}

function blockName({ blocks }: Placement, block: number): string {
  const known = blocks[block];
  return known === undefined ? `block ${block}` : `"${known.id}"`;
}

/** What is held on a device besides what its blocks hold. */
function reservedOn({ devices }: Placement, device: number): number {
  return devices[device]?.reserved ?? 0;
}

function deviceName({ devices }: Placement, device: number): string {
  return `device "${devices[device]?.name ?? device}"`;
}
