/** Schedules in every format that is read: which it is, is told by the content. */
import { beginsAs } from "../core/json-items.js";
import { fail, ok, type Result } from "../core/result.js";
import { importSchedulesConflict, importScheduleUnknown } from "./failures.js";
import { isOwnTrace, type OwnTrace, ownTraceIn } from "./own-trace.js";
import { isScheduleCsv, readCsv } from "./pytorch/read-csv.js";
import { readTraces } from "./pytorch/read-trace.js";
import { readingSource, type SourceFile } from "./read-problem.js";
import type { ReadSchedule } from "./schedule-record.js";

/**
 * Reads the files of one schedule, of stages in `chains` chains.
 *
 * Fails: `import-schedule-unknown`, `import-schedules-conflict`, `import-malformed`, and what the reader of the format
 * fails with.
 */
export function readSchedule(
  files: readonly SourceFile[],
  chains: number = 1,
): Result<ReadSchedule | OwnTrace> {
  const [file, second] = files;
  if (file === undefined) {
    return fail([importSchedulesConflict("", "no file was given")]);
  }
  if (beginsAs(file.text) === "other" && isScheduleCsv(file.text)) {
    const rows = second === undefined ? readCsv(file) : undefined;
    const message = "is a second schedule: a file in CSV has the rows of all ranks";
    if (rows === undefined) {
      return fail([importSchedulesConflict(second?.path ?? "", message)]);
    }
    return rows.ok ? ok({ format: "pytorch-csv", rows: rows.value, notes: [] }) : rows;
  }
  if (isTrace(file.text) && isOwnTrace(file.text)) {
    const message = "is a second file: a trace of top-compile is a whole schedule";
    return second === undefined
      ? readingSource(file, () => ok(ownTraceIn(file)))
      : fail([importSchedulesConflict(second.path, message)]);
  }
  const other = files.find(({ text }) => !isTrace(text));
  return other === undefined
    ? readTraces(files, chains)
    : fail([importScheduleUnknown(other.path)]);
}

function isTrace(text: string): boolean {
  return beginsAs(text) === "object" && /"traceEvents"\s*:/.test(text);
}
