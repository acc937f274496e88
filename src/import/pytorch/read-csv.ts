/**
 * Schedules as `_load_csv` of PyTorch's pipelines reads them: a row per rank, a cell per step, without
 * a header; empty cells are steps in which nothing runs.
 */
import { csvCells, linesOf } from "../../core/csv-lines.js";
import { fail, ok, type Result } from "../../core/result.js";
import { shortened } from "../../core/shortened.js";
import { readingSource, type SourceFile, SourceProblem } from "../read-problem.js";
import { actionsIn } from "./action.js";
import type { RowCell, ScheduleRow } from "./schedule-row.js";

/** Most ranks: shapes have as many devices. */
export const MOST_RANKS = 512;

/** Most cells of a file: twice the block instances of the largest pipelines. */
const MOST_CELLS = 2_000_000;

const CELLS = "see docs/importing-schedules.md for what a cell may be";

/** Characters of a wrong cell that are quoted. */
const QUOTED = 40;

/**
 * The rows of a CSV file.
 *
 * Fails: `import-malformed` with line and column of the first cell that is not one.
 */
export function readCsv(file: SourceFile): Result<readonly ScheduleRow[]> {
  return readingSource(file, () => {
    const rows: ScheduleRow[] = [];
    let left = MOST_CELLS;
    for (const [line, words] of linesOf(file.text)) {
      if (rows.length === MOST_RANKS) {
        throw new SourceProblem(file, `line ${line}`, `is of more than ${MOST_RANKS} ranks`);
      }
      if (words.trim() === "") {
        throw new SourceProblem(file, `line ${line}`, "is empty: every line is a rank", CELLS);
      }
      const row = rowOf(file, line, csvCells(words, line, left));
      left -= row.cells.length;
      rows.push(row);
    }
    return rows.length === 0 ? fail([new SourceProblem(file, "", "is empty").failure]) : ok(rows);
  });
}

function rowOf(file: SourceFile, line: number, texts: readonly string[]): ScheduleRow {
  const cells: RowCell[] = [];
  const placeOf = (at: number): string => `line ${line}, column ${at}`;
  texts.forEach((text, index) => {
    const actions = actionsIn(text);
    if (typeof actions === "string") {
      const quoted = JSON.stringify(shortened(text.trim(), QUOTED));
      throw new SourceProblem(file, placeOf(index + 1), `${quoted} ${actions}`, CELLS);
    }
    if (actions.length > 0) {
      cells.push({ actions, at: index + 1 });
    }
  });
  return { path: file.path, cells, placeOf, place: `line ${line}` };
}

/** Characters of a text that are looked at for an action. */
const HEAD = 4000;

/** Whether a text is such a file, well formed or not: an action stands among its first cells. */
export function isScheduleCsv(text: string): boolean {
  const cells = text.slice(0, HEAD).split(/[,\n]/, HEAD / 2);
  return cells.some((cell) => {
    const actions = actionsIn(cell);
    return typeof actions !== "string" && actions.length > 0;
  });
}
