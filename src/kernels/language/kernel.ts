/**
 * A kernel: the code of one launch, with its grid and thread block.
 *
 * All sizes are written into the code as constants, because a schedule is for one set of shapes: the
 * compiler then turns divisions into multiplications and unrolls short loops. The only arguments of
 * a kernel are the addresses of its buffers. Operators with the same sizes share one kernel.
 *
 * Threads of a block synchronize only in statements at the top level of the body (`barrier`,
 * `exchange`), so that all of them reach each of these.
 */
import {
  add,
  type Expression,
  int,
  less,
  local,
  multiply,
  type StorageType,
  THREAD,
  THREAD_BLOCK,
  type ValueType,
} from "./expression.js";

/** One step of a kernel. Locals are visible from their definition to the end of the enclosing list. */
export type Statement =
  | { readonly kind: "define"; readonly name: string; readonly value: Expression }
  | { readonly kind: "assign"; readonly name: string; readonly value: Expression }
  /** Narrows the value to the buffer's memory type. */
  | {
      readonly kind: "store";
      readonly buffer: number;
      readonly index: Expression;
      readonly value: Expression;
    }
  | {
      readonly kind: "storeShared";
      readonly array: number;
      readonly index: Expression;
      readonly value: Expression;
    }
  /** Assigns four elements in a row to locals, the first of them at a multiple of four. */
  | {
      readonly kind: "loadFour";
      readonly names: readonly string[];
      readonly buffer: number;
      readonly index: Expression;
    }
  /** Stores four elements in a row, the first of them at a multiple of four. */
  | {
      readonly kind: "storeFour";
      readonly buffer: number;
      readonly index: Expression;
      readonly values: readonly Expression[];
    }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly body: readonly Statement[];
    }
  /** `name` runs from `from` in steps of `step` while it is below `to`. */
  | {
      readonly kind: "loop";
      readonly name: string;
      readonly from: Expression;
      readonly to: Expression;
      readonly step: Expression;
      readonly body: readonly Statement[];
    }
  /** All threads of the block wait for each other; shared memory written before may be read after. */
  | { readonly kind: "barrier" }
  /** Defines `name` as the value of `source` in the lane whose number differs by `mask` (0..31). */
  | {
      readonly kind: "exchange";
      readonly name: string;
      readonly type: ValueType;
      readonly source: string;
      readonly mask: number;
    };

/** An argument of a kernel: an address and the type of memory there. */
export interface KernelBuffer {
  readonly storage: StorageType;
  readonly access: "read" | "write" | "update";
}

/** An array in the shared memory of a thread block. */
export interface SharedArray {
  readonly type: ValueType;
  readonly count: number;
}

/** A kernel with its launch geometry, one-dimensional in grid and thread block. */
export interface KernelCode {
  /** Words for its name: letters and digits. */
  readonly label: string;
  readonly buffers: readonly KernelBuffer[];
  /** Arrays in the shared memory of a thread block. */
  readonly shared?: readonly SharedArray[];
  readonly body: readonly Statement[];
  /** Thread blocks. */
  readonly grid: number;
  /** Threads of a thread block. */
  readonly threads: number;
}

const VALUE_BYTES: Readonly<Record<ValueType, number>> = {
  bool: 1,
  i32: 4,
  i64: 8,
  f32: 4,
  f64: 8,
};

/** Bytes of shared memory of a thread block. */
export function sharedBytesOf({ shared = [] }: Pick<KernelCode, "shared">): number {
  return shared.reduce((sum, { type, count }) => sum + VALUE_BYTES[type] * count, 0);
}

/** Default threads of a block: 8 warps, a divisor of the warps that an SM holds. */
export const DEFAULT_THREADS = 256;

/** Number of elements beyond which positions are counted in 64 bits. */
const MOST_INT32 = 2 ** 31 - 1;

