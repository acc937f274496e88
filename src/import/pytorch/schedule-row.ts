import type { Action } from "./action.js";

/** One cell of a row: what a rank does at once. */
export interface RowCell {
  readonly actions: readonly Action[];
  /** Its place in the file: a column or the number of an event. */
  readonly at: number;
}

/** Everything that one rank does, in order. */
export interface ScheduleRow {
  readonly path: string;
  /** Without empty cells. */
  readonly cells: readonly RowCell[];
  /** A place in words, for `RowCell.at`. */
  readonly placeOf: (at: number) => string;
  /** The row as a whole, in words. */
  readonly place: string;
}

/** The words for a cell of a row, with what stands in it. */
export function whereOf({ path, placeOf }: ScheduleRow, { at }: RowCell): string {
  return `${path}, ${placeOf(at)}`;
}
