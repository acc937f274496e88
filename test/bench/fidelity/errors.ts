import { median, rankCorrelation } from "../../../src/core/statistics.js";

/** How far predictions are from measurements. */
export interface Errors {
  readonly count: number;
  /** Median of |predicted / measured - 1|. */
  readonly error: number;
  /** Median of predicted / measured: below 1, predicted too fast. */
  readonly bias: number;
  /** Mean of |ln(predicted / measured)|. */
  readonly log: number;
  /** Spearman's rank correlation; absent where it is not defined. */
  readonly rank: number | undefined;
}

/** The errors of some pairs. Requires: at least one. */
export function errorsOf(
  pairs: readonly { readonly predicted: number; readonly measured: number }[],
): Errors {
  const ratios = pairs.map(({ predicted, measured }) => predicted / measured);
  return {
    count: pairs.length,
    error: median(ratios.map((ratio) => Math.abs(ratio - 1))),
    bias: median(ratios),
    log: ratios.reduce((sum, ratio) => sum + Math.abs(Math.log(ratio)), 0) / pairs.length,
    rank: rankCorrelation(
      pairs.map(({ predicted }) => predicted),
      pairs.map(({ measured }) => measured),
    ),
  };
}
