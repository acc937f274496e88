/** Compares the rows of an `imported` section with the files that they were imported from, where these are. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { ImportedSection } from "../artifact/imported-section.js";
import { sha256 } from "../core/digest.js";
import { readText } from "../core/files.js";
import { cellOf } from "../import/pytorch/action.js";
import type { SourceFile } from "../import/read-problem.js";
import { readSchedule } from "../import/read-schedule.js";
import type { PlacementOrigin } from "./placement-problems.js";

/** Longest file that is read, as when importing. */
const MAX_BYTES: number = 256 << 20;

/**
 * What contradicts the files, and what could not be compared: files that are not in the folder of the artifact in
 * `file` as they were, or that are packed.
 */
export function importedFileProblems(
  { provenance, imported }: ScheduleArtifact,
  file: string,
): PlacementOrigin {
  if (imported === undefined) {
    return { problems: [], notes: [] };
  }
  const inputs = provenance.inputs.filter(({ role }) => role === "schedule");
  const files = inputs.map(({ name, sha256: digest }) =>
    fileWith(join(dirname(file), name), digest),
  );
  const lost = inputs.find((_, at) => files[at] === undefined);
  if (lost !== undefined) {
    const note = `its rows were not compared with "${lost.name}", which is not in the folder of the schedule as plain text`;
    return { problems: [], notes: [note] };
  }
  const sources = files.filter((each) => each !== undefined);
  const { chains } = provenance.options;
  const read = readSchedule(sources, Number.isSafeInteger(chains) ? Number(chains) : undefined);
  const isSame =
    read.ok &&
    read.value.format === imported.format &&
    JSON.stringify(rowsOf(imported)) ===
      JSON.stringify(
        read.value.rows.map(({ cells }, rank) => [
          cells.map(({ actions }) => cellOf(actions)),
          read.ok && read.value.format !== "top-compile-trace" && read.value.times?.[rank],
        ]),
      );
  return {
    problems: isSame
      ? []
      : ["/imported/rows are not those of the files that they were imported from"],
    notes: [],
  };
}

function rowsOf({ rows }: ImportedSection): readonly unknown[] {
  return rows.map(({ actions, startNs, endNs }) => [
    actions,
    startNs === undefined ? undefined : { startNs, endNs },
  ]);
}

/** A file with its text, if it is there and has the digest. */
function fileWith(path: string, digest: string): SourceFile | undefined {
  if (!existsSync(path)) {
    return undefined;
  }
  const text = readText(path, MAX_BYTES);
  return text.ok && sha256(text.value) === digest ? { path, text: text.value } : undefined;
}
