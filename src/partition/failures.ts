import type { Failure } from "../core/failure.js";

/** A partition into more stages than there are operators, or groups that stay together, to fill them. */
export function moreStagesThanOperators(stages: number, operators: number): Failure {
  const plural = (count: number, what: string): string =>
    `${count} ${what}${count === 1 ? "" : "s"}`;
  return {
    code: "more-stages-than-operators",
    message:
      operators === 0
        ? "the model has only constants and views, no operators that do work, so there is nothing to cut"
        : `${plural(stages, "stage")} are wanted, the model has ${plural(operators, "operator")} that can be cut apart`,
    hint: operators === 0 ? "run it whole" : `ask for at most ${plural(operators, "stage")}`,
    exit: 1,
  };
}

/** Devices that no partition fits into, whatever is cut where. */
export function stageMemoryInfeasible(reason: MemoryShortage, need: MemoryNeed): Failure {
  const { bytes, limitBytes } = reason;
  const cause = {
    operator: `operator "${reason.operator}" alone needs ${bytes} bytes, no stage has more than ${limitBytes}`,
    stage: `no operator fits into the ${limitBytes} bytes of stage "${reason.operator}", the smallest needs ${bytes}`,
    parameters: `the operators' parameters take ${bytes} bytes, the stages together have ${limitBytes}`,
    search: `every partition has a stage of at least ${bytes} bytes, no stage has more than ${limitBytes}`,
  }[reason.kind];
  return { code: "stage-memory-infeasible", message: cause, hint: enough(need), exit: 1 };
}

/** The proof that memory cannot suffice. */
export interface MemoryShortage {
  /** `search`: all partitions were tried or ruled out. */
  readonly kind: "operator" | "stage" | "parameters" | "search";
  /** Name of the operator that is too large, or of the stage that is too small, else empty. */
  readonly operator: string;
  readonly bytes: number;
  readonly limitBytes: number;
}

/** Memory on every device, in bytes. */
export interface MemoryNeed {
  /** With less, no partition fits. */
  readonly neededBytes: number;
  /** With so much, a partition fits. */
  readonly enoughBytes: number;
}

/** Devices into which no partition was found to fit; that there is none is not proved. */
export function stageMemoryNotMet(stages: number, need: MemoryNeed): Failure {
  return {
    code: "stage-memory-not-met",
    message: `no partition into ${stages} stage${stages === 1 ? "" : "s"} was found that fits into the devices' memory`,
    hint: enough(need),
    exit: 3,
  };
}

function enough({ neededBytes, enoughBytes }: MemoryNeed): string {
  const known =
    neededBytes === enoughBytes
      ? `${enoughBytes} bytes on every device are enough, and the least that is`
      : `${enoughBytes} bytes on every device are enough, less than ${neededBytes} are not`;
  return `${known}; or use more devices`;
}
