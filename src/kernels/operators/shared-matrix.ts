/** Matrices that a thread block brings to its shared memory. */
import {
  choose,
  divide,
  type Expression,
  int,
  literal,
  local,
  remainder,
  THREAD,
} from "../language/expression.js";
import type { Statement } from "../language/kernel.js";

/** Row and column of a matrix in shared memory. */
export type Cell = readonly [Expression, Expression];

/** A matrix, and where its elements come from. */
export interface SharedMatrix {
  readonly rows: number;
  readonly columns: number;
  /** In memory, neighbors in a column follow each other, not those in a row. */
  readonly isTurned: boolean;
  /** The word of a cell in shared memory. */
  readonly place: (cell: Cell) => Expression;
  /** Whether there is an element for a cell; others are zero. */
  readonly isInside: (cell: Cell) => Expression;
  readonly element: (cell: Cell) => Expression;
}

/** The loop, over a local `name`, in which the threads of a block fill an array with a matrix, neighbors with neighbors. */
export function loadedMatrix(
  name: string,
  array: number,
  threads: number,
  { rows, columns, isTurned, place, isInside, element }: SharedMatrix,
): Statement {
  const at = local("i32", name);
  const inner = int(isTurned ? rows : columns);
  const [outer, within] = [divide(at, inner), remainder(at, inner)];
  const cell: Cell = isTurned ? [within, outer] : [outer, within];
  const value = choose(isInside(cell), element(cell), literal("f32", 0));
  return {
    kind: "loop",
    name,
    from: THREAD,
    to: int(rows * columns),
    step: int(threads),
    body: [storeShared(array, place(cell), value)],
  };
}

/** Stores a word in shared memory. */
export function storeShared(array: number, index: Expression, value: Expression): Statement {
  return { kind: "storeShared", array, index, value };
}
