import type { StateProblem } from "./state-problem.js";

/** Counts, rest of what runs, and of what is on its way by dependency, ascending. */
export interface State {
  readonly begun: readonly number[];
  readonly rest: readonly number[];
  readonly coming: readonly (readonly number[])[];
}

/** The same for equal states only. */
export function keyOf({ begun, rest, coming }: State): string {
  const tail = coming.map((list) => (list.length === 0 ? "" : list.join())).join(":");
  return `${String.fromCharCode(...begun, ...rest)}${tail}`;
}

/** Blocks whose inputs are there and whose devices are free. */
export function ableToBegin(
  { into, bits, microBatches }: StateProblem,
  state: State,
): readonly number[] {
  const { begun, rest, coming } = state;
  const busy = rest.reduce((all, left, block) => (left > 0 ? all | bits[block]! : all), 0);
  return begun.flatMap((count, block) => {
    const isAble =
      count < microBatches &&
      (bits[block]! & busy) === 0 &&
      into[block]!.every(({ at, from }) => {
        const ended = begun[from]! - (rest[from]! > 0 ? 1 : 0);
        return ended - coming[at]!.length > count;
      });
    return isAble ? [block] : [];
  });
}

/** Whether memory lasts once these have begun. */
export function hasMemory(
  { limited }: StateProblem,
  begun: readonly number[],
  { begun: before, rest }: State,
): boolean {
  return limited.every(({ limit, atStart, atEnd }) => {
    let level = 0;
    for (const [block, count] of begun.entries()) {
      const ended = before[block]! - (rest[block]! > 0 ? 1 : 0);
      level += atStart[block]! * count + atEnd[block]! * ended;
    }
    return level <= limit;
  });
}
