import { type ElementType, elementBits } from "../../ir/element-type.js";

/** Dims of which some sizes may be unknown. */
export type KnownDims = readonly (number | undefined)[];

/** The knowledge about one value at compile time. */
export interface Fact {
  readonly elementType: ElementType | undefined;
  /** `undefined`: unknown rank. */
  readonly dims: KnownDims | undefined;
  /** Elements, row-major, booleans as 0 and 1: only of small constants. */
  readonly values: readonly number[] | undefined;
  /** Depends on constants and static shapes only, whether or not its elements are known here. */
  readonly isConstant: boolean;
  /** The items of a sequence, whose own type and dims stay `undefined`. */
  readonly items?: readonly Fact[];
}

/** The fact of an unknown value. */
export const UNKNOWN: Fact = {
  elementType: undefined,
  dims: undefined,
  values: undefined,
  isConstant: false,
};

/** Tensors with more elements than this are not evaluated: shape arithmetic never needs them. */
export const VALUE_LIMIT = 4096;

/** Tensors of a higher rank are refused: real models stay far below. */
export const MAX_RANK = 64;

/** Unknown dims of a known rank, or `undefined` when the rank is unknown or absurd. */
export function dimsOfRank(rank: number | undefined): KnownDims | undefined {
  return rank === undefined || rank > MAX_RANK
    ? undefined
    : new Array<undefined>(rank).fill(undefined);
}

/** A tensor whose type may be known, but not its elements. */
export function tensor(elementType: ElementType | undefined, dims: KnownDims | undefined): Fact {
  return { elementType, dims, values: undefined, isConstant: false };
}

/** A tensor with known elements. */
export function constant(
  elementType: ElementType,
  dims: readonly number[],
  values: readonly number[],
): Fact {
  return { elementType, dims, values, isConstant: true };
}

/** Whether every size is known. */
export function isStatic(dims: KnownDims | undefined): dims is readonly number[] {
  return dims?.every((dim) => dim !== undefined) ?? false;
}

/** Product of the sizes (1 for a scalar), or `undefined` when one is unknown. */
export function countOf(dims: KnownDims | undefined): number | undefined {
  if (dims === undefined) {
    return undefined;
  }
  let count = 1;
  for (const dim of dims) {
    if (dim === undefined) {
      return undefined;
    }
    count *= dim;
  }
  return count;
}

/** Whether the type is complete: element type and every size (or a sequence of such). */
export function isComplete(fact: Fact): boolean {
  return fact.items === undefined
    ? fact.elementType !== undefined && isStatic(fact.dims)
    : fact.items.every(isComplete);
}

/** `fact`, completed from `other` where it is open. */
export function mergeFacts(fact: Fact, other: Fact): Fact {
  if (fact.items !== undefined) {
    return fact;
  }
  return {
    elementType: fact.elementType ?? other.elementType,
    dims: mergeDims(fact.dims, other.dims),
    values: fact.values,
    isConstant: fact.isConstant,
  };
}

function mergeDims(dims: KnownDims | undefined, other: KnownDims | undefined) {
  if (dims === undefined || other === undefined || dims.length !== other.length) {
    return dims ?? other;
  }
  return dims.map((dim, i) => dim ?? other[i]);
}

/** The common part of two facts: equal sizes stay, others become unknown. */
export function commonFact(a: Fact, b: Fact): Fact {
  if (a.items !== undefined || b.items !== undefined) {
    return a.items === undefined || a.items.length !== b.items?.length
      ? UNKNOWN
      : { ...UNKNOWN, items: a.items.map((item, i) => commonFact(item, b.items?.[i] ?? UNKNOWN)) };
  }
  const dims =
    a.dims === undefined || b.dims === undefined || a.dims.length !== b.dims.length
      ? undefined
      : a.dims.map((dim, i) => (dim === b.dims?.[i] ? dim : undefined));
  return tensor(a.elementType === b.elementType ? a.elementType : undefined, dims);
}

/** `float32[1,3,?]`, for messages. */
export function printFact(fact: Fact): string {
  const shown = fact.dims?.slice(0, 8).map((dim) => dim ?? "?");
  const dims = shown && [...shown, ...(shown.length < (fact.dims?.length ?? 0) ? ["..."] : [])];
  return `${fact.elementType ?? "unknown type"}[${dims?.join(",") ?? "rank unknown"}]`;
}

/** Whether the element type is a floating-point type. */
export function isFloat(type: ElementType): boolean {
  return type.startsWith("float") || type === "bfloat16";
}

/** Whether the element type is a signed or unsigned integer. */
export function isInteger(type: ElementType): boolean {
  return type.startsWith("int") || type.startsWith("uint");
}

/** Bytes of the tensor, or 0 when they are unknown. */
export function factBytes(fact: Fact): number {
  if (fact.items !== undefined) {
    return fact.items.reduce((sum, item) => sum + factBytes(item), 0);
  }
  const count = countOf(fact.dims);
  return fact.elementType === undefined || count === undefined
    ? 0
    : Math.ceil((count * elementBits(fact.elementType)) / 8);
}
