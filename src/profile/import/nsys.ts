/**
 * Statistics of Nsight Systems: `nsys stats -r cuda_gpu_trace,nvtx_gpu_proj_trace -f csv`.
 *
 * A kernel belongs to the innermost range of NVTX that holds it and names a node: TensorRT names its
 * layers so. Every range is one run of what it names.
 */

import { type CsvRow, type CsvTable, csvTable } from "../../core/csv-lines.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  MAX_EVENTS,
  readingSource,
  type SourceFile,
  SourceProblem,
} from "../../import/read-problem.js";
import { timingOf } from "../timing.js";
import { commonLaunches } from "./common-launches.js";
import { importFilesConflict, importNothingMeasured } from "./failures.js";
import type {
  ImportedKernel,
  ImportedLaunch,
  ImportedPart,
  ImportedSource,
} from "./imported-part.js";
import { namesInLayer } from "./layer-names.js";
import { noteOnOverlap } from "./note-on-overlap.js";

/** How the header of a table of kernels begins, with the unit of its times. */
export const NSYS_KERNELS: RegExp = /^"?Start \((\w+|µs)\)"?,/;
/** How the header of a table of ranges begins. */
export const NSYS_RANGES: RegExp = /^"?Name"?,"?Projected Start \((\w+|µs)\)"?,/;

const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["sec", 1e9],
]);

/** Bytes of the units of memory. */
const BYTES: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KB", 1e3],
  ["KiB", 1024],
  ["MB", 1e6],
  ["MiB", 1 << 20],
]);

interface TimedKernel {
  readonly startNs: number;
  readonly endNs: number;
  readonly stream: string;
  readonly kernel: ImportedKernel;
}

interface Range {
  readonly name: string;
  readonly startNs: number;
  readonly endNs: number;
}

/**
 * Reads kernels and ranges, from one file that holds both tables or from two.
 * `isNode` says whether a name is of a node of the model.
 *
 * Fails: `import-malformed`, `import-files-conflict`, `import-nothing-measured`.
 */
export function readNsys(
  kernelFile: SourceFile,
  rangeFile: SourceFile,
  isNode: (name: string) => boolean,
): Result<ImportedSource> {
  const kernels = readingSource(kernelFile, () => kernelsIn(kernelFile));
  if (!kernels.ok) {
    return kernels;
  }
  const ranges = readingSource(rangeFile, () => rangesIn(rangeFile));
  if (!ranges.ok) {
    return ranges;
  }
  const { list, deviceName } = kernels.value;
  const parts = readingSource(rangeFile, () => ok(partsOf(list, ranges.value, isNode, rangeFile)));
  if (!parts.ok) {
    return parts;
  }
  const totalNs = list.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  return ok({
    tool: "nsys",
    measuredBy: "Nsight Systems",
    kind: "gpu",
    ...(deviceName === undefined ? {} : { deviceName }),
    resolutionNs: 1,
    includesGaps: false,
    hasQuantiles: true,
    threads: 1,
    parts: parts.value,
    totalNs,
    notes: noteOnOverlap(list),
  });
}

/** Reads a column by its name; a column with a unit, such as `Duration (ns)`, as the number that the unit makes of it. */
class Columns {
  readonly #file: SourceFile;
  readonly #at = new Map<string, number>();
  readonly #factor = new Map<string, number>();

