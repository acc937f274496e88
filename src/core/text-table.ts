/** Alignment of a column. */
export type Align = "left" | "right";

/**
 * Rows as aligned columns separated by two spaces, header first, without trailing blanks.
 *
 * Requires: every row has as many cells as `header`. A column without alignment is `left`.
 */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        align[column] === "right"
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [header, ...rows].map(line).join("\n");
}
