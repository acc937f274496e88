/**
 * Which stages the rows of a schedule run, and whether every block is there once and in an order that a rank
 * can run: what PyTorch checks when it loads a schedule, and what it leaves until gradients are wrong.
 */
import type { Failure } from "../../core/failure.js";
import { fail, ok, type Result } from "../../core/result.js";
import { importScheduleInvalid } from "../failures.js";
import {
  type ComputeAction,
  type ComputeKind,
  cellOf,
  isCompute,
  MOST_MICRO_BATCHES,
} from "./action.js";
import { type RowCell, type ScheduleRow, whereOf } from "./schedule-row.js";

/** A stage: the rank that runs it, and its blocks. */
export interface RowStage {
  /** Position of its row. */
  readonly rank: number;
  /**
   * `none`: forwards alone; `whole`: backwards in one; `split`: with weight gradients on their own for some
   * micro-batch at least.
   */
  readonly backward: "none" | "whole" | "split";
}

/** The stages of a schedule, by number, and its micro-batches. */
export interface RowStages {
  readonly stages: readonly RowStage[];
  /** Stages of a chain: all of them, or the first so many, the next so many, and so on. */
  readonly chainLength: number;
  readonly microBatches: number;
}

/** Failures of one reading at most. */
const MOST_FAILURES = 50;

const BIT: Readonly<Record<ComputeKind, number>> = { F: 1, B: 2, I: 4, W: 8 };

interface OpenStage {
  readonly rank: number;
  /** By micro-batch: the sum of the bits of what has run. */
  readonly ran: Uint8Array;
  isSplit: boolean;
}

/**
 * The stages that rows run, which make `chains` chains of the same length that do not depend on each other.
 *
 * Fails: `import-schedule-invalid`, once per problem, at most fifty.
 */
export function stagesOfRows(rows: readonly ScheduleRow[], chains: number = 1): Result<RowStages> {
  const failures: Failure[] = [];
  const found = new Map<number, OpenStage>();
  let microBatches = 0;
  for (const [rank, row] of rows.entries()) {
    for (const cell of row.cells) {
      for (const action of cell.actions.filter(isCompute)) {
        microBatches = Math.max(microBatches, action.microBatch + 1);
        const problem = problemOf(action, stageOf(found, action, rank), rank);
        if (problem !== undefined && failures.length < MOST_FAILURES) {
          failures.push(invalid(row, cell, `${cellOf([action])} ${problem}`));
        }
      }
    }
  }
  const [path = ""] = rows.map((row) => row.path);
  const others =
    failures.length > 0
      ? []
      : [...strangers(found, rows), ...missing(found, microBatches, { rows, path })];
  if (failures.length + others.length === 0 && !(chains >= 1 && found.size % chains === 0)) {
    others.push(
      importScheduleInvalid(path, `has ${found.size} stages, which are not ${chains} chains`),
    );
  }
  const [first, ...rest] = [...failures, ...others].slice(0, MOST_FAILURES);
  return first === undefined
    ? ok({ stages: stagesIn(found), chainLength: found.size / chains, microBatches })
    : fail([first, ...rest]);
}

function invalid(row: ScheduleRow, cell: RowCell, message: string): Failure {
  return importScheduleInvalid(whereOf(row, cell), message);
}

function stageOf(found: Map<number, OpenStage>, { stage }: ComputeAction, rank: number): OpenStage {
  const known = found.get(stage);
  const open = known ?? { rank, ran: new Uint8Array(MOST_MICRO_BATCHES), isSplit: false };
  found.set(stage, open);
  return open;
}

