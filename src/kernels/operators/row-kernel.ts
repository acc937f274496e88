/**
 * Kernels that work on rows: reductions, softmax, normalizations.
 *
 * A row is the set of elements that are combined into one value: those along the reduced axes. Rows
 * are distributed to keep the memory system busy:
 *
 *   1 thread per row     rows whose elements are apart, where neighboring rows lie side by side (the
 *                        reduction over channels of [N, C, H, W]); and very short rows
 *   a warp per row       short rows; its threads exchange values without shared memory. Where rows are few,
 *                        each warp is a thread block, so that all multiprocessors have some
 *   a block per row      of 64 to 256 threads; the warps' values meet in shared memory
 *
 * Rows that fit the registers of their threads are read once, four neighboring elements at a time where their length
 * allows it: the values of an element are kept from one pass to the next. Of longer rows each thread takes every 32nd (256th)
 * element in each pass, so that neighbors load neighbors. Partial values are combined in a fixed order: the same input gives the
 * same bits on every run.
 *
 * A row's program is written once for all of them: `reduce` adds a pass over the row whose result all
 * threads of the row then know, `each` a pass that stores.
 */
import {
  add,
  binary,
  both,
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
import { FOUR, isAlways, type Site, singleSite } from "./element-values.js";

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

/** Elements of a row that a thread keeps in registers at most. */
const MOST_KEPT = 8;

/** Rows from which one thread per row fills a GPU of about 100 multiprocessors. */
const MANY_ROWS = 4096;

/** Rows up to which not every multiprocessor has a thread block of 8 rows. */
const FEW_ROWS = 1024;

/** How a row is distributed over threads. */
interface Team {
  /** Threads of a row. */
  readonly threads: number;
  readonly rowsPerBlock: number;
  /** Neighboring elements that a thread takes at once. */
  readonly width: number;
  /** Times that it takes some, if they stay in its registers; else it goes over the row in each pass. */
  readonly kept: number | undefined;
}

function teamOf({ rows, length, reduced }: RowShape): Team {
  const isContiguous = reduced.layout.strides.at(-1) === 1 || length === 1;
  if (length < WARP / 2 || (!isContiguous && rows >= MANY_ROWS)) {
    return { threads: 1, rowsPerBlock: DEFAULT_THREADS, width: 1, kept: undefined };
  }
  const isFew = rows < FEW_ROWS;
  const width = isContiguous && reduced.dims.length === 1 && length % FOUR === 0 ? FOUR : 1;
  const wanted = Math.ceil(length / (isFew ? FOUR : MOST_KEPT));
  let threads = WARP;
  while (threads < Math.min(wanted, DEFAULT_THREADS)) {
    threads *= 2;
  }
  const rounds = Math.ceil(length / width / threads);
  const isKept = rounds * width <= MOST_KEPT;
  return {
    threads,
    rowsPerBlock: threads > WARP || isFew ? 1 : DEFAULT_THREADS / WARP,
    width: isKept ? width : 1,
    kept: isKept ? rounds : undefined,
  };
}

/** Elements of a row, as passes see them. */
export interface RowSite extends Site {
  /** Their places in the row. */
  readonly places: readonly Expression[];
}

/** Collects the passes over the rows of a kernel. */
export class RowProgram {
  /** The number of the row. */
  readonly row: Expression;
  /** The first element of each row, for values of which all of a row have the same; and the row itself. */
  readonly start: Site;
  readonly self: Site;
  readonly #shape: RowShape;
  readonly #team: Team;
  readonly #type: "i32" | "i64";
  readonly #body: Statement[] = [];
  readonly #shared: SharedArray[] = [];
  /** The sites whose values are kept from pass to pass. */
  readonly #kept: readonly RowSite[];
  #loops = 0;

  constructor(shape: RowShape) {
    this.#shape = shape;
    this.#team = teamOf(shape);
    this.#type = indexType(shape.rows * shape.length);
    this.row = local(this.#type, "row");
    const active = this.#active();
    const base = { ...singleSite("b", local(this.#type, "base"), this.#body), isInside: active };
    this.start = base;
    this.self = { ...singleSite("r", this.row, this.#body), isInside: active };
    const { kept = 0 } = this.#team;
    this.#kept = Array.from({ length: kept }, (_, round) => this.#keptSite(round));
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
    return this.reduceValues(name, start, combine, ({ places }) => places.map(value));
  }

  /** Adds a pass: `combine` over the values of all elements, from `start`. */
  reduceValues(
    name: string,
    start: Expression,
    combine: (left: Expression, right: Expression) => Expression,
    values: (site: RowSite) => readonly Expression[],
  ): Expression {
    const result = local(start.type, name);
    this.#body.push(define(name, start));
    this.pass((site) =>
      values(site).map((value) => ({ kind: "assign", name, value: combine(result, value) })),
    );
    if (this.#team.threads > 1) {
      this.#combineWarp(name, result, combine);
    }
    if (this.#team.threads > WARP) {
      this.#combineWarps(name, result, combine);
    }
    return result;
  }

  /** Adds a pass that runs `body` for every element. */
  each(body: (at: Expression) => readonly Statement[]): void {
    this.pass(({ places }) => places.flatMap(body));
  }

  /** Adds a pass that runs `body` for the elements that a thread takes at once. */
  pass(body: (site: RowSite) => readonly Statement[]): void {
    if (this.#team.kept === undefined) {
      this.#body.push(this.#loop(body));
      return;
    }
    for (const site of this.#kept) {
      const statements = body(site);
      if (isAlways(site.isInside)) {
        this.#body.push(...statements);
      } else {
        this.#body.push({ kind: "if", condition: site.isInside, body: statements });
      }
    }
  }

  /** Adds statements that one thread of the row runs. */
  once(body: readonly Statement[]): void {
    const isFirst = binary("equal", local("i32", "lane"), int(0));
    const condition = this.#team.threads === 1 ? this.#active() : both(this.#active(), isFirst);
    this.#body.push({ kind: "if", condition, body });
  }

  /** The finished kernel. */
  kernel(label: string, buffers: readonly KernelBuffer[]): KernelCode {
    const { rows, kept } = this.#shape;
    const { threads, rowsPerBlock } = this.#team;
    const type = this.#type;
    const wide = (value: Expression) => convert(type, value);
    const firstRow = multiply(wide(THREAD_BLOCK), literal(type, rowsPerBlock));
    const ofBlock = rowsPerBlock === 1 ? int(0) : divide(THREAD, int(threads));
    return {
      label,
      buffers,
      shared: this.#shared,
      grid: Math.max(1, Math.ceil(rows / rowsPerBlock)),
      threads: threads * rowsPerBlock,
      body: withoutUnused([
        define("lane", rowsPerBlock === 1 ? THREAD : remainder(THREAD, int(threads))),
        define("row", add(firstRow, wide(ofBlock))),
        define("active", less(this.row, literal(type, rows))),
        define("base", addressOf(kept.layout, coordinatesOf(this.row, kept.dims))),
        ...this.#body,
      ]),
    };
  }

  /** Whether the thread has a row. */
  #active(): Expression {
    const isWhole = this.#shape.rows % this.#team.rowsPerBlock === 0;
    return isWhole ? literal("bool", 1) : local("bool", "active");
  }

  /** The elements that a thread takes in one of its rounds. */
  #keptSite(round: number): RowSite {
    const { threads, width } = this.#team;
    const name = `at${round}`;
    const step = add(local("i32", "lane"), int(round * threads));
    const first = this.define(name, multiply(step, int(width)));
    const places = Array.from({ length: width }, (_, i) => add(first, int(i)));
    const isWhole = (round + 1) * threads * width <= this.#shape.length;
    const inRow = isWhole ? literal("bool", 1) : less(first, int(this.#shape.length));
    const inside = both(this.#active(), inRow);
    const isInside = isAlways(inside) ? inside : this.define(`in${round}`, inside);
    const flat = this.define(`p${round}`, this.address(first));
    return { ...this.#site(`k${round}`, flat, isInside, this.#body), width, places };
  }

  /** A loop of the thread over its elements; threads without a row have none. */
  #loop(body: (site: RowSite) => readonly Statement[]): Statement {
    const name = `r${this.#loops++}`;
    const at = local("i32", name);
    const inside: Statement[] = [];
    const flat = local(this.#type, `p_${name}`);
    inside.push(define(`p_${name}`, this.address(at)));
    const site = this.#site(name, flat, literal("bool", 1), inside);
    const statements = body({ ...site, places: [at] });
    return {
      kind: "loop",
      name,
      from: local("i32", "lane"),
      to: choose(this.#active(), int(this.#shape.length), int(0)),
      step: int(this.#team.threads),
      body: [...inside, ...statements],
    };
  }

  #site(tag: string, flat: Expression, isInside: Expression, body: Statement[]): Site {
    const { length, reduced } = this.#shape;
    const isRow = reduced.dims.length <= 1 && (reduced.layout.strides[0] ?? 1) === 1;
    const row = isRow ? { row: { site: this.start, length } } : {};
    return { ...singleSite(tag, flat, body), isInside, ...row };
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
    const warps = this.#team.threads / WARP;
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
