/**
 * Transfers in the rows of a schedule: each is there once at both ends, after what makes the tensor and
 * before what needs it, and ranks agree on their order.
 *
 * Stage s sends its output to stage s + 1 and the gradient of its input to stage s - 1; stages of the same
 * rank hand over directly. Rows without any transfer leave them to the runtime.
 */
import type { Failure } from "../../core/failure.js";
import { fail, ok, type Result } from "../../core/result.js";
import { importScheduleInvalid } from "../failures.js";
import {
  type Action,
  cellOf,
  isTransfer,
  type TransferAction,
  type TransferKind,
} from "./action.js";
import { type RowCell, type ScheduleRow, whereOf } from "./schedule-row.js";
import type { RowStage, RowStages } from "./stages-of-rows.js";

/** Failures of one reading at most. */
const MOST_FAILURES = 50;

/**
 * Checks the transfers of rows; the value are notes on pairs of ranks that do not agree on an order, at which
 * libraries with one queue per pair of ranks (NCCL) can block.
 *
 * Requires: rows that `stagesOfRows` accepts, as `of`. Fails: `import-schedule-invalid`, once per problem.
 */
export function checkTransfers(
  rows: readonly ScheduleRow[],
  of: RowStages,
): Result<readonly string[]> {
  const hasAny = rows.some(({ cells }) => cells.some(({ actions }) => actions.some(isTransfer)));
  if (!hasAny) {
    return ok([]);
  }
  const failures = rows.flatMap((row, rank) => rowProblems(row, rank, of));
  const [first, ...rest] = failures.slice(0, MOST_FAILURES);
  return first === undefined ? ok(disagreements(rows, of)) : fail([first, ...rest]);
}

/** The other end of a transfer; `undefined`: there is none. */
function partnerOf(
  { kind, stage }: { readonly kind: TransferKind; readonly stage: number },
  { stages, chainLength }: RowStages,
): RowStage | undefined {
  const other = kind === "SEND_F" || kind === "RECV_B" ? stage + 1 : stage - 1;
  const isInChain = Math.floor(other / chainLength) === Math.floor(stage / chainLength);
  return isInChain ? stages[other] : undefined;
}

/** What a stage has to transfer in training or inference, per micro-batch. */
const KINDS: readonly TransferKind[] = ["RECV_F", "SEND_F", "RECV_B", "SEND_B"];

function rowProblems(row: ScheduleRow, rank: number, of: RowStages): Failure[] {
  const { stages, microBatches } = of;
  const isNeeded = (kind: TransferKind, stage: number): boolean => {
    const partner = partnerOf({ kind, stage }, of);
    const isUsed = kind.endsWith("F") || stages[stage]?.backward !== "none";
    return isUsed && partner !== undefined && partner.rank !== rank;
  };
  const failures: Failure[] = [];
  const ran = new Set<string>();
  for (const cell of row.cells) {
    for (const action of cell.actions) {
      const problem = orderProblem(action, ran, isNeeded);
      if (problem !== undefined) {
        failures.push(importScheduleInvalid(whereOf(row, cell), `${cellOf([action])} ${problem}`));
      }
      ran.add(cellOf([action]));
    }
  }
  const own = [...stages.keys()].filter((stage) => stages[stage]?.rank === rank);
  for (const stage of failures.length > 0 ? [] : own) {
    for (const kind of KINDS.filter((each) => each.startsWith("SEND") && isNeeded(each, stage))) {
      for (let microBatch = 0; microBatch < microBatches; microBatch++) {
        const name = cellOf([{ kind, stage, microBatch }]);
        if (!ran.has(name) && failures.length < MOST_FAILURES) {
          failures.push(importScheduleInvalid(`${row.path}, ${row.place}`, `has no ${name}`));
        }
      }
    }
  }
  return failures;
}

/** What is wrong with an action behind those that `ran`. */
function orderProblem(
  action: Action,
  ran: ReadonlySet<string>,
  isNeeded: (kind: TransferKind, stage: number) => boolean,
): string | undefined {
  const has = (...kinds: readonly Action["kind"][]): boolean =>
    "microBatch" in action &&
    kinds.some((kind) => ran.has(`${action.stage}${kind}${action.microBatch}`));
  if (isTransfer(action)) {
    const made = action.kind === "SEND_F" ? has("F") : has("B", "I");
    if (!isNeeded(action.kind, action.stage)) {
      return "is no transfer between ranks: its other stage is on this rank, or there is none";
    }
    if (has(action.kind)) {
      return "is there twice";
    }
    return action.kind.startsWith("SEND") && !made
      ? "stands before what it sends is made"
      : undefined;
  }
  const needs = { F: "RECV_F", B: "RECV_B", I: "RECV_B" } as const;
  const need = action.kind in needs ? needs[action.kind as keyof typeof needs] : undefined;
  return need !== undefined && isNeeded(need, action.stage) && !has(need)
    ? `stands before its ${need}`
    : undefined;
}

/** A transfer as both of its ends name it: by the stage that sends. */
interface Ordered {
  readonly name: string;
  readonly row: ScheduleRow;
  readonly cell: RowCell;
}

/** One sentence per pair of ranks whose rows have their transfers in different orders. */
function disagreements(rows: readonly ScheduleRow[], of: RowStages): string[] {
  const pairs = new Map<string, [Ordered[], Ordered[]]>();
  for (const [rank, row] of rows.entries()) {
    for (const cell of row.cells) {
      for (const action of cell.actions.filter(isTransfer)) {
        const other = partnerOf(action, of)?.rank ?? rank;
        const [low, high] = [Math.min(rank, other), Math.max(rank, other)];
        const key = `${low} ${high}`;
        const lists: [Ordered[], Ordered[]] = pairs.get(key) ?? [[], []];
        pairs.set(key, lists);
        lists[rank === low ? 0 : 1].push({ name: sentBy(action), row, cell });
      }
    }
  }
  return [...pairs].flatMap(([key, [one, other]]) => {
    const at = one.findIndex(({ name }, index) => name !== other[index]?.name);
    const [mine, theirs] = [one[at], other[at]];
    const [low, high] = key.split(" ");
    return mine === undefined
      ? []
      : [
          `ranks ${low} and ${high} have their transfers in different orders, first ${mine.name} (${mine.row.placeOf(mine.cell.at)}) and ${theirs?.name ?? "none"}: where one queue serves a pair of ranks, as with NCCL, they can block`,
        ];
  });
}

function sentBy({ kind, stage, microBatch }: TransferAction): string {
  const way = kind.endsWith("F") ? "F" : "B";
  const from = kind.startsWith("SEND") ? stage : way === "F" ? stage - 1 : stage + 1;
  return `${from}SEND_${way}${microBatch}`;
}
