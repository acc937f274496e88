import type { OnParetoSearch, OnPlacementSearch } from "../driver/search-placement.js";
import { timeOf } from "../report/pipeline.js";
import type { PipelineSearchOptions } from "../search/pipeline/algorithms.js";
import type { KnownPeriod, PipelineProgress } from "../search/pipeline/progress.js";
import type { ProgressReporter } from "./progress.js";

/**
 * Blocks placed before anything is said, some tenths of a second, and between two lines about periods:
 * work and not time, so that the same search says the same on every machine.
 */
const QUIET_NODES = 100_000;

/**
 * Says on stderr what a pipeline search has as soon as it has it, and how far it is; nothing when it is
 * over at once.
 */
export function searchProgress(progress: ProgressReporter): OnPlacementSearch {
  let last: PipelineProgress = { phase: "period", done: 0, total: 0 };
  let before = 0;
  let notedAt = 0;
  let noted: KnownPeriod | undefined;
  return (step, placement) => {
    const { phase, known, trying, done, total } = step;
    before += phase === last.phase ? 0 : last.done;
    last = step;
    const work = before + done;
    if (work < QUIET_NODES) {
      return;
    }
    const time = timeOf(placement);
    if (known !== undefined && !isSame(known, noted) && work - notedAt >= QUIET_NODES) {
      [noted, notedAt] = [known, work];
      const { period, microBatchesPerPeriod: per, lowerBound } = known;
      progress.note(`found period ${time(period)}${forMany(per)}, bound ${time(lowerBound)}`);
    }
    const what =
      phase === "whole"
        ? "shortening the whole schedule"
        : trying === undefined
          ? "searching periods"
          : `trying period ${time(trying.period)}${forMany(trying.microBatchesPerPeriod)}`;
    progress.report({ phase, done, total, label: what });
  };
}

/** As `searchProgress`, of a search for every amount of memory. */
export function paretoProgress(progress: ProgressReporter): OnParetoSearch {
  let noted = 0;
  return ({ memory: limit, nodes, done, total, points }, placement) => {
    if (nodes < QUIET_NODES) {
      return;
    }
    const time = timeOf(placement);
    for (const { memory, period, microBatchesPerPeriod } of points.slice(noted)) {
      progress.note(
        `found period ${time(period)}${forMany(microBatchesPerPeriod)} with memory ${memory}`,
      );
    }
    noted = points.length;
    const label = limit === undefined ? "searching without limits" : `trying memory ${limit}`;
    progress.report({ phase: "pareto", done, total, label });
  };
}

/** Says which algorithms a schedule is not compared with, and why. */
export function leftOutNotes(progress: ProgressReporter): PipelineSearchOptions["onLeftOut"] {
  return (algorithm, { message }) => progress.note(`not compared with ${algorithm}: ${message}`);
}

function forMany(count: number): string {
  return count === 1 ? "" : ` for ${count} micro-batches`;
}

function isSame(one: KnownPeriod, other: KnownPeriod | undefined): boolean {
  return one.period === other?.period && one.microBatchesPerPeriod === other.microBatchesPerPeriod;
}
