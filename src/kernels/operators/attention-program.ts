/**
 * Attention in one kernel: scores, softmax and weighted sum of one tile of queries in a thread block, whose scores stay in
 * shared memory.
 *
 *   keys (later values) of one tile -> shared memory; every thread: its scores of one query  (for each tile)
 *   softmax of each query, by the threads that have its scores
 *   every thread: its elements of the weighted sum of one query                              (for each tile)
 *
 * The threads of a query are neighbors in a warp. Sums are made in a fixed order.
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
  load,
  local,
  multiply,
  remainder,
  subtract,
  THREAD,
  THREAD_BLOCK,
  unary,
} from "../language/expression.js";
import { DEFAULT_THREADS, define, indexType, loop, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, type Layout, sizeOf } from "../language/layout.js";
import type { Operand } from "../operator-call.js";
import { type Site, singleSite } from "./element-values.js";
import type { KernelBuffers } from "./kernel-buffers.js";
import { lowest } from "./reductions.js";
import { type Cell, loadedMatrix, type SharedMatrix, storeShared } from "./shared-matrix.js";

/** A tensor over the dims of the batch, then two of its own. */
export interface AttentionOperand {
  readonly operand: Operand;
  readonly layout: Layout;
}

/** What is computed: `weights(softmax(scores(scale * Q K))) V * factor`. */
export interface AttentionKernel {
  readonly batch: readonly number[];
  readonly queries: number;
  readonly keys: number;
  /** Elements of a query, and of a value. */
  readonly size: number;
  readonly width: number;
  /** [batch, queries, size] */
  readonly q: AttentionOperand;
  /** [batch, size, keys] */
  readonly k: AttentionOperand;
  /** [batch, keys, width] */
  readonly v: AttentionOperand;
  /** [batch, queries, width] */
  readonly y: AttentionOperand;
  readonly scale: number;
  readonly factor: number;
  /** What becomes of a score before the softmax, and of a weight behind it, at a place of [batch, queries, keys]. */
  readonly score: (value: Expression, site: Site) => Expression;
  readonly weight: (value: Expression, site: Site) => Expression;
}

/** Keys of a tile, which a multiple of the threads of a query divides. */
const TILE = 64;

/** One more than a tile is wide, so that neighbors in a column are in different banks. */
const PITCH = TILE + 1;

/** Words of shared memory for a tile of keys or values. */
export function partWords(size: number, width: number): number {
  return Math.max(size * PITCH, TILE * width);
}

/**
 * What the threads do, `queries` of them in a thread block, with three arrays in shared memory: these queries, a tile of keys or
 * values, the scores. Results go to the buffer `target`.
 */
export function attentionBody(
  call: AttentionKernel,
  queries: number,
  buffers: KernelBuffers,
  target: number,
): readonly Statement[] {
  return new AttentionProgram(call, queries, buffers).body(target);
}

// The arrays in shared memory.
const QUERIES = 0;
const PART = 1;
const SCORES = 2;

const word = (array: number, index: Expression): Expression => ({
  kind: "shared",
  type: "f32",
  array,
  index,
});

const store = storeShared;

const assign = (name: string, value: Expression): Statement => ({ kind: "assign", name, value });
const BARRIER: Statement = { kind: "barrier" };
const float = (name: string): Expression => local("f32", name);

class AttentionProgram {
  readonly #call: AttentionKernel;
  readonly #count: number;
  readonly #buffers: KernelBuffers;
  readonly #type: "i32" | "i64";
  /** Threads of a query. */
  readonly #lanes: number;
  #sites = 0;

  constructor(call: AttentionKernel, count: number, buffers: KernelBuffers) {
    this.#call = call;
    this.#count = count;
    this.#buffers = buffers;
    this.#lanes = DEFAULT_THREADS / count;
    const { batch, queries, keys, size, width, q, k, v, y } = call;
    const reach = [q, k, v, y].map(({ operand }) => sizeOf(operand.dims));
    const most = sizeOf(batch) * queries * Math.max(keys, size, width);
    this.#type = indexType(Math.max(most, ...reach));
  }

