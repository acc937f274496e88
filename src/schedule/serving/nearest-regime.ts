/**
 * The regime whose rates differ least from those observed, in shares of their sums; at a tie the first. `rates` by model, as
 * those of the regimes. Requires: there is a regime.
 */
export function nearestRegime<Regime extends { readonly rates: ArrayLike<number> }>(
  regimes: readonly Regime[],
  rates: ArrayLike<number>,
): Regime {
  let best = regimes[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const regime of regimes) {
    let distance = 0;
    for (let model = 0; model < rates.length; model++) {
      const sum = regime.rates[model]! + rates[model]!;
      distance += sum === 0 ? 0 : ((regime.rates[model]! - rates[model]!) / sum) ** 2;
    }
    if (distance < least) {
      least = distance;
      best = regime;
    }
  }
  return best;
}