/** Marks an action as run; what is wrong with its place in the row. */
function problemOf(
  { kind, microBatch }: ComputeAction,
  open: OpenStage,
  rank: number,
): string | undefined {
  if (open.rank !== rank) {
    return `is of a stage that rank ${open.rank} runs`;
  }
  const ran = open.ran[microBatch] ?? 0;
  open.ran[microBatch] = ran | BIT[kind];
  open.isSplit ||= kind === "I" || kind === "W";
  if ((ran & BIT[kind]) !== 0) {
    return "is there twice";
  }
  if (kind !== "F" && (ran & BIT.F) === 0) {
    return "stands before its forward";
  }
  if ((kind === "B" && ran > BIT.F) || (kind !== "B" && (ran & BIT.B) !== 0)) {
    return "computes a gradient that another action computes already";
  }
  return kind === "W" && (ran & BIT.I) === 0
    ? "stands before its I, the gradients of inputs"
    : undefined;
}

/** Transfers and the like of stages that another rank runs, or none. */
function strangers(found: ReadonlyMap<number, OpenStage>, rows: readonly ScheduleRow[]): Failure[] {
  return rows.flatMap((row, rank) =>
    row.cells.flatMap((cell) =>
      cell.actions
        .filter((action) => !isCompute(action) && found.get(action.stage)?.rank !== rank)
        .map((action) =>
          invalid(row, cell, `${cellOf([action])} is of a stage that this rank does not run`),
        ),
    ),
  );
}

/** Stages and micro-batches that do not run, or not to their end. */
function missing(
  found: ReadonlyMap<number, OpenStage>,
  microBatches: number,
  { rows, path }: { readonly rows: readonly ScheduleRow[]; readonly path: string },
): Failure[] {
  if (found.size === 0) {
    return [importScheduleInvalid(path, "runs no stage")];
  }
  const idle = rows.filter((_, rank) => ![...found.values()].some((each) => each.rank === rank));
  const count = Math.max(...found.keys()) + 1;
  const lost = range(count).filter((stage) => !found.has(stage));
  const isTraining = [...found.values()].some(({ ran }) => ran.some((bits) => bits > BIT.F));
  return [
    ...idle.map((row) => importScheduleInvalid(`${row.path}, ${row.place}`, "runs no stage")),
    ...lost.map((stage) =>
      importScheduleInvalid(
        path,
        `has no stage ${stage}: stages are counted from 0 to ${count - 1}`,
      ),
    ),
    ...[...found]
      .sort(([a], [b]) => a - b)
      .flatMap(([stage, open]) => {
        const row = rows[open.rank];
        const where = row === undefined ? path : `${row.path}, ${row.place}`;
        return unfinished(stage, open, { microBatches, isTraining }).map((message) =>
          importScheduleInvalid(where, message),
        );
      }),
  ];
}

function unfinished(
  stage: number,
  { ran }: OpenStage,
  { microBatches, isTraining }: { readonly microBatches: number; readonly isTraining: boolean },
): string[] {
  const messages: string[] = [];
  for (
    let microBatch = 0;
    microBatch < microBatches && messages.length < MOST_FAILURES;
    microBatch++
  ) {
    const bits = ran[microBatch] ?? 0;
    const hasBackward = (bits & BIT.B) !== 0 || (bits & (BIT.I | BIT.W)) === (BIT.I | BIT.W);
    if ((bits & BIT.F) === 0) {
      messages.push(`does not run ${stage}F${microBatch}: micro-batches are counted from 0`);
    } else if ((bits & BIT.I) !== 0 && (bits & BIT.W) === 0) {
      messages.push(
        `does not run ${stage}W${microBatch}, the weight gradients after ${stage}I${microBatch}`,
      );
    } else if (isTraining && !hasBackward) {
      messages.push(`does not run the backward of stage ${stage} and micro-batch ${microBatch}`);
    }
  }
  return messages;
}

function stagesIn(found: ReadonlyMap<number, OpenStage>): readonly RowStage[] {
  const isTraining = [...found.values()].some(({ ran }) => ran.some((bits) => bits > BIT.F));
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([, { rank, isSplit }]) => ({
      rank,
      backward: !isTraining ? "none" : isSplit ? "split" : "whole",
    }));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}
