/**
 * The pairs of operators of which the first is over before the second starts, however the device
 * times them.
 *
 * A schedule promises two things: operators of one stream run one after the other, and an operator
 * starts after those that it waits for have ended. Everything else may overlap. The relation is the
 * closure of these promises, as one row of bits for each operator: "who has ended when I start".
 *
 * Example: a and b on stream 0, c on stream 1 waiting for a. The row of b is {a}, the row of c is
 * {a}; neither row has the other, so b and c may run at the same time.
 *
 * One program serves many schedules (they are measured in turn), so its memory may rely on nothing
 * but what all of them promise: the rows of several schedules are intersected.
 */
import { BitSet } from "../../../core/bit-set.js";
import { present } from "../../../core/invariant.js";
import type { LaunchOrder } from "./launch-order.js";

/** Bits per operator pair above which nothing is claimed: 20,000 operators need 50 MB a schedule. */
const MOST_OPERATORS = 20_000;

/** By operator: the operators that have ended when it starts. */
export interface HappensBefore {
  /** Returns whether `first` has always ended when `second` starts. */
  isOrdered(first: number, second: number): boolean;
}

/**
 * The order that all of `schedules` guarantee for `count` operators.
 *
 * Requires: schedules of one graph, each with every operator. An empty list promises nothing.
 * Cost: O(schedules * (operators + waits) * operators / 32); beyond 20,000 operators nothing is
 * promised at all.
 */
export function happensBefore(count: number, schedules: readonly LaunchOrder[]): HappensBefore {
  if (count > MOST_OPERATORS || schedules.length === 0) {
    return { isOrdered: () => false };
  }
  let common: readonly BitSet[] | undefined;
  for (const schedule of schedules) {
    const rows = rowsOf(count, schedule);
    common?.forEach((row, at) => {
      intersect(row, present(rows[at], "row"));
    });
    common ??= rows;
  }
  const rows = present(common, "rows");
  return { isOrdered: (first, second) => rows[second]?.has(first) === true };
}

function rowsOf(count: number, schedule: LaunchOrder): readonly BitSet[] {
  const rows = Array.from({ length: count }, () => new BitSet(count));
  const lastOfStream = new Map<number, number>();
  for (const { operator, stream, waits } of schedule.launches) {
    const row = present(rows[operator], "row");
    const before = lastOfStream.get(stream);
    for (const earlier of before === undefined ? waits : [before, ...waits]) {
      row.addAll(present(rows[earlier], "earlier row"));
      row.add(earlier);
    }
    lastOfStream.set(stream, operator);
  }
  return rows;
}

function intersect(row: BitSet, other: BitSet): void {
  for (let i = 0; i < row.words.length; i++) {
    row.words[i] = (row.words[i] ?? 0) & (other.words[i] ?? 0);
  }
}
