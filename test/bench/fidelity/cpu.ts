/** What `npm run bench:cpu-fidelity` recorded, as a section of docs/fidelity.md. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Errors, errorsOf } from "./errors.js";

/** The file that the bench writes. */
export const CPU_RECORD: string = resolve("fixtures/measured/cpu-schedules.json");

/** Predictions and measurements of one machine. */
export interface CpuRecord {
  readonly machine: {
    readonly processor: string;
    readonly logicalCores: number;
    readonly architecture: string;
    readonly node: string;
    readonly onnxruntime: string;
  };
  readonly models: readonly {
    readonly name: string;
    readonly operators: number;
    /** Share of a core that other programs took while the profile was measured. */
    readonly othersShare: number;
    readonly schedules: readonly {
      readonly algorithm: string;
      readonly streams: number;
      readonly segments: number;
      readonly predictedNs: number;
      readonly measuredNs: number;
    }[];
  }[];
}

type Row = CpuRecord["models"][number]["schedules"][number];

/** The record; absent: none was made. */
export function readCpuRecord(): CpuRecord | undefined {
  return existsSync(CPU_RECORD)
    ? (JSON.parse(readFileSync(CPU_RECORD, "utf8")) as CpuRecord)
    : undefined;
}

/** The errors of some schedules. */
export function errorsOfRows(rows: readonly Row[]): Errors {
  return errorsOf(
    rows.map(({ predictedNs, measuredNs }) => ({ predicted: predictedNs, measured: measuredNs })),
  );
}

/** The section: what was compared, a table by model, and all schedules together. */
export function cpuSection({ machine, models }: CpuRecord): readonly string[] {
  const { processor, logicalCores, node, onnxruntime } = machine;
  const all = models.flatMap(({ schedules }) => schedules);
  const onWorkers = all.filter(({ streams }) => streams > 1);
  const random = all.filter(({ algorithm }) => algorithm === "random");
  return [
    "## Schedules on a CPU",
    "",
    "Measured by this project: `npm run bench:cpu-fidelity` measures a profile of each model, predicts schedules",
    "from it, and runs them in rotation in the same session: the sequential one, those of the algorithms, and",
    "six random ones of each model (any order, any worker, from hardly any to very many crossings), on two",
    `workers. Machine: ${processor}, ${logicalCores} cores, Node ${node}, ONNX Runtime ${onnxruntime}. The four small`,
    "models are made by the bench and have operators of 2 to 100 us; the others are fixtures. Medians of runs at raised priority;",
    "rounds during which other programs took part of a core are left out while time allows. *others*: the share of",
    "a core that they took while the profile was measured; above 0.1 the costs of workers in it are disturbed.",
    "Inferences of less than a millisecond over two workers are predicted too fast, some by half; why is",
    "not known.",
    "",
    "| model | operators | others | schedules | one thread | shortest to longest | median error | bias | rank |",
    "|---|---|---|---|---|---|---|---|---|",
    ...models.map(({ name, operators, othersShare, schedules }) => {
      const { count, error, bias, rank } = errorsOfRows(schedules);
      const times = schedules.map(({ measuredNs }) => measuredNs);
      const alone = schedules.find(({ streams }) => streams === 1)?.measuredNs ?? 0;
      const range = `${duration(Math.min(...times))} to ${duration(Math.max(...times))}`;
      const cells = [name, operators, othersShare.toFixed(2), count, duration(alone), range];
      return `| ${[...cells, percent(error), bias.toFixed(2), rank?.toFixed(2) ?? "-"].join(" | ")} |`;
    }),
    ...[
      ["all", all],
      ["on two workers", onWorkers],
      ["random", random],
    ].map(([label, rows]) => totalRow(label as string, rows as readonly Row[])),
  ];
}

function totalRow(label: string, rows: readonly Row[]): string {
  const { count, error, bias, rank } = errorsOfRows(rows);
  const cells = [`*${label}*`, "", "", count, "", "", percent(error), bias.toFixed(2)];
  return `| ${[...cells, rank?.toFixed(2) ?? "-"].join(" | ")} |`;
}

function duration(ns: number): string {
  return ns < 1e6 ? `${Math.round(ns / 1e3)} us` : `${(ns / 1e6).toFixed(1)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
