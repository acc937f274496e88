import type { StateProblem } from "./state-problem.js";

/** Counts, rest of what runs, and of what is on its way by dependency, ascending. */
export interface State {
  readonly begun: readonly number[];
  readonly rest: readonly number[];
  readonly coming: readonly (readonly number[])[];
}

/** The same for equal states only. */
export function keyOf({ begun, rest, coming }: State): string {
  let key = String.fromCharCode(...begun, ...rest);
  for (let at = 0; at < coming.length; at++) {
    const list = coming[at]!;
    if (list.length > 0) {
      key += `${at}:${list.join()};`;
    }
  }
  return key;
}

/** Blocks whose inputs are there and whose devices are free. */
export function ableToBegin(
  { into, bits, microBatches }: StateProblem,
  { begun, rest, coming }: State,
): readonly number[] {
  let busy = 0;
  for (let block = 0; block < rest.length; block++) {
    busy |= rest[block]! > 0 ? bits[block]! : 0;
  }
  const able: number[] = [];
  for (let block = 0; block < begun.length; block++) {
    const count = begun[block]!;
    const isAble =
      count < microBatches &&
      (bits[block]! & busy) === 0 &&
      into[block]!.every(({ at, from }) => {
        const ended = begun[from]! - (rest[from]! > 0 ? 1 : 0);
        return ended - coming[at]!.length > count;
      });
    if (isAble) {
      able.push(block);
    }
  }
  return able;
}

/** Whether memory lasts once these have begun. */
export function hasMemory(
  { limited }: StateProblem,
  begun: readonly number[],
  { begun: before, rest }: State,
): boolean {
  for (const { limit, atStart, atEnd } of limited) {
    let level = 0;
    for (let block = 0; block < begun.length; block++) {
      const ended = before[block]! - (rest[block]! > 0 ? 1 : 0);
      level += atStart[block]! * begun[block]! + atEnd[block]! * ended;
    }
    if (level > limit) {
      return false;
    }
  }
  return true;
}
