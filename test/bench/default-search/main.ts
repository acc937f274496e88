/**
 * What a default search takes and gives, beside the thorough one: `npm run bench:default-search`.
 *
 * Arguments: the number of seeds (100), then efforts to compare, the first being what the others are
 * compared with (thorough default).
 */
import type { Placement } from "../../../src/placement/placement.js";
import { EFFORTS, type Effort } from "../../../src/schedule/pipeline-efforts.js";
import { steadyPeakMemory } from "../../../src/schedule/verify-periodic-schedule.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";
import { MEMORIES, type RandomCase, randomCases } from "../../support/random-cases.js";

const MICRO_BATCHES = 16;
const AIMS = ["period", "peak", "makespan"] as const;

/** What a search took and found; times per micro-batch. */
interface Row extends Readonly<Record<(typeof AIMS)[number], number>> {
  readonly seconds: number;
  readonly isProved: boolean;
}

const [seeds = "100", ...named] = process.argv.slice(2);
const efforts = named.length === 0 ? (["thorough", "default"] as const) : named.map(effortOf);
const cases = randomCases(Number(seeds));
const results = efforts.map((effort) => cases.map(({ placement }) => measured(placement, effort)));
console.log("| effort | memory | searches | median s | 90 % s | slowest s | periods proved |");
console.log("|---|---|---|---|---|---|---|");
for (const [at, effort] of efforts.entries()) {
  for (const memory of [undefined, ...MEMORIES]) {
    console.log(summary(effort, memory, results[at] ?? []));
  }
}
for (const [at, effort] of efforts.entries()) {
  if (at > 0) {
    console.log(`\n${effort} against ${efforts[0]}, of ${cases.length} searches`);
    for (const aim of AIMS) {
      console.log(comparison(aim, results[0] ?? [], results[at] ?? []));
    }
  }
}

function effortOf(name: string): Effort {
  const found = EFFORTS.find((each) => each === name);
  if (found === undefined) {
    throw new Error(`"${name}" is none of ${EFFORTS.join(", ")}`);
  }
  return found;
}

function measured(placement: Placement, effort: Effort): Row {
  const before = process.cpuUsage();
  const found = searchPipeline("top-compile", placement, MICRO_BATCHES, { effort });
  const { user, system } = process.cpuUsage(before);
  const none = Number.POSITIVE_INFINITY;
  const { periodic, whole, status } = found.ok ? found.value : {};
  return {
    seconds: (user + system) / 1e6,
    isProved: status === "optimal",
    period: periodic === undefined ? none : periodic.period / periodic.microBatchesPerPeriod,
    peak:
      periodic === undefined
        ? none
        : Math.max(0, ...steadyPeakMemory(placement, periodic).map((peak) => peak ?? 0)),
    makespan: whole?.makespan ?? none,
  };
}

function summary(
  effort: Effort,
  memory: RandomCase["memory"] | undefined,
  rows: readonly Row[],
): string {
  const own = rows.filter((_, at) => memory === undefined || cases[at]?.memory === memory);
  const seconds = own.map((row) => row.seconds).sort((a, b) => a - b);
  const at = (share: number): string =>
    (seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))] ?? 0).toFixed(2);
  const proved = own.filter(({ isProved }) => isProved).length;
  const cells = [effort, memory ?? "all", own.length, at(0.5), at(0.9), at(1), proved];
  return `| ${cells.join(" | ")} |`;
}

function comparison(
  aim: (typeof AIMS)[number],
  before: readonly Row[],
  after: readonly Row[],
): string {
  const changes = after.flatMap((row, at) => {
    const [old, now] = [before[at]?.[aim] ?? 0, row[aim]];
    // Less time per micro-batch may take more memory.
    const isComparable = aim !== "peak" || row.period === before[at]?.period;
    return old === now || !isComparable ? [] : [{ name: cases[at]?.name, change: now / old - 1 }];
  });
  const worse = changes.filter(({ change }) => change > 0).sort((a, b) => b.change - a.change);
  const share = (change: number): string => `${(100 * change).toFixed(1)} %`;
  const list = worse.map(({ name, change }) => `${name} +${share(change)}`).join("; ");
  return `${aim}: worse in ${worse.length}, better in ${changes.length - worse.length}. ${list}`;
}
