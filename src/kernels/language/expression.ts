/**
 * The small typed language that kernels are written in.
 *
 * Hand-written kernels fail in index arithmetic: a stride, a pad, a bound. So kernels are not text
 * here but trees of these expressions and statements (`kernel.ts`). A tree is printed as CUDA C
 * (`print-cuda.ts`), and the very same tree can be evaluated on a CPU, thread by thread, so that
 * every operator is checked against ONNX Runtime without a GPU.
 *
 * Values live in registers and have five types; memory has more, which are widened when loaded and
 * narrowed when stored (half precision computes in f32, bytes in i32).
 *
 * The functions that make expressions fold constants, so that generated code has no `x * 1 + 0`:
 * `add(multiply(i, int(1)), int(0))` is `i`.
 */

/** The type of a value in a register. Units: bits. `i64` values are exact up to 2^53 on the CPU. */
export type ValueType = "bool" | "i32" | "i64" | "f32" | "f64";

/** The type of an element in memory. */
export type StorageType =
  | "bool"
  | "i8"
  | "u8"
  | "i16"
  | "u16"
  | "i32"
  | "u32"
  | "i64"
  | "f16"
  | "bf16"
  | "f32"
  | "f64";

/** Functions of one value. `floor` to `sqrt` and all that follow take floats. */
export type UnaryOperation =
  | "not"
  | "invert"
  | "negate"
  | "abs"
  | "floor"
  | "ceil"
  | "round"
  | "sqrt"
  | "reciprocalSqrt"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "erf"
  | "tanh"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "isNan";

/** Functions of two values of one type. Integer `divide` truncates, `remainder` has the sign of the left. */
export type BinaryOperation =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "remainder"
  | "minimum"
  | "maximum"
  | "power"
  | "and"
  | "or"
  | "xor"
  | "shiftLeft"
  | "shiftRight"
  | "equal"
  | "less"
  | "lessEqual";

