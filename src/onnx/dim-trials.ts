/**
 * Alternative sizes for dynamic dims of a model that cannot be lowered or run with the defaults.
 *
 * A default is a guess from names and positions. A model with a fixed window, or with a Reshape to
 * fixed sizes, may take only some sizes. The sizes in use are mostly powers of two, so these are
 * tried, the likely ones first, all dims that have a default above 1 at once; if every default is
 * 1, all dims but the first of each input. Sizes from the user stay, and a dim whose name is a sum
 * of other names follows from these. The order is fixed: the same model gets the same sizes
 * everywhere.
 */
import { isComposed } from "./bind-dims.js";
import type { BoundDim } from "./lowered-model.js";

/** Sizes to try, in this order. */
export const TRIED_SIZES: readonly number[] = [256, 128, 64, 512, 1024, 32, 16, 8, 4, 2, 1];

/** The sizes of one trial, by dim. */
export type AssumedSizes = ReadonlyMap<string, number>;

/** The trials for a model whose dims have these sizes now; empty where every size was given. */
export function dimTrials(boundDims: readonly BoundDim[]): readonly AssumedSizes[] {
  const free = boundDims.filter(({ name, source }) => source !== "option" && !isComposed(name));
  const large = free.filter(({ size }) => size > 1);
  const varied = large.length > 0 ? large : free.filter(({ name }) => !/\[0\]$|batch/i.test(name));
  if (varied.length === 0) {
    return [];
  }
  return TRIED_SIZES.filter((tried) => varied.some(({ size }) => size !== tried)).map(
    (tried) => new Map(varied.map(({ name }) => [name, tried])),
  );
}
