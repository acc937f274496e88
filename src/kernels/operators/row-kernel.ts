/**
 * Kernels that work on rows: reductions, softmax, normalizations.
 *
 * A row is the set of elements that are combined into one value: those along the reduced axes. Rows
 * are distributed in three ways, to keep the memory system busy:
 *
 *   1 thread per row     rows whose elements are apart, where neighboring rows lie side by side (the
 *                        reduction over channels of [N, C, H, W]); and very short rows
 *   32 threads per row   a warp; its threads exchange values without shared memory
 *   256 threads per row  a thread block; the warps' values meet in shared memory
 *
 * Each thread takes every 32nd (256th) element, so that neighbors load neighbors, and partial values are combined
 * in a fixed order: the same input gives the same bits on every run.
 *
 * A row's program is written once for all three: `reduce` adds a pass over the row whose result all
 * threads of the row then know, `each` a pass that stores.
 */
import {
  add,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  int,
  less,
  literal,
  local,
  multiply,
  remainder,
  THREAD,
  THREAD_BLOCK,
} from "../language/expression.js";
import {
  DEFAULT_THREADS,
  define,
  indexType,
  type KernelBuffer,
  type KernelCode,
  type SharedArray,
  type Statement,
  withoutUnused,
} from "../language/kernel.js";
import {
  addressOf,
  coordinatesOf,
  type Layout,
  mergeDims,
  rowMajor,
  sizeOf,
} from "../language/layout.js";

/** The layout of rows and their elements, in a tensor of `dims` reduced over some axes. */
export interface RowShape {
  /** Rows, and elements of each. */
  readonly rows: number;
  readonly length: number;
  /** Kept dims and reduced dims, and the strides with which the tensor is stepped over along them. */
  readonly kept: { readonly dims: readonly number[]; readonly layout: Layout };
  readonly reduced: { readonly dims: readonly number[]; readonly layout: Layout };
}

/** The rows of a row-major tensor along `axes`. */
export function rowShape(dims: readonly number[], axes: readonly number[]): RowShape {
  const strides = rowMajor(dims);
  const part = (isWanted: (axis: number) => boolean) => {
    const wanted = dims.map((_, axis) => axis).filter(isWanted);
    const own = wanted.map((axis) => dims[axis] ?? 0);
    const layout = { offset: 0, strides: wanted.map((axis) => strides[axis] ?? 0) };
    const merged = mergeDims({ dims: own, layouts: [layout] });
    return { dims: merged.dims, layout: merged.layouts[0] ?? layout };
  };
  const kept = part((axis) => !axes.includes(axis));
  const reduced = part((axis) => axes.includes(axis));
  return { rows: sizeOf(kept.dims), length: sizeOf(reduced.dims), kept, reduced };
}

const WARP = 32;

/** Longest row for one warp: 32 elements for each of its threads. */
const LONGEST_WARP_ROW = 1024;

/** Rows from which one thread per row fills a GPU of about 100 multiprocessors. */
const MANY_ROWS = 4096;

function threadsPerRow({ rows, length, reduced }: RowShape): number {
  const isContiguous = reduced.layout.strides.at(-1) === 1 || length === 1;
  if (length < WARP / 2 || (!isContiguous && rows >= MANY_ROWS)) {
    return 1;
  }
  return length <= LONGEST_WARP_ROW ? WARP : DEFAULT_THREADS;
}

/** Collects the passes over the rows of a kernel. */
export class RowProgram {
  /** The number of the row. */
  readonly row: Expression;
  readonly #shape: RowShape;
  readonly #team: number;
  readonly #type: "i32" | "i64";
  readonly #body: Statement[] = [];
  readonly #shared: SharedArray[] = [];
  #loops = 0;