/** A value, computed without side effects. */
export type Expression =
  | { readonly kind: "constant"; readonly type: ValueType; readonly value: number }
  | { readonly kind: "local"; readonly type: ValueType; readonly name: string }
  /** An element of a buffer, widened to `type`. */
  | {
      readonly kind: "load";
      readonly type: ValueType;
      readonly buffer: number;
      readonly index: Expression;
    }
  /** A word of one of the arrays in the thread block's shared memory. */
  | {
      readonly kind: "shared";
      readonly type: ValueType;
      readonly array: number;
      readonly index: Expression;
    }
  | {
      readonly kind: "unary";
      readonly type: ValueType;
      readonly operation: UnaryOperation;
      readonly value: Expression;
    }
  | {
      readonly kind: "binary";
      readonly type: ValueType;
      readonly operation: BinaryOperation;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** Evaluates only the chosen side, so it may guard a load. */
  | {
      readonly kind: "choose";
      readonly type: ValueType;
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  /** Float to integer truncates; to bool is `!= 0`. */
  | { readonly kind: "convert"; readonly type: ValueType; readonly value: Expression }
  /** The value after being stored as `storage` and loaded again. */
  | {
      readonly kind: "narrow";
      readonly type: ValueType;
      readonly storage: StorageType;
      readonly value: Expression;
    };

/** The register type of each memory type. */
export const VALUE_OF: Readonly<Record<StorageType, ValueType>> = {
  bool: "bool",
  i8: "i32",
  u8: "i32",
  i16: "i32",
  u16: "i32",
  i32: "i32",
  u32: "i64",
  i64: "i64",
  f16: "f32",
  bf16: "f32",
  f32: "f32",
  f64: "f64",
};

/** Bytes of an element in memory. */
export const STORAGE_BYTES: Readonly<Record<StorageType, number>> = {
  bool: 1,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
};

/** Whether a register type is a floating-point type. */
export function isFloatValue(type: ValueType): boolean {
  return type === "f32" || type === "f64";
}

/** A literal. */
export function literal(type: ValueType, value: number): Expression {
  return { kind: "constant", type, value };
}

/** An i32 literal. */
export function int(value: number): Expression {
  return literal("i32", value);
}

/** A local variable that a statement defines. */
export function local(type: ValueType, name: string): Expression {
  return { kind: "local", type, name };
}

/** The number of the thread in its thread block, and of the thread block in the grid. */
export const THREAD: Expression = local("i32", "thread");

/** The number of the thread block in the grid. */
export const THREAD_BLOCK: Expression = local("i32", "threadBlock");

/** A function of one value; the result has its type, or `bool` for tests. */
export function unary(operation: UnaryOperation, value: Expression): Expression {
  const type = operation === "isNan" || operation === "not" ? "bool" : value.type;
  return { kind: "unary", type, operation, value };
}

const TESTS: ReadonlySet<BinaryOperation> = new Set(["equal", "less", "lessEqual"]);

/**
 * A function of two values of one type, without folding; the named functions below fold constants.
 */
export function binary(
  operation: BinaryOperation,
  left: Expression,
  right: Expression,
): Expression {
  const type = TESTS.has(operation) ? "bool" : left.type;
  return { kind: "binary", type, operation, left, right };
}

/** `left + right`. */
export function add(left: Expression, right: Expression): Expression {
  if (isZero(left)) {
    return right;
  }
  return isZero(right)
    ? left
    : (folded(left, right, (a, b) => a + b) ?? binary("add", left, right));
}

/** `left - right`. */
export function subtract(left: Expression, right: Expression): Expression {
  return isZero(right)
    ? left
    : (folded(left, right, (a, b) => a - b) ?? binary("subtract", left, right));
}

/** `left * right`. Integers times zero are zero; floats are not (they may be NaN). */
export function multiply(left: Expression, right: Expression): Expression {
  if (isOne(right)) {
    return left;
  }
  if (isOne(left)) {
    return right;
  }
  if (!isFloatValue(left.type) && (isZero(left) || isZero(right))) {
    return literal(left.type, 0);
  }
  return folded(left, right, (a, b) => a * b) ?? binary("multiply", left, right);
}

/** `left / right`; integers truncate. */
export function divide(left: Expression, right: Expression): Expression {
  return isOne(right)
    ? left
    : (folded(left, right, (a, b) => Math.trunc(a / b)) ?? binary("divide", left, right));
}

/** `left % right`, with the sign of `left`. */
export function remainder(left: Expression, right: Expression): Expression {
  return isOne(right) && !isFloatValue(left.type)
    ? literal(left.type, 0)
    : (folded(left, right, (a, b) => a % b) ?? binary("remainder", left, right));
}

/** True if both hold. */
export function both(left: Expression, right: Expression): Expression {
  return isTrue(left) ? right : isTrue(right) ? left : binary("and", left, right);
}

/** True if all hold, and for an empty list. */
export function every(conditions: readonly Expression[]): Expression {
  return conditions.reduce(both, literal("bool", 1));
}

/** `left < right`. */
export function less(left: Expression, right: Expression): Expression {
  return binary("less", left, right);
}

/** `left >= right`; false where one is NaN. */
export function atLeast(left: Expression, right: Expression): Expression {
  return binary("lessEqual", right, left);
}

/** One of two values; a constant condition is decided at once. */
export function choose(condition: Expression, yes: Expression, no: Expression): Expression {
  if (condition.kind === "constant") {
    return condition.value === 0 ? no : yes;
  }
  return { kind: "choose", type: yes.type, condition, yes, no };
}

/** The value in another register type. */
export function convert(type: ValueType, value: Expression): Expression {
  if (value.type === type) {
    return value;
  }
  if (value.kind === "constant" && (type === "i64" || (value.type === "i32" && type === "f32"))) {
    return literal(type, isFloatValue(type) ? Math.fround(value.value) : Math.trunc(value.value));
  }
  return { kind: "convert", type, value };
}

/** An element of buffer `buffer`, whose memory type is `storage`. */
export function load(storage: StorageType, buffer: number, index: Expression): Expression {
  return { kind: "load", type: VALUE_OF[storage], buffer, index };
}

function isZero(value: Expression): boolean {
  // -0 + x is x, 0 + -0 is not -0: so floats are not folded.
  return value.kind === "constant" && value.value === 0 && !isFloatValue(value.type);
}

function isOne(value: Expression): boolean {
  return value.kind === "constant" && value.value === 1;
}

function isTrue(value: Expression): boolean {
  return value.kind === "constant" && value.value !== 0;
}

/** The result of an integer operation on two constants. */
function folded(
  left: Expression,
  right: Expression,
  operation: (a: number, b: number) => number,
): Expression | undefined {
  return left.kind === "constant" && right.kind === "constant" && !isFloatValue(left.type)
    ? literal(left.type, operation(left.value, right.value))
    : undefined;
}