  body(target: number): readonly Statement[] {
    const { batch, queries, keys } = this.#call;
    const tiles = Math.ceil(queries / this.#count);
    const number = (value: number) => literal(this.#type, value);
    const coordinates = coordinatesOf(local(this.#type, "pair"), batch);
    const parts = Array.from({ length: Math.ceil(keys / TILE) }, (_, i) => i * TILE);
    return [
      define("pair", convert(this.#type, divide(THREAD_BLOCK, int(tiles)))),
      define("first", multiply(remainder(THREAD_BLOCK, int(tiles)), int(this.#count))),
      ...coordinates.map((each, axis) => define(`n${axis}`, each)),
      define("own", divide(THREAD, int(this.#lanes))),
      define("lane", remainder(THREAD, int(this.#lanes))),
      define("query", add(local("i32", "first"), local("i32", "own"))),
      define(
        "row",
        multiply(
          add(
            multiply(local(this.#type, "pair"), number(queries)),
            convert(this.#type, local("i32", "query")),
          ),
          number(keys),
        ),
      ),
      ...this.#loadQueries(),
      ...parts.flatMap((start) => this.#scores(start)),
      BARRIER,
      ...this.#softmax(),
      ...this.#sums(parts),
      ...this.#results(target),
    ];
  }

  /** The address of an element of an operand in the thread block's pair of batch and head. */
  #address({ layout }: AttentionOperand, row: Expression, column: Expression): Expression {
    const outer = this.#call.batch.map((_, axis) => local(this.#type, `n${axis}`));
    const inner = [row, column].map((each) => convert(this.#type, each));
    return addressOf(layout, [...outer, ...inner]);
  }

  /** Loads a matrix of an operand into shared memory. */
  #loadMatrix(
    name: string,
    array: number,
    source: AttentionOperand,
    matrix: Omit<SharedMatrix, "element" | "isTurned">,
    fromHere: (cell: Cell) => Cell,
  ): Statement {
    const { strides } = source.layout;
    const { storage } = source.operand;
    const buffer = this.#buffers.read(source.operand);
    return loadedMatrix(name, array, DEFAULT_THREADS, {
      ...matrix,
      isTurned: strides.at(-2) === 1 && strides.at(-1) !== 1,
      element: (cell) => load(storage, buffer, this.#address(source, ...fromHere(cell))),
    });
  }

  #loadQueries(): readonly Statement[] {
    const { q, size, queries } = this.#call;
    const first = local("i32", "first");
    return [
      this.#loadMatrix(
        "e",
        QUERIES,
        q,
        {
          rows: this.#count,
          columns: size,
          isInside: ([row]) => less(add(first, row), int(queries)),
          place: ([row, column]) => add(multiply(row, int(size)), column),
        },
        ([row, column]) => [add(first, row), column],
      ),
    ];
  }

  /** The scores of the keys from `start` on. */
  #scores(start: number): readonly Statement[] {
    const { k, size, keys, scale } = this.#call;
    const many = Math.ceil(Math.min(TILE, keys - start) / this.#lanes);
    const names = Array.from({ length: many }, (_, i) => `a${start}_${i}`);
    const step = local("i32", `d${start}`);
    const query = word(QUERIES, add(multiply(local("i32", "own"), int(size)), step));
    const line = multiply(step, int(PITCH));
    const place = (i: number) => add(local("i32", "lane"), int(i * this.#lanes));
    return [
      ...(start === 0 ? [] : [BARRIER]),
      this.#loadMatrix(
        `k${start}`,
        PART,
        k,
        {
          rows: size,
          columns: TILE,
          isInside: ([, column]) => less(add(column, int(start)), int(keys)),
          place: ([row, column]) => add(multiply(row, int(PITCH)), column),
        },
        ([row, column]) => [row, add(column, int(start))],
      ),
      BARRIER,
      ...names.map((name) => define(name, literal("f32", 0))),
      loop(`d${start}`, size, () => [
        define("x", query),
        ...names.map((name, i) =>
          assign(name, add(float(name), multiply(float("x"), word(PART, add(line, place(i)))))),
        ),
      ]),
      ...names.flatMap((name, i) => {
        const key = add(place(i), int(start));
        const isKey = less(key, int(keys));
        const site = this.#site(key, isKey);
        const value = this.#call.score(multiply(float(name), literal("f32", scale)), site);
        const cell = add(multiply(local("i32", "own"), int(keys)), key);
        return [
          ...site.body,
          { kind: "if", condition: isKey, body: [store(SCORES, cell, value)] } as const,
        ];
      }),
    ];
  }

  /** The place of a score, where it is one. */
  #site(key: Expression, isKey: Expression): Site {
    const tag = `q${this.#sites++}`;
    const flat = local(this.#type, `f_${tag}`);
    const isQuery = less(local("i32", "query"), int(this.#call.queries));
    const body: Statement[] = [
      define(`f_${tag}`, add(local(this.#type, "row"), convert(this.#type, key))),
    ];
    return { ...singleSite(tag, flat, body), isInside: both(isKey, isQuery) };
  }

  #softmax(): readonly Statement[] {
    const { keys } = this.#call;
    const base = multiply(local("i32", "own"), int(keys));
    const pass = (name: string, body: (cell: Expression, key: Expression) => Statement[]) =>
      ({
        kind: "loop",
        name,
        from: local("i32", "lane"),
        to: int(keys),
        step: int(this.#lanes),
        body: body(add(base, local("i32", name)), local("i32", name)),
      }) as const;
    const maximum = (a: Expression, b: Expression) => binary("maximum", a, b);
    return [
      define("most", lowest("f32")),
      pass("u", (cell) => [assign("most", maximum(float("most"), word(SCORES, cell)))]),
      ...this.#together("most", maximum),
      define("total", literal("f32", 0)),
      pass("v", (cell) => [
        define("power", unary("exp", subtract(word(SCORES, cell), float("most")))),
        store(SCORES, cell, float("power")),
        assign("total", add(float("total"), float("power"))),
      ]),
      ...this.#together("total", add),
      define("share", divide(literal("f32", 1), float("total"))),
      pass("w", (cell, key) => {
        const site = this.#site(key, literal("bool", 1));
        const value = this.#call.weight(multiply(word(SCORES, cell), float("share")), site);
        return [...site.body, store(SCORES, cell, value)];
      }),
    ];
  }

  /** Combines a value over the threads of a query. */
  #together(
    name: string,
    combine: (a: Expression, b: Expression) => Expression,
  ): readonly Statement[] {
    const statements: Statement[] = [];
    for (let mask = this.#lanes / 2; mask >= 1; mask /= 2) {
      const other = `${name}_${mask}`;
      statements.push(
        { kind: "exchange", name: other, type: "f32", source: name, mask },
        assign(name, combine(float(name), float(other))),
      );
    }
    return statements;
  }

  /** Each thread's elements of the weighted sum. */
  #sums(parts: readonly number[]): readonly Statement[] {
    const { v, keys, width } = this.#call;
    const many = Math.ceil(width / this.#lanes);
    const names = Array.from({ length: many }, (_, i) => `o${i}`);
    const isLast = (i: number) => (i + 1) * this.#lanes > width;
    const column = (i: number) => add(local("i32", "lane"), int(i * this.#lanes));
    return [
      ...names.map((name) => define(name, literal("f32", 0))),
      ...parts.flatMap((start) => {
        const rows = Math.min(TILE, keys - start);
        const key = local("i32", `j${start}`);
        const weight = add(multiply(local("i32", "own"), int(keys)), add(key, int(start)));
        const value = (i: number) => word(PART, add(multiply(key, int(width)), column(i)));
        return [
          BARRIER,
          this.#loadMatrix(
            `v${start}`,
            PART,
            v,
            {
              rows,
              columns: width,
              isInside: () => literal("bool", 1),
              place: ([row, at]) => add(multiply(row, int(width)), at),
            },
            ([row, at]) => [add(row, int(start)), at],
          ),
          BARRIER,
          loop(`j${start}`, rows, () => [
            define("x", word(SCORES, weight)),
            ...names.map((name, i) => {
              const part = isLast(i)
                ? choose(less(column(i), int(width)), value(i), literal("f32", 0))
                : value(i);
              return assign(name, add(float(name), multiply(float("x"), part)));
            }),
          ]),
        ];
      }),
    ];
  }

  #results(target: number): readonly Statement[] {
    const { y, width, queries, factor } = this.#call;
    const query = local("i32", "query");
    const many = Math.ceil(width / this.#lanes);
    return Array.from({ length: many }, (_, i): Statement => {
      const column = add(local("i32", "lane"), int(i * this.#lanes));
      const sum = float(`o${i}`);
      const value = factor === 1 ? sum : multiply(sum, literal("f32", factor));
      return {
        kind: "if",
        condition: both(less(query, int(queries)), less(column, int(width))),
        body: [{ kind: "store", buffer: target, index: this.#address(y, query, column), value }],
      };
    });
  }
}
