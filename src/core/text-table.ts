import { shortened } from "./shortened.js";

/**
 * The layout of a column; `name`: left-aligned, and shortened in the middle where it is too wide.
 */
export type Align = "left" | "right" | "name";

/** A table before it is laid out. */
export interface Table {
  readonly header: readonly string[];
  /** As many cells as `header` each. */
  readonly rows: readonly (readonly string[])[];
  /** By column; a column without one is `left`. */
  readonly align: readonly Align[];
}

/** Spaces between columns. */
const GAP = "  ";

/** Fewest characters that a name is shortened to. */
const LEAST_NAME = 8;

/** As `textTable`. */
export function renderTable({ header, rows, align }: Table, columns: number): string {
  return textTable(header, rows, align, columns);
}

/**
 * Rows as aligned columns separated by two spaces, header first, without trailing blanks.
 *
 * In a table wider than `columns` the names are shortened, widest first; where that is not enough,
 * the last columns follow in a table of their own below, with the first column again. Figures are
 * never cut. Requires: every row has as many cells as `header`. A column without alignment is `left`.
 */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
  columns: number = Number.POSITIVE_INFINITY,
): string {
  const widest = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const least = widest.map((width, column) =>
    align[column] === "name"
      ? Math.min(width, Math.max(LEAST_NAME, header[column]?.length ?? 0))
      : width,
  );
  return bandsOf(least, columns)
    .map((band) => bandText([header, ...rows], align, { band, widest, least, columns }))
    .join("\n\n");
}

/** The columns of one table: the first one, and as many others as fit. */
function bandsOf(least: readonly number[], columns: number): readonly (readonly number[])[] {
  const first = least[0] ?? 0;
  const bands: number[][] = [[0]];
  let width = first;
  for (let column = 1; column < least.length; column++) {
    const more = GAP.length + (least[column] ?? 0);
    const isAlone = bands.at(-1)?.length === 1;
    if (width + more > columns && !isAlone) {
      bands.push([0]);
      width = first;
    }
    bands.at(-1)?.push(column);
    width += more;
  }
  return bands;
}

interface Band {
  readonly band: readonly number[];
  readonly widest: readonly number[];
  readonly least: readonly number[];
  readonly columns: number;
}

function bandText(
  lines: readonly (readonly string[])[],
  align: readonly Align[],
  { band, widest, least, columns }: Band,
): string {
  const widths = band.map((column) => widest[column] ?? 0);
  const floors = band.map((column) => least[column] ?? 0);
  shrink(widths, floors, columns - GAP.length * (band.length - 1));
  return lines
    .map((row) =>
      band
        .map((column, at) => {
          const width = widths[at] ?? 0;
          const cell = shortened(row[column] ?? "", width);
          return align[column] === "right" ? cell.padStart(width) : cell.padEnd(width);
        })
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}

/** Narrows the widest column that can be shortened until all fit in `room` or none can be. */
function shrink(widths: number[], floors: readonly number[], room: number): void {
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    const able = widths.map((width, at) => (width > (floors[at] ?? 0) ? width : -1));
    const at = able.indexOf(Math.max(...able));
    if ((able[at] ?? -1) < 0) {
      return;
    }
    widths[at] = (widths[at] ?? 0) - 1;
    over--;
  }
}
