/** Colors of bars, boxes and curves: the same in both themes, each with dark text on it. */

/** Light enough for dark text (contrast above 7), and apart for people who see few colors. */
export const FILLS: readonly string[] = [
  "#7fb8ee",
  "#f5a962",
  "#8ed08a",
  "#e9a0c8",
  "#c5b3ec",
  "#e3cf65",
  "#79cdc6",
  "#c9b8a6",
];

/** The class of things of a color: colors repeat. */
export function colorClass(color: number): string {
  return `c${color % FILLS.length}`;
}
