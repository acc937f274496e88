/**
 * What the operators of a model ask of a value: the numbers that are valid, and what users feed there.
 *
 * A demand starts where a value is used (`index-uses.ts` and its neighbors) and is carried backwards
 * through operators that keep or shift elements (`passes.ts`), up to the inputs of the model.
 */
export interface Demand {
  /** Valid numbers, both ends included; may be infinite. */
  readonly low: number;
  readonly high: number;
  /** Elements choose entries of a table: any valid number is as good as another. */
  readonly isIndex: boolean;
  /** What is fed here: one number for all elements, or one for each. */
  readonly value?: number | readonly number[];
  /** As `value`, but a guess: an index or a value counts more. */
  readonly hint?: number;
}

/** Any number is valid. */
const ANY = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, isIndex: false };

/** An index into a table of `size` entries; `undefined`: the size is not known, or there are none. */
export function indexInto(size: number | undefined): Demand | undefined {
  return size === undefined || size < 1 ? undefined : { low: 0, high: size - 1, isIndex: true };
}

/** Numbers from `low` to `high`, and what is fed of them. */
export function within(low: number, high: number, value?: number): Demand {
  return { low, high, isIndex: false, ...(value === undefined ? {} : { value }) };
}

/** A value that is fed; any other number is valid too. */
export function fed(value: number | readonly number[]): Demand {
  return { ...ANY, value };
}

/** A guess of what is fed. */
export function guessed(hint: number): Demand {
  return { ...ANY, hint };
}

/** What both ask for; of two values the first counts. */
export function meet(a: Demand, b: Demand): Demand {
  const value = a.value ?? b.value;
  const hint = a.hint ?? b.hint;
  return {
    low: Math.max(a.low, b.low),
    high: Math.min(a.high, b.high),
    isIndex: a.isIndex || b.isIndex,
    ...(value === undefined ? {} : { value }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The demand on `x` where `out = x + shift`, for every shift between the two. */
export function shifted(demand: Demand, least: number, most: number): Demand {
  const { value, hint } = demand;
  return {
    low: demand.low - least,
    high: demand.high - most,
    isIndex: demand.isIndex,
    ...(value === undefined ? {} : { value: minus(value, least) }),
    ...(hint === undefined ? {} : { hint: hint - least }),
  };
}

function minus(value: number | readonly number[], shift: number): number | readonly number[] {
  return typeof value === "number" ? value - shift : value.map((each) => each - shift);
}

/** The demand on `x` where `out = from - x`. */
export function mirrored({ low, high, isIndex, value, hint }: Demand, from: number): Demand {
  return {
    low: from - high,
    high: from - low,
    isIndex,
    ...(typeof value === "number" ? { value: from - value } : {}),
    ...(hint === undefined ? {} : { hint: from - hint }),
  };
}

/** The demand on `x` where `out` is at most `factor` times as large; `factor` at least 1. */
export function divided({ low, high, isIndex, value }: Demand, factor: number): Demand {
  return {
    low: Math.ceil(low / factor),
    high: Math.floor(high / factor),
    isIndex,
    ...(typeof value === "number" ? { value: Math.floor(value / factor) } : {}),
  };
}

/** Only the bounds of a demand. */
export function boundsOf({ low, high }: Demand): Demand {
  return { low, high, isIndex: false };
}

/** A demand on elements that are the same but in another number or order. */
export function reordered({ value, ...demand }: Demand): Demand {
  return typeof value === "number" ? { ...demand, value } : demand;
}
