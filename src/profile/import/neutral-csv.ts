/**
 * The neutral table, which any tool can be adapted to: a row for each operator, or for each kernel of it.
 * docs/importing-profiles.md has the columns.
 */

import { type CsvRow, type CsvTable, csvTable, linesOf } from "../../core/csv-lines.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  MAX_EVENTS,
  readingSource,
  type SourceFile,
  SourceProblem,
  timeIn,
} from "../../import/read-problem.js";
import type { Timing } from "../profile.js";
import { importNothingMeasured } from "./failures.js";
import type { ImportedKernel, ImportedPart, ImportedSource } from "./imported-part.js";
import { namesInLayer } from "./layer-names.js";

/** How the header of a neutral table begins. */
export const NEUTRAL_HEADER: RegExp = /^\s*"?operator"?\s*,/;

const COLUMNS = [
  "operator",
  "medianNs",
  "p10Ns",
  "p90Ns",
  "samples",
  "kernel",
  "gridX",
  "gridY",
  "gridZ",
  "blockX",
  "blockY",
  "blockZ",
  "registers",
  "shared",
] as const;

type Column = (typeof COLUMNS)[number];

const MAX_SAMPLES = 1e9;

/** Reads a neutral table. Fails: `import-malformed`, `import-nothing-measured`. */
export function readNeutralCsv(file: SourceFile): Result<ImportedSource> {
  return readingSource(file, () => {
    const table = csvTable(file.text, NEUTRAL_HEADER, (line) => line.startsWith("#"));
    if (table === undefined) {
      return fail([importNothingMeasured(file.path, "header that begins with operator")]);
    }
    const read = reader(file, table);
    const parts: ImportedPart[] = [];
    for (const row of table.rows) {
      if (parts.length === MAX_EVENTS) {
        throw new SourceProblem(file, `line ${row.line}`, `is beyond ${MAX_EVENTS} rows`);
      }
      parts.push(read(row));
    }
    const totalNs = parts.reduce((sum, { timing }) => sum + timing.medianNs, 0);
    return totalNs === 0
      ? fail([importNothingMeasured(file.path, "row that takes time")])
      : ok({
          tool: "csv",
          measuredBy: commentOf(file.text, "tool") ?? "a tool that is not named",
          kind: "any",
          ...deviceOf(file.text),
          resolutionNs: 1,
          includesGaps: false,
          hasQuantiles: table.columns.includes("p10Ns") && table.columns.includes("p90Ns"),
          threads: 1,
          parts,
          totalNs,
          notes: [],
        });
  });
}

function deviceOf(text: string): { readonly deviceName?: string } {
  const deviceName = commentOf(text, "device");
  return deviceName === undefined ? {} : { deviceName };
}

/** What a comment before the header says: `# tool: my-profiler 1.2`. */
function commentOf(text: string, word: string): string | undefined {
  for (const [, line] of linesOf(text)) {
    if (NEUTRAL_HEADER.test(line)) {
      return undefined;
    }
    const [, key, value = ""] = /^#\s*(\w+)\s*:\s*(\S.{0,199})$/.exec(line) ?? [];
    if (key === word) {
      return value.trim();
    }
  }
  return undefined;
}

/** Reads the rows of a table whose columns are known. Throws `SourceProblem` for others. */
function reader(file: SourceFile, { columns, line }: CsvTable): (row: CsvRow) => ImportedPart {
  const unknown = columns.find((column) => !(COLUMNS as readonly string[]).includes(column));
  if (unknown !== undefined || new Set(columns).size < columns.length) {
    const words =
      unknown === undefined ? "has a column twice" : `has an unknown column "${unknown}"`;
    throw new SourceProblem(file, `line ${line}`, `${words}; known are ${COLUMNS.join(", ")}`);
  }
  if (!columns.includes("medianNs")) {
    throw new SourceProblem(file, `line ${line}`, "has no column medianNs");
  }
  const at = new Map(columns.map((column, index) => [column, index]));
  return (row) => {
    const cell = (column: Column): string => row.cells[at.get(column) ?? -1]?.trim() ?? "";
    const place = `line ${row.line}`;
    const number = (column: Column): number | undefined => {
      const text = cell(column);
      if (text === "") {
        return undefined;
      }
      if (!/^\d{1,15}(?:\.\d{1,15})?(?:[eE]\+?\d)?$/.test(text)) {
        throw new SourceProblem(file, `${place}, ${column}`, "must be a number of 0 or more");
      }
      return Number(text);
    };
    const name = cell("operator");
    const timing = timingOfRow(file, place, number);
    const kernel = kernelOfRow(cell("kernel") || name, number);
    return {
      label: name || "(no operator)",
      readings: name === "" ? [] : namesInLayer(name),
      timing,
      wholeNs: timing.medianNs,
      launches: kernel === undefined ? [] : [{ kernel, timing }],
    };
  };
}

type NumberIn = (column: Column) => number | undefined;

function timingOfRow(file: SourceFile, place: string, number: NumberIn): Timing {
  const time = (column: Column, usual?: number): number =>
    timeIn(file, `${place}, ${column}`, number(column) ?? usual, 1);
  const medianNs = time("medianNs");
  const p10Ns = time("p10Ns", medianNs);
  const p90Ns = time("p90Ns", medianNs);
  if (p10Ns > medianNs || medianNs > p90Ns) {
    throw new SourceProblem(file, place, "must have p10Ns <= medianNs <= p90Ns");
  }
  const samples = Math.round(number("samples") ?? 1);
  if (samples < 1 || samples > MAX_SAMPLES) {
    throw new SourceProblem(file, `${place}, samples`, `must be from 1 to ${MAX_SAMPLES}`);
  }
  return { medianNs, p10Ns, p90Ns, samples };
}

/** The kernel of a row that says anything of one. */
function kernelOfRow(name: string, number: NumberIn): ImportedKernel | undefined {
  const extents = (axes: readonly [Column, Column, Column]): readonly number[] | undefined => {
    const [x, y, z] = axes.map(number);
    return x === undefined || x < 1 ? undefined : [x, y || 1, z || 1].map(Math.round);
  };
  const grid = extents(["gridX", "gridY", "gridZ"]);
  const threadBlock = extents(["blockX", "blockY", "blockZ"]);
  const registers = number("registers");
  const shared = number("shared");
  return grid === undefined && threadBlock === undefined && registers === undefined
    ? undefined
    : {
        name,
        ...(grid === undefined ? {} : { grid }),
        ...(threadBlock === undefined ? {} : { threadBlock }),
        ...(registers === undefined ? {} : { registersPerThread: Math.round(registers) }),
        ...(shared === undefined ? {} : { sharedBytesPerBlock: Math.round(shared) }),
      };
}
