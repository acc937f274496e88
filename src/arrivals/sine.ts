/**
 * The sine of `turns` whole turns, within 1e-15, the same to the last bit on every machine: additions and
 * products in a fixed order. `Math.sin` may differ in its last bit between engines.
 */
export function sineOfTurns(turns: number): number {
  const part = turns - Math.floor(turns);
  const half = part < 0.5 ? part : part - 0.5;
  const quarter = half <= 0.25 ? half : 0.5 - half;
  const angle = quarter * 2 * Math.PI;
  const square = angle * angle;
  let sum = 0;
  for (let factor = 19; factor >= 1; factor -= 2) {
    sum = 1 - (square / ((factor + 1) * (factor + 2))) * sum;
  }
  return part < 0.5 ? angle * sum : -angle * sum;
}
