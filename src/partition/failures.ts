import type { Failure } from "../core/failure.js";

/** A partition into more stages than there are operators to fill them. */
export function moreStagesThanOperators(stages: number, operators: number): Failure {
  return {
    code: "more-stages-than-operators",
    message: `${stages} stages are wanted, the model has ${operators} operator${operators === 1 ? "" : "s"}`,
    hint: `ask for at most ${operators} stage${operators === 1 ? "" : "s"}`,
    exit: 1,
  };
}

/** Devices that no partition fits into, whatever is cut where. */
export function stageMemoryInfeasible(reason: MemoryShortage, leastBytes: number): Failure {
  const cause =
    reason.kind === "operator"
      ? `operator "${reason.operator}" alone needs ${reason.bytes} bytes, no device has more than ${reason.limitBytes}`
      : `the operators' parameters take ${reason.bytes} bytes, the devices together have ${reason.limitBytes}`;
  return { code: "stage-memory-infeasible", message: cause, hint: enough(leastBytes), exit: 1 };
}

/** What proves that memory cannot suffice. */
export interface MemoryShortage {
  readonly kind: "operator" | "parameters";
  /** Name of the operator that is too large. */
  readonly operator: string;
  readonly bytes: number;
  readonly limitBytes: number;
}

/** Devices into which no partition was found to fit; that there is none is not proved. */
export function stageMemoryNotMet(stages: number, leastBytes: number): Failure {
  return {
    code: "stage-memory-not-met",
    message: `no partition into ${stages} stage${stages === 1 ? "" : "s"} was found that fits into the devices' memory`,
    hint: enough(leastBytes),
    exit: 3,
  };
}

function enough(bytes: number): string {
  return `${bytes} bytes on every device are enough; or use more devices, or fewer micro-batches in flight`;
}