  constructor(file: SourceFile, { columns, line }: CsvTable, wanted: readonly string[]) {
    this.#file = file;
    for (const [index, column] of columns.entries()) {
      const [, name = column, unit = ""] = /^(.*?)(?: \((\S+)\))?$/.exec(column) ?? [];
      this.#at.set(name, index);
      this.#factor.set(name, UNITS.get(unit) ?? BYTES.get(unit) ?? 1);
    }
    const missing = wanted.find((name) => !this.#at.has(name));
    if (missing !== undefined) {
      throw new SourceProblem(file, `line ${line}`, `has no column "${missing}"`);
    }
  }

  text({ cells }: CsvRow, name: string): string {
    return cells[this.#at.get(name) ?? -1]?.trim() ?? "";
  }

  number(row: CsvRow, name: string): number {
    const text = this.text(row, name);
    const value = text === "" ? Number.NaN : Number(text);
    const scaled = Math.round(value * (this.#factor.get(name) ?? 1));
    if (!(scaled >= 0 && scaled <= Number.MAX_SAFE_INTEGER)) {
      throw new SourceProblem(
        this.#file,
        `line ${row.line}, ${name}`,
        "must be a number of 0 or more",
      );
    }
    return scaled;
  }
}

const KERNEL_COLUMNS = [
  "Start",
  "Duration",
  "GrdX",
  "GrdY",
  "GrdZ",
  "BlkX",
  "BlkY",
  "BlkZ",
  "Name",
];

function kernelsIn(
  file: SourceFile,
): Result<{ readonly list: readonly TimedKernel[]; readonly deviceName: string | undefined }> {
  const table = csvTable(file.text, NSYS_KERNELS);
  if (table === undefined) {
    return fail([importFilesConflict(file.path, "has no table of kernels (cuda_gpu_trace)")]);
  }
  const columns = new Columns(file, table, KERNEL_COLUMNS);
  const known = new Map<string, ImportedKernel>();
  const list: TimedKernel[] = [];
  let deviceName: string | undefined;
  for (const row of table.rows) {
    // Copies and fills have no grid.
    if (columns.text(row, "GrdX") === "") {
      continue;
    }
    if (list.length === MAX_EVENTS) {
      throw new SourceProblem(file, `line ${row.line}`, `is beyond ${MAX_EVENTS} kernels`);
    }
    deviceName ??= columns.text(row, "Device") || undefined;
    const kernel = kernelIn(columns, row);
    const key = JSON.stringify(kernel);
    const startNs = columns.number(row, "Start");
    list.push({
      startNs,
      endNs: startNs + columns.number(row, "Duration"),
      stream: columns.text(row, "Strm"),
      kernel: known.get(key) ?? kernel,
    });
    known.set(key, known.get(key) ?? kernel);
  }
  return list.some(({ startNs, endNs }) => endNs > startNs)
    ? ok({ list: list.sort((a, b) => a.startNs - b.startNs || a.endNs - b.endNs), deviceName })
    : fail([importNothingMeasured(file.path, "kernel that takes time")]);
}

function kernelIn(columns: Columns, row: CsvRow): ImportedKernel {
  const optional = (name: string): number | undefined =>
    columns.text(row, name) === "" ? undefined : columns.number(row, name);
  const extents = (axes: readonly string[]): readonly number[] =>
    axes.map((axis) => Math.max(1, columns.number(row, axis)));
  const registers = optional("Reg/Trd");
  const fixed = optional("StcSMem");
  const dynamic = optional("DymSMem");
  return {
    name: columns.text(row, "Name") || "kernel",
    grid: extents(["GrdX", "GrdY", "GrdZ"]),
    threadBlock: extents(["BlkX", "BlkY", "BlkZ"]),
    ...(registers === undefined ? {} : { registersPerThread: registers }),
    ...(fixed === undefined && dynamic === undefined
      ? {}
      : { sharedBytesPerBlock: (fixed ?? 0) + (dynamic ?? 0) }),
  };
}

function rangesIn(file: SourceFile): Result<readonly Range[]> {
  const table = csvTable(file.text, NSYS_RANGES);
  if (table === undefined) {
    return fail([importFilesConflict(file.path, "has no table of ranges (nvtx_gpu_proj_trace)")]);
  }
  const columns = new Columns(file, table, ["Name", "Projected Start", "Projected Duration"]);
  const ranges: Range[] = [];
  for (const row of table.rows) {
    if (ranges.length === MAX_EVENTS) {
      throw new SourceProblem(file, `line ${row.line}`, `is beyond ${MAX_EVENTS} ranges`);
    }
    const startNs = columns.number(row, "Projected Start");
    const endNs = startNs + columns.number(row, "Projected Duration");
    ranges.push({ name: columns.text(row, "Name"), startNs, endNs });
  }
  return ok(ranges);
}

/** Nodes that a range may name: its name, with or without the domain in front. */
function namesOfRange(name: string): readonly (readonly string[])[] {
  const colon = name.indexOf(":");
  return [...namesInLayer(name), ...(colon < 0 ? [] : namesInLayer(name.slice(colon + 1)))];
}

interface OpenRange extends Range {
  readonly kernels: TimedKernel[];
}

/** Deepest nesting of ranges: frameworks have about twenty. */
const MAX_NESTING = 256;

/** Kernels and ranges by start, one sweep over both. Cost: O(n log n), times the nesting of ranges. */
function partsOf(
  kernels: readonly TimedKernel[],
  ranges: readonly Range[],
  isNode: (name: string) => boolean,
  file: SourceFile,
): readonly ImportedPart[] {
  const named = new Map<string, boolean>();
  const isNamed = (name: string): boolean => {
    const known = named.get(name) ?? namesOfRange(name).flat().some(isNode);
    named.set(name, known);
    return known;
  };
  const sorted = ranges
    .filter(({ name }) => isNamed(name))
    .sort((a, b) => a.startNs - b.startNs || b.endNs - a.endNs);
  const instances = new Map<string, OpenRange[]>();
  const open: OpenRange[] = [];
  const stray = new Map<string, number[]>();
  let next = 0;
  for (const kernel of kernels) {
    for (
      let range = sorted[next];
      range !== undefined && range.startNs <= kernel.startNs;
      range = sorted[++next]
    ) {
      const opened: OpenRange = { ...range, kernels: [] };
      open.push(opened);
      listIn(instances, range.name).push(opened);
    }
    for (let at = open.length - 1; at >= 0; at--) {
      if ((open[at] as OpenRange).endNs <= kernel.startNs) {
        open.splice(at, 1);
      }
    }
    if (open.length > MAX_NESTING) {
      throw new SourceProblem(file, "ranges", `are nested more than ${MAX_NESTING} deep`);
    }
    const inner = open.findLast(({ endNs }) => kernel.endNs <= endNs);
    if (inner === undefined) {
      listIn(stray, kernel.kernel.name).push(spanOf(kernel));
    } else {
      inner.kernels.push(kernel);
    }
  }
  return [
    ...[...instances].flatMap(([name, list]) => namedPart(name, list)),
    ...[...stray].map(([label, times]) => strayPart(label, times)),
  ];
}

function listIn<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

function namedPart(name: string, list: readonly OpenRange[]): readonly ImportedPart[] {
  const runs = list.map(({ kernels }) => kernels).filter((kernels) => kernels.length > 0);
  if (runs.length === 0) {
    return [];
  }
  const samples = runs.map((kernels) => kernels.reduce((sum, each) => sum + spanOf(each), 0));
  const wholeNs = samples.reduce((sum, ns) => sum + ns, 0);
  const timing = timingOf(samples);
  return [
    { label: name, readings: namesOfRange(name), timing, wholeNs, launches: launchesOf(runs) },
  ];
}

function spanOf({ startNs, endNs }: TimedKernel): number {
  return endNs - startNs;
}

function launchesOf(runs: readonly (readonly TimedKernel[])[]): readonly ImportedLaunch[] {
  return commonLaunches(
    runs.map((kernels) => kernels.map((each) => ({ ns: spanOf(each), kernel: each.kernel }))),
  );
}

/** Kernels outside of all named ranges: their time is of no operator. */
function strayPart(label: string, timesNs: readonly number[]): ImportedPart {
  const total = timesNs.reduce((sum, ns) => sum + ns, 0);
  const timing = { medianNs: total, p10Ns: total, p90Ns: total, samples: timesNs.length };
  return { label, readings: [], timing, wholeNs: total, launches: [] };
}
