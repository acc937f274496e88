/**
 * Transfers between the actions of ranks, in an order that does not block.
 *
 * With NCCL, what two ranks exchange passes one queue: a receive that stands too early holds up the sends behind it,
 * and two ranks whose orders differ wait for ever. Here all transfers are ordered by the end of what they carry (then
 * forward before backward, by stage, by micro-batch); both ranks of a pair have their common transfers in that order, a
 * send right behind the action that makes it, a receive as late as that order and the action that needs it allow. The
 * schedule itself then runs: a transfer is posted by its sender at the end of its action, by its receiver before
 * the action that needs it starts, and everything in front of it in the queue ended earlier.
 */
import { present } from "../../core/invariant.js";
import type { Action, Rows } from "./rows.js";
import type { Stages } from "./stages.js";

/** What is carried from one stage to its neighbor on another rank. */
interface Transfer {
  readonly direction: "F" | "B";
  readonly microBatch: number;
  /** Stages. */
  readonly from: number;
  readonly to: number;
  /** Ranks. */
  readonly sender: number;
  readonly receiver: number;
  /** The end of the action that makes it. */
  readonly time: number;
}

/** The cells of every rank, with transfers and what has to be said once for each stage. */
export function cellsWithTransfers({ rows }: Rows, of: Stages): readonly (readonly string[])[] {
  const transfers = orderedTransfers(rows, of);
  const positions = new Map(transfers.map((transfer, at) => [keyOf(transfer), at]));
  return rows.map((row, rank) => {
    const queues = queuesOf(transfers, rank);
    const own = of.stages.flatMap((stage, at) => (stage.rank === rank ? [at] : []));
    const left = new Map(own.map((stage) => [stage, lastsIn(row, stage)]));
    const cells = own.map((stage) => `${stage}UNSHARD`);
    for (const action of row) {
      const { stage, letter } = action;
      cells.push(...posted(neededBy(action, of), { queues, positions, rank }));
      cells.push(cellOf(action));
      cells.push(...posted(madeBy(action, of), { queues, positions, rank }));
      const remaining = (left.get(stage) ?? 0) - (letter === "B" || letter === "W" ? 1 : 0);
      if (of.isTraining && remaining === 0 && left.get(stage) === 1) {
        cells.push(`${stage}REDUCE_GRAD`);
      }
      left.set(stage, remaining);
    }
    return [...cells, ...own.map((stage) => `${stage}RESHARD`)];
  });
}

/** The cell of an action. */
export function cellOf({ stage, letter, microBatch }: Action): string {
  return `${stage}${letter}${microBatch}`;
}

/** Actions after which gradients of a micro-batch are complete. */
function lastsIn(row: readonly Action[], stage: number): number {
  return row.filter((each) => each.stage === stage && /[BW]/.test(each.letter)).length;
}

function orderedTransfers(rows: Rows["rows"], of: Stages): readonly Transfer[] {
  return rows
    .flat()
    .flatMap((action) => madeBy(action, of) ?? [])
    .sort(
      (a, b) =>
        a.time - b.time ||
        Number(a.direction === "B") - Number(b.direction === "B") ||
        a.from - b.from ||
        a.microBatch - b.microBatch,
    );
}

/** What an action sends; `undefined`: nothing, or it stays on its rank. */
function madeBy({ stage, letter, microBatch, end }: Action, of: Stages): Transfer | undefined {
  const direction = letter === "W" ? undefined : letter === "F" ? "F" : "B";
  return direction === undefined
    ? undefined
    : transferOf(direction, stage, stage + (direction === "F" ? 1 : -1), { microBatch, end, of });
}

/** What an action has to receive first. */
function neededBy({ stage, letter, microBatch, start }: Action, of: Stages): Transfer | undefined {
  const direction = letter === "W" ? undefined : letter === "F" ? "F" : "B";
  return direction === undefined
    ? undefined
    : transferOf(direction, stage - (direction === "F" ? 1 : -1), stage, {
        microBatch,
        end: start,
        of,
      });
}

function transferOf(
  direction: "F" | "B",
  from: number,
  to: number,
  {
    microBatch,
    end,
    of,
  }: { readonly microBatch: number; readonly end: number; readonly of: Stages },
): Transfer | undefined {
  const [source, target] = [of.stages[from], of.stages[to]];
  const isInChain = Math.floor(from / of.chainLength) === Math.floor(to / of.chainLength);
  return source === undefined || target === undefined || !isInChain || source.rank === target.rank
    ? undefined
    : {
        direction,
        microBatch,
        from,
        to,
        sender: source.rank,
        receiver: target.rank,
        time: end,
      };
}

function keyOf({ direction, from, microBatch }: Transfer): string {
  return `${direction} ${from} ${microBatch}`;
}

/** Transfers of a rank with each other rank, in order, and how many of them are posted. */
type Queues = ReadonlyMap<number, { readonly transfers: readonly Transfer[]; done: number }>;

function queuesOf(transfers: readonly Transfer[], rank: number): Queues {
  const queues = new Map<number, { transfers: Transfer[]; done: number }>();
  for (const transfer of transfers) {
    if (transfer.sender === rank || transfer.receiver === rank) {
      const peer = transfer.sender === rank ? transfer.receiver : transfer.sender;
      const queue = queues.get(peer) ?? { transfers: [], done: 0 };
      queue.transfers.push(transfer);
      queues.set(peer, queue);
    }
  }
  return queues;
}

interface Posting {
  readonly queues: Queues;
  readonly positions: ReadonlyMap<string, number>;
  readonly rank: number;
}

/** Cells of everything that is not posted yet of the queue of a transfer, up to and including it. */
function posted(transfer: Transfer | undefined, { queues, positions, rank }: Posting): string[] {
  if (transfer === undefined) {
    return [];
  }
  const peer = transfer.sender === rank ? transfer.receiver : transfer.sender;
  const queue = present(queues.get(peer), "queue of the pair");
  const upTo = present(positions.get(keyOf(transfer)), "position of the transfer");
  const cells: string[] = [];
  for (
    let next = queue.transfers[queue.done];
    next !== undefined && present(positions.get(keyOf(next)), "position") <= upTo;
    next = queue.transfers[queue.done]
  ) {
    const { direction, from, to, microBatch, sender } = next;
    cells.push(
      sender === rank
        ? `${from}SEND_${direction}${microBatch}`
        : `${to}RECV_${direction}${microBatch}`,
    );
    queue.done++;
  }
  return cells;
}
