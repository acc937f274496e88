/** The number nearest to `value` that has at most six significant digits: what files record of simulated figures. */
export function sixDigits(value: number): number {
  // 0 of either sign is 0 in JSON.
  return Number(value.toPrecision(6)) + 0;
}
