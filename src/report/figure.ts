/** Three digits, or all of a larger whole number; what rounds to nothing is 0. */
export function figure(value: number): string {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
  return Number(text) === 0 ? "0" : text.replace(/\.0+$/, "");
}

/** What was given, such as a rate or a span: as `figure`, but never 0 unless it is. */
export function givenFigure(value: number): string {
  return Math.abs(value) < 0.01 ? String(Number(value.toPrecision(3))) : figure(value);
}
