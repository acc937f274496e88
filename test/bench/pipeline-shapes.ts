/**
 * Least periods with proof, memory and states: `npm run bench:pipeline`. Arguments: `named`, `devices`,
 * `random [seeds [spare micro-batches]]`; without any: the first two.
 */
import { performance } from "node:perf_hooks";
import type { Placement } from "../../dist/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../dist/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../dist/schedule/verify-periodic-schedule.js";
import type { PeriodResult } from "../../dist/search/pipeline/period-result.js";
import { searchPeriod } from "../../dist/search/pipeline/period-search.js";
import { unwrap } from "./fixture-models.js";
import { randomPlacement } from "./random-placement.js";

/** Memory limits to try with four devices, by shape. */
const FOUR: Readonly<Record<string, readonly number[]>> = {
  v: [3, 4],
  k: [3, 6],
  m: [5, 6],
  x: [4],
  nn: [6],
  "nn-eager": [6],
  mllm: [6],
  finetune: [6],
  alphafold: [6],
  "zb-h": [4],
  "zb-v": [4],
  dualpipe: [8],
  "interleaved-1f1b": [8],
};
const MORE: readonly (readonly [shape: string, devices: number, memory: number])[] = [
  ["m", 4, 4],
  ["v", 5, 20],
  ["m", 5, 20],
  ["nn", 5, 20],
  ["v", 6, 20],
  ["k", 6, 20],
  ["m", 6, 20],
  ["nn", 6, 20],
  ["x", 6, 20],
  ["v", 8, 20],
  ["k", 8, 20],
  ["m", 8, 20],
  ["nn", 8, 20],
  ["x", 8, 20],
  ["v", 12, 40],
  ["k", 12, 40],
  ["m", 12, 40],
  ["nn", 12, 40],
  ["v", 16, 40],
  ["k", 16, 40],
  ["m", 16, 40],
  ["nn", 16, 40],
];

const [what = "named devices", seeds = "100", spare = "2"] = process.argv.slice(2);
if (what.includes("named")) {
  const rows = Object.entries(FOUR).flatMap(([shape, limits]) => [
    ...limits.map((memory) => measured(shape, { devices: 4, mode: "train", memory })),
    measured(shape, { devices: 4, mode: "infer" }),
  ]);
  print(rows);
  console.log(`\nall together ${time(rows.reduce((sum, row) => sum + row.ms, 0))}\n`);
}
if (what.includes("devices")) {
  print(MORE.map(([shape, devices, memory]) => measured(shape, { devices, memory })));
}
if (what.includes("random")) {
  random(Number(seeds), Number(spare));
}

interface Row extends ShapeOptions {
  readonly shape: string;
  readonly result: PeriodResult;
  readonly ms: number;
}

function measured(shape: string, options: ShapeOptions): Row {
  const placement = unwrap(buildShape(shape, options));
  const start = performance.now();
  const result = searchPeriod(placement, { maxNodes: 1e6, seed: 1 });
  const ms = performance.now() - start;
  check(placement, result);
  return { shape, ...options, result, ms };
}

function check(placement: Placement, { schedule }: PeriodResult): void {
  if (schedule !== undefined && verifyPeriodicSchedule(placement, schedule).length > 0) {
    throw new Error("the schedule does not verify");
  }
}

function print(rows: readonly Row[]): void {
  console.log(
    "| shape | devices | mode | memory | period | lower bound | status | peak | least peak | latency | nodes | time |\n|---|---|---|---|---|---|---|---|---|---|---|---|",
  );
  for (const { shape, devices, mode = "train", memory, result, ms } of rows) {
    const { period, microBatchesPerPeriod: q } = result.schedule ?? {};
    const { numerator, denominator } = result.lowerBound;
    const cells = [
      shape,
      devices,
      mode,
      memory ?? "",
      period === undefined || q === undefined ? "none" : ratio(period, q),
      ratio(numerator, denominator),
      result.status,
      Math.max(...result.peaks.map((peak) => peak ?? 0)),
      result.leastPeak ? "proved" : "",
      result.latency,
      result.nodes,
      time(ms),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

function random(count: number, spareMicroBatches: number): void {
  const gaps: { readonly seed: number; readonly gap: number }[] = [];
  let slowest = 0;
  for (let seed = 1; seed <= count; seed++) {
    const memory = spareMicroBatches < 0 ? {} : { memory: spareMicroBatches };
    const placement = randomPlacement({ seed, ...memory });
    const start = performance.now();
    const result = searchPeriod(placement, { maxNodes: 1e6, seed: 1 });
    slowest = Math.max(slowest, performance.now() - start);
    check(placement, result);
    const { numerator, denominator } = result.lowerBound;
    const least = Math.ceil(numerator / denominator);
    gaps.push({
      seed,
      gap: result.schedule === undefined ? 1e9 : result.schedule.period / least - 1,
    });
  }
  const within = gaps.filter(({ gap }) => gap <= 0.01).length;
  const others = gaps.filter(({ gap }) => gap > 0.01);
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`${within} of ${count} within 1 %, slowest ${time(slowest)}, ${megabytes} MB`);
  console.log(others.map(({ seed, gap }) => `${seed}: ${(gap * 100).toFixed(1)} %`).join(", "));
}

function ratio(numerator: number, denominator: number): string {
  return denominator === 1 ? `${numerator}` : `${numerator}/${denominator}`;
}

function time(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
