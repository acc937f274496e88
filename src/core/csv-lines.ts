/** Tables in CSV (RFC 4180), a row a line. */

/** A row with the line that it stands in, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A row that is not one. */
export class CsvError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Most cells of a row: tools have about twenty. */
const MAX_CELLS = 256;

/** The lines of a text, without their ends. */
export function* linesOf(text: string): Generator<readonly [number, string]> {
  let start = 0;
  for (let line = 1; start < text.length; line++) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    yield [line, text.slice(start, end > start && text[end - 1] === "\r" ? end - 1 : end)];
    start = end + 1;
  }
}

/** The cells of a line, at most `most`; `""` inside quotes is a quote. Throws `CsvError`. */
export function csvCells(text: string, line: number, most: number = MAX_CELLS): readonly string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (cells.length === most) {
      throw new CsvError(`has more than ${most} cells`, line);
    }
    if (text[at] === '"') {
      const [cell, next] = quotedCell(text, at, line);
      cells.push(cell);
      at = next;
    } else {
      const comma = text.indexOf(",", at);
      const end = comma === -1 ? text.length : comma;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) {
      return cells;
    }
    if (text[at] !== ",") {
      throw new CsvError("has something between a closing quote and the next comma", line);
    }
    at++;
  }
}

function quotedCell(text: string, start: number, line: number): readonly [string, number] {
  let cell = "";
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) {
      throw new CsvError("ends inside quotes", line);
    }
    cell += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      return [cell, quote + 1];
    }
    cell += '"';
    at = quote + 2;
  }
}

/** A table: its header, and its rows, each read when it is asked for. */
export interface CsvTable {
  readonly columns: readonly string[];
  /** Line of the header. */
  readonly line: number;
  /** Throws `CsvError` for a row with another number of cells than the header. */
  readonly rows: Iterable<CsvRow>;
}

/**
 * The first table whose header begins as wanted; notices may stand before it, and it ends with an empty
 * line. `undefined`: there is none. Lines of which `isComment` are passed over.
 */
export function csvTable(
  text: string,
  beginning: RegExp,
  isComment: (line: string) => boolean = () => false,
): CsvTable | undefined {
  const lines = linesOf(text);
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    const [line, words] = next.value;
    if (beginning.test(words)) {
      const columns = csvCells(words, line).map((cell) => cell.trim());
      return { columns, line, rows: rowsOf(lines, columns.length, isComment) };
    }
  }
  return undefined;
}

function* rowsOf(
  lines: Generator<readonly [number, string]>,
  width: number,
  isComment: (line: string) => boolean,
): Generator<CsvRow> {
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    const [line, words] = next.value;
    if (words.trim() === "") {
      return;
    }
    if (!isComment(words)) {
      const cells = csvCells(words, line);
      if (cells.length !== width) {
        throw new CsvError(`has ${cells.length} cells, the header has ${width}`, line);
      }
      yield { line, cells };
    }
  }
}
