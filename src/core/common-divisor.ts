/** The greatest common divisor; that of 0 and a number is the number. Requires: integers of at least 0. */
export function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