/** The type that counts positions up to `count`. */
export function indexType(count: number): "i32" | "i64" {
  return count > MOST_INT32 - DEFAULT_THREADS ? "i64" : "i32";
}

/**
 * A kernel with one thread for each of `count` positions; `body` is called with the position, of type `type`. It may
 * add buffers.
 */
export function perElementKernel(
  label: string,
  buffers: readonly KernelBuffer[],
  count: number,
  body: (position: Expression) => readonly Statement[],
  type: "i32" | "i64" = indexType(count),
): KernelCode {
  const wide = (value: Expression): Expression =>
    type === "i64" ? { kind: "convert", type, value } : value;
  const position = local(type, "i");
  const threads =
    count < DEFAULT_THREADS ? Math.max(32, Math.ceil(count / 32) * 32) : DEFAULT_THREADS;
  const start = multiply(wide(THREAD_BLOCK), { kind: "constant", type, value: threads });
  return {
    label,
    buffers,
    grid: Math.max(1, Math.ceil(count / threads)),
    threads,
    body: withoutUnused([
      { kind: "define", name: "i", value: add(start, wide(THREAD)) },
      {
        kind: "if",
        condition: less(position, { kind: "constant", type, value: count }),
        body: body(position),
      },
    ]),
  };
}

/** The statements without definitions that no later statement reads. Cost: linear. */
export function withoutUnused(statements: readonly Statement[]): readonly Statement[] {
  return pruned(statements, new Set());
}

/** `used`: names that later statements read; names that these read are added. */
function pruned(statements: readonly Statement[], used: Set<string>): readonly Statement[] {
  const kept: Statement[] = [];
  for (const statement of [...statements].reverse()) {
    if (statement.kind === "define" && !used.has(statement.name)) {
      continue;
    }
    const body = "body" in statement ? { body: pruned(statement.body, used) } : {};
    noteRead(statement, used);
    kept.push({ ...statement, ...body });
  }
  return kept.reverse();
}

/** Adds the names that a statement itself reads or assigns. */
function noteRead(statement: Statement, used: Set<string>): void {
  switch (statement.kind) {
    case "assign":
      used.add(statement.name);
      noteLocals(statement.value, used);
      return;
    case "define":
      noteLocals(statement.value, used);
      return;
    case "store":
    case "storeShared":
      noteLocals(statement.index, used);
      noteLocals(statement.value, used);
      return;
    case "loadFour":
      noteLocals(statement.index, used);
      for (const name of statement.names) {
        used.add(name);
      }
      return;
    case "storeFour":
      for (const value of [statement.index, ...statement.values]) {
        noteLocals(value, used);
      }
      return;
    case "if":
      noteLocals(statement.condition, used);
      return;
    case "loop":
      for (const value of [statement.from, statement.to, statement.step]) {
        noteLocals(value, used);
      }
      return;
    case "exchange":
      used.add(statement.source);
      return;
    case "barrier":
      return;
  }
}

function noteLocals(value: Expression, used: Set<string>): void {
  switch (value.kind) {
    case "constant":
      return;
    case "local":
      used.add(value.name);
      return;
    case "load":
    case "shared":
      noteLocals(value.index, used);
      return;
    case "unary":
    case "convert":
    case "narrow":
      noteLocals(value.value, used);
      return;
    case "binary":
      noteLocals(value.left, used);
      noteLocals(value.right, used);
      return;
    case "choose":
      for (const each of [value.condition, value.yes, value.no]) {
        noteLocals(each, used);
      }
      return;
  }
}

/** A loop over `[0, count)` in steps of one. */
export function loop(
  name: string,
  count: number,
  body: (value: Expression) => readonly Statement[],
): Statement {
  return {
    kind: "loop",
    name,
    from: int(0),
    to: int(count),
    step: int(1),
    body: body(local("i32", name)),
  };
}

/** A new local and the expression that names it. */
export function define(name: string, value: Expression): Statement {
  return { kind: "define", name, value };
}
