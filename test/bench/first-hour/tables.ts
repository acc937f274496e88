/**
 * The tables of docs/benchmarks.md from the results of a first hour, printed as Markdown.
 *
 *     npm run gpu:tables -- results/first-hour.json [FURTHER...]
 *
 * Every table stands under its device, driver, libraries, clocks and number of samples.
 */
import { readFileSync } from "node:fs";
import type { GpuProfile } from "../../../dist/profile/gpu/gpu-profile.js";
import { type MeasuredModel, tableOf } from "../gpu-report.js";
import type { StepReport } from "./run-step.js";

const [, , ...given] = process.argv;
const hours = (given.length === 0 ? ["results/first-hour.json"] : given).map(read);
const tables = hours.flatMap(({ steps }) =>
  steps.flatMap(({ results }) => Object.values(results).flatMap(benchTable)),
);
const measured = hours.flatMap(({ profiles }) => profiles);
const further = [...launchTable(measured), ...layoutTable(measured)];
console.log([...tables, ...further].join("\n\n") || "not measured");

/** The results of a first hour. Throws: the file is something else. */
function read(file: string): Hour {
  const hour = JSON.parse(readFileSync(file, "utf8"));
  if (hour.format !== "top-compile/first-hour") {
    throw new Error(`${file} is not the result of a first hour`);
  }
  return hour;
}

interface Hour {
  readonly steps: readonly StepReport[];
  readonly profiles: readonly GpuProfile[];
}

/** What launching costs, by model and precision: the same device, measured again and again. */
function launchTable(all: readonly GpuProfile[]): readonly string[] {
  const rows = all.map(({ model, key, device, launchCosts }) => {
    const { chainNs, insideNs, gapNs, hopNs, pairNs, dispatchNs, forks = [] } = launchCosts;
    const widths = forks.map(({ branches, ns }) => `${branches}: ${ns}`).join(", ");
    const steps = [chainNs, insideNs, gapNs, hopNs, dispatchNs, pairNs];
    const cells = [model, key.precision, device.connections, ...steps];
    return `| ${[...cells, widths].map((each) => each ?? "not measured").join(" | ")} |`;
  });
  return rows.length === 0
    ? []
    : [
        [
          "Launching inside a CUDA graph, nanoseconds, with kernels that do nothing; medians of 11 samples.",
          "",
          "| measured with | math | queues | step | inside of a kernel | gap behind it | hop | start of a kernel | fork and join of two | a fork and a join by width |",
          "|---|---|---|---|---|---|---|---|---|---|",
          ...rows,
        ].join("\n"),
      ];
}

/** What models take on one stream in both layouts of their convolutions. */
function layoutTable(all: readonly GpuProfile[]): readonly string[] {
  const rows = all.flatMap(({ model, key, layouts }) => {
    const { taken = "", rowsNs, channelsLastNs } = layouts ?? {};
    const us = [rowsNs, channelsLastNs].map((ns) => ((ns ?? 0) / 1000).toFixed(1));
    return layouts === undefined
      ? []
      : [`| ${[model, key.precision, ...us, taken.replace("-", " ")].join(" | ")} |`];
  });
  return rows.length === 0
    ? []
    : [
        [
          "One stream in a CUDA graph, microseconds; medians of 31 samples.",
          "",
          "| model | math | rows | channels last | program |",
          "|---|---|---|---|---|",
          ...rows,
        ].join("\n"),
      ];
}

/** The table of a bench, if it is one that measured anything. */
function benchTable(result: unknown): readonly string[] {
  const { rows = [] } = (result ?? {}) as { readonly rows?: readonly (MeasuredModel | Failed)[] };
  const measured = rows.filter((row): row is MeasuredModel => "sequentialNs" in row);
  const failed = rows.filter((row): row is Failed => "failed" in row);
  const [first] = measured;
  return first === undefined
    ? []
    : [
        [
          captionOf(first, measured),
          "",
          tableOf(measured),
          ...failed.map((row) => `\nNot measured: ${row.model} (${row.failed}).`),
        ].join("\n"),
      ];
}

interface Failed {
  readonly model: string;
  readonly failed: string;
}

function captionOf(
  { device, driver, libraries, precision, fuse, rounds, connections }: MeasuredModel,
  all: readonly MeasuredModel[],
): string {
  const clocks = all.flatMap(({ clockMhz }) => clockMhz);
  return [
    `${device}, CUDA ${driver} (driver), ${libraries.join(", ")};`,
    `--math ${precision} --fuse ${fuse}; ${connections ?? "unknown"} hardware queues; ${rounds} samples each,`,
    `${Math.min(...clocks)} to ${Math.max(...clocks)} MHz.`,
  ].join(" ");
}
