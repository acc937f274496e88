/**
 * Clocks of ranks that ran on several machines: where a block starts before the block of another rank whose
 * output it reads has ended, its clock is behind, and its times are moved on, by as little as possible.
 *
 * Problem: moves m >= 0 with m[to] - m[from] >= end(from) - start(to) for each such pair; the least moves are
 * longest paths. A cycle of positive length means that no moves do.
 */
import { type ComputeAction, isCompute } from "./action.js";

/** An action and when it ran by the clock of its rank, in nanoseconds. */
export interface TimedAction {
  readonly actions: readonly (ComputeAction | { readonly kind: string })[];
  readonly startNs: number;
  readonly endNs: number;
}

/** The move of each rank, or that there is none; `chainLength` as in `RowStages`, by default one chain. */
export function clockMoves(
  rows: readonly (readonly TimedAction[])[],
  chainLength: number = Number.POSITIVE_INFINITY,
): readonly number[] | undefined {
  const edges = edgesOf(rows, chainLength);
  const moves = rows.map(() => 0);
  for (let round = 0; round <= rows.length; round++) {
    let isMoving = false;
    for (const { from, to, least } of edges) {
      const move = (moves[from] ?? 0) + least;
      if (move > (moves[to] ?? 0)) {
        moves[to] = move;
        isMoving = true;
      }
    }
    if (!isMoving) {
      return moves;
    }
  }
  return undefined;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly least: number;
}

/** When a block ran: it starts no later, and ends no earlier. */
interface Ran {
  readonly rank: number;
  readonly startNs: number;
  readonly endNs: number;
}

/** The largest delay that any block needs, per pair of ranks. */
function edgesOf(rows: readonly (readonly TimedAction[])[], chainLength: number): readonly Edge[] {
  const ran = new Map<string, Ran>();
  for (const [rank, row] of rows.entries()) {
    for (const { actions, startNs, endNs } of row) {
      for (const action of actions.filter(isComputeAction)) {
        // Of several at the same time, each may start late and end early.
        const isAlone = actions.length === 1;
        ran.set(keyOf(action.kind, action.stage, action.microBatch), {
          rank,
          startNs: isAlone ? startNs : endNs,
          endNs: isAlone ? endNs : startNs,
        });
      }
    }
  }
  const edges = new Map<string, Edge>();
  for (const [key, to] of ran) {
    for (const before of beforeOf(key, chainLength)) {
      const from = ran.get(before);
      if (from !== undefined && from.rank !== to.rank) {
        const pair = `${from.rank} ${to.rank}`;
        const least = Math.max(from.endNs - to.startNs, edges.get(pair)?.least ?? -Infinity);
        edges.set(pair, { from: from.rank, to: to.rank, least });
      }
    }
  }
  return [...edges.values()];
}

function isComputeAction(action: TimedAction["actions"][number]): action is ComputeAction {
  return action.kind.length === 1 && isCompute(action as ComputeAction);
}

function keyOf(kind: string, stage: number, microBatch: number): string {
  return `${kind} ${stage} ${microBatch}`;
}

/** What a block reads of other stages of its chain. */
function beforeOf(key: string, chainLength: number): readonly string[] {
  const [kind, own, microBatch] = key.split(" ");
  const stage = Number(own);
  const [isFirst, isLast] = [stage % chainLength === 0, (stage + 1) % chainLength === 0];
  switch (kind) {
    case "F":
      return isFirst ? [] : [keyOf("F", stage - 1, Number(microBatch))];
    case "B":
    case "I":
      return isLast ? [] : ["B", "I"].map((each) => keyOf(each, stage + 1, Number(microBatch)));
    default:
      return [];
  }
}