  constructor(shape: RowShape) {
    this.#shape = shape;
    this.#team = threadsPerRow(shape);
    this.#type = indexType(shape.rows * shape.length);
    this.row = local(this.#type, "row");
  }

  /** Address of element `at` of the thread's row, in a tensor of the shape's dims. */
  address(at: Expression): Expression {
    const { reduced } = this.#shape;
    const wide = convert(this.#type, at);
    return add(
      local(this.#type, "base"),
      addressOf(reduced.layout, coordinatesOf(wide, reduced.dims)),
    );
  }

  /** Adds a local that all threads of the row know. */
  define(name: string, value: Expression): Expression {
    this.#body.push(define(name, value));
    return local(value.type, name);
  }

  /** Adds a pass: `combine` over `value(at)` for every element, from `start`. */
  reduce(
    name: string,
    start: Expression,
    combine: (left: Expression, right: Expression) => Expression,
    value: (at: Expression) => Expression,
  ): Expression {
    const result = local(start.type, name);
    this.#body.push(
      define(name, start),
      this.#pass((at) => [{ kind: "assign", name, value: combine(result, value(at)) }]),
    );
    if (this.#team > 1) {
      this.#combineWarp(name, result, combine);
    }
    if (this.#team > WARP) {
      this.#combineWarps(name, result, combine);
    }
    return result;
  }

  /** Adds a pass that runs `body` for every element. */
  each(body: (at: Expression) => readonly Statement[]): void {
    this.#body.push(this.#pass(body));
  }

  /** Adds statements that one thread of the row runs. */
  once(body: readonly Statement[]): void {
    const isFirst = binary("equal", local("i32", "lane"), int(0));
    const condition =
      this.#team === 1 ? local("bool", "active") : binary("and", local("bool", "active"), isFirst);
    this.#body.push({ kind: "if", condition, body });
  }

  /** The finished kernel. */
  kernel(label: string, buffers: readonly KernelBuffer[]): KernelCode {
    const { rows, kept } = this.#shape;
    const rowsPerBlock = DEFAULT_THREADS / this.#team;
    const type = this.#type;
    const wide = (value: Expression) => convert(type, value);
    const firstRow = multiply(wide(THREAD_BLOCK), literal(type, rowsPerBlock));
    const row = add(firstRow, wide(divide(THREAD, int(this.#team))));
    return {
      label,
      buffers,
      shared: this.#shared,
      grid: Math.max(1, Math.ceil(rows / rowsPerBlock)),
      threads: DEFAULT_THREADS,
      body: withoutUnused([
        define("lane", remainder(THREAD, int(this.#team))),
        define("row", row),
        define("active", less(this.row, literal(type, rows))),
        define("base", addressOf(kept.layout, coordinatesOf(this.row, kept.dims))),
        ...this.#body,
      ]),
    };
  }

  /** A loop of the thread over its elements; threads without a row have none. */
  #pass(body: (at: Expression) => readonly Statement[]): Statement {
    const name = `r${this.#loops++}`;
    return {
      kind: "loop",
      name,
      from: local("i32", "lane"),
      to: choose(local("bool", "active"), int(this.#shape.length), int(0)),
      step: int(this.#team),
      body: body(local("i32", name)),
    };
  }

  #combineWarp(
    name: string,
    result: Expression,
    combine: (left: Expression, right: Expression) => Expression,
  ): void {
    for (let mask = WARP / 2; mask >= 1; mask /= 2) {
      const other = `${name}_${mask}`;
      this.#body.push(
        { kind: "exchange", name: other, type: result.type, source: name, mask },
        { kind: "assign", name, value: combine(result, local(result.type, other)) },
      );
    }
  }

  #combineWarps(
    name: string,
    result: Expression,
    combine: (left: Expression, right: Expression) => Expression,
  ): void {
    const warps = this.#team / WARP;
    const array = this.#shared.push({ type: result.type, count: warps }) - 1;
    const word = (i: number): Expression => ({
      kind: "shared",
      type: result.type,
      array,
      index: int(i),
    });
    let sum = word(0);
    for (let i = 1; i < warps; i++) {
      sum = combine(sum, word(i));
    }
    this.#body.push(
      {
        kind: "if",
        condition: binary("equal", remainder(THREAD, int(WARP)), int(0)),
        body: [{ kind: "storeShared", array, index: divide(THREAD, int(WARP)), value: result }],
      },
      { kind: "barrier" },
      { kind: "assign", name, value: sum },
    );
  }
}
