/**
 * Actions of PyTorch's pipelines (`torch.distributed.pipelining`), as cells of a schedule's CSV file and
 * names of events in a trace spell them.
 *
 * `2F0`: stage 2 runs the forward of micro-batch 0. F forward, B whole backward, I gradients of
 * inputs, W gradients of weights. `2SEND_F0`, `2RECV_F0`, `2SEND_B0`, `2RECV_B0`: what the stage of this rank
 * sends or receives. `2UNSHARD`, `2RESHARD`, `2REDUCE_GRAD`: of a stage as a whole.
 * `(0F7;7B3)OVERLAP_F_B`: several at the same time.
 *
 * Source: `_Action` of torch.distributed.pipelining.schedules, 2.13. Differs: a cell must be spelled so to
 * its end, where PyTorch ignores what follows (`0F0x`).
 */

/** What an action computes. */
export type ComputeKind = "F" | "B" | "I" | "W";

/** What an action sends or receives. */
export type TransferKind = "SEND_F" | "RECV_F" | "SEND_B" | "RECV_B";

/** What happens to the parameters of a stage as a whole. */
export type StageKind = "UNSHARD" | "RESHARD" | "REDUCE_GRAD";

/** One thing that a rank does. */
export type Action =
  | ComputeAction
  | TransferAction
  | { readonly kind: StageKind; readonly stage: number };

/** A block of work. */
export interface ComputeAction {
  readonly kind: ComputeKind;
  readonly stage: number;
  readonly microBatch: number;
}

/** One end of a transfer, of the stage that stands in the row. */
export interface TransferAction {
  readonly kind: TransferKind;
  readonly stage: number;
  readonly microBatch: number;
}

/** Most stages: a placement has at most 4096 blocks, and a stage at least one. */
export const MOST_STAGES = 4096;

/** Most micro-batches of one run, as everywhere. */
export const MOST_MICRO_BATCHES = 4096;

const SINGLE =
  /^(\d{1,9})(F|B|I|W|SEND_F|RECV_F|SEND_B|RECV_B|UNSHARD|RESHARD|REDUCE_GRAD)(\d{0,9})$/;
const OVERLAP = /^\(([^()]*)\)OVERLAP_F_B$/;

/** The largest number of actions at the same time: two, and room for what comes. */
const MOST_TOGETHER = 16;

/**
 * The actions of a cell, empty for an empty one; else what is wrong with it: a clause that follows the
 * place.
 */
export function actionsIn(cell: string): readonly Action[] | string {
  const text = cell.trim();
  if (text === "") {
    return [];
  }
  const together = OVERLAP.exec(text)?.[1];
  const parts = together === undefined ? [text] : together.split(";").map((part) => part.trim());
  if (parts.length > MOST_TOGETHER) {
    return `has more than ${MOST_TOGETHER} actions at the same time`;
  }
  const actions: Action[] = [];
  for (const part of parts) {
    const action = actionOf(part);
    if (typeof action === "string") {
      return action;
    }
    if (together !== undefined && !isCompute(action)) {
      return "has a transfer among actions at the same time";
    }
    actions.push(action);
  }
  return actions;
}

/** The same actions as a cell, without spaces. */
export function cellOf(actions: readonly Action[]): string {
  const parts = actions.map((action) =>
    "microBatch" in action
      ? `${action.stage}${action.kind}${action.microBatch}`
      : `${action.stage}${action.kind}`,
  );
  return parts.length === 1 ? (parts[0] ?? "") : `(${parts.join(";")})OVERLAP_F_B`;
}

/** Whether an action is a block of work. */
export function isCompute(action: Action): action is ComputeAction {
  return action.kind.length === 1;
}

/** Whether an action is one end of a transfer. */
export function isTransfer(action: Action): action is TransferAction {
  return action.kind.startsWith("SEND_") || action.kind.startsWith("RECV_");
}

function actionOf(text: string): Action | string {
  const [, stageDigits, kind, digits] = SINGLE.exec(text) ?? [];
  if (stageDigits === undefined || kind === undefined || digits === undefined) {
    return "is no action such as 2F0 (stage 2, forward, micro-batch 0)";
  }
  const [stage, microBatch] = [Number(stageDigits), Number(digits)];
  if (stage >= MOST_STAGES) {
    return `has a stage above ${MOST_STAGES - 1}`;
  }
  if (kind === "UNSHARD" || kind === "RESHARD" || kind === "REDUCE_GRAD") {
    return digits === "" ? { kind, stage } : `has a micro-batch, which ${kind} has not`;
  }
  if (digits === "") {
    return "has no micro-batch";
  }
  return microBatch < MOST_MICRO_BATCHES
    ? { kind: kind as ComputeKind | TransferKind, stage, microBatch }
    : `has a micro-batch above ${MOST_MICRO_BATCHES - 1}`;
}
