/**
 * What launchers cost on a few samples, for searches that try thousands of them.
 *
 * The samples are drawn once. A launcher need not be tried to the end: its cost can only grow as time goes on
 * (`serving-cost.ts`), so it is given up as soon as it is sure to cost more than the best that is known. That
 * changes nothing about which one is best.
 */
import { drawArrivals } from "../arrivals/draw-arrivals.js";
import type { Launcher } from "../schedule/serving/adaptive-launcher.js";
import { servingCost } from "../schedule/serving/serving-cost.js";
import { beginServing } from "../schedule/serving/serving-course.js";
import { countedSpan, type SampleSet, shedBy } from "./evaluate-policy.js";
import type { ServingJob } from "./serving-job.js";

/** What a launcher costs; `Infinity`: more than `atMost`, default `Infinity`. */
export type LauncherCosts<Tried = Launcher> = (launcher: Tried, atMost?: number) => number;

/** Requests by model, and the seed of what varies while they are served. */
export interface DrawnSample {
  readonly arrivals: readonly Float64Array[];
  readonly seed: number;
}

/** Part of a sample after which a launcher is looked at first, and how much later again and again. */
const FIRST_LOOK = 1 / 8;
const LOOKS_APART = 1.25;

/** Costs are sums of many: this much more is not more. */
const ROUNDING = 1e-9;

/** The mean costs of launchers over the samples of a set. Cost: of a launcher: a simulation of each sample, or less. */
export function launcherCosts(
  job: ServingJob,
  { seed, purpose, count, from = 0 }: SampleSet,
): LauncherCosts {
  const samples = Array.from({ length: count }, (_, at): DrawnSample => {
    const episode = from + at;
    const arrivals = drawArrivals(job.workload, { seed, purpose, episode });
    return { arrivals, seed: seed + episode };
  });
  return costsOn(job, samples, job.workload.durationNs);
}

/** The mean costs of launchers over samples of `durationNs`, which are served side by side. */
export function costsOn(
  job: ServingJob,
  samples: readonly DrawnSample[],
  durationNs: number,
): LauncherCosts {
  const span = countedSpan(durationNs);
  const { problem, objectives } = job;
  return (launcher, atMost = Number.POSITIVE_INFINITY) => {
    const shedding = shedBy(job, launcher);
    const most = atMost * (1 + ROUNDING);
    const courses = samples.map(({ arrivals, seed }) =>
      beginServing(problem, arrivals, shedding, { seed }),
    );
    const isBounded = atMost < Number.POSITIVE_INFINITY;
    let until = isBounded ? FIRST_LOOK * durationNs : Number.POSITIVE_INFINITY;
    for (;;) {
      let sum = 0;
      for (const course of courses) {
        course.advanceTo(until);
        sum += servingCost(course.soFar, objectives, span, course.nowNs);
      }
      const cost = sum / samples.length;
      if (cost > most) {
        return Number.POSITIVE_INFINITY;
      }
      if (courses.every(({ isOver }) => isOver)) {
        return cost;
      }
      until *= LOOKS_APART;
    }
  };
}

/** Costs that are kept: each policy is tried once, and again only where that ended too early to say. */
export function keptCosts<Tried>(costOf: LauncherCosts<Tried>): LauncherCosts<Tried> {
  const known = new Map<string, { readonly cost: number; readonly atMost: number }>();
  return (launcher, atMost = Number.POSITIVE_INFINITY) => {
    const key = JSON.stringify(launcher);
    const before = known.get(key);
    if (before !== undefined && (Number.isFinite(before.cost) || before.atMost >= atMost)) {
      return before.cost > atMost ? Number.POSITIVE_INFINITY : before.cost;
    }
    const cost = costOf(launcher, atMost);
    known.set(key, { cost, atMost });
    return cost;
  };
}
