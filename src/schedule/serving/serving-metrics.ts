/** What a run of the serving simulator, or of a server, was like for those who asked. */
import { quantile } from "../../core/statistics.js";
import type { ServingRun } from "./serving-run.js";

/** The span of time whose requests count, in nanoseconds: those that arrive from `fromNs` on and before `toNs`. */
export interface CountedSpan {
  readonly fromNs: number;
  readonly toNs: number;
}

/** How the requests of one model, or of all, fared. Times in nanoseconds, rates per second. */
export interface ServingMetrics {
  readonly requests: number;
  /** Requests answered within the span, whenever they arrived, per second. */
  readonly throughput: number;
  /** Of the requests that arrived in the span those answered within their objective, per second. */
  readonly goodput: number;
  /** Shares of the requests that were answered late, and that were refused, 0 to 1. */
  readonly late: number;
  readonly shed: number;
  /** From arrival to answer; without answers all are 0. */
  readonly latencyNs: {
    readonly mean: number;
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  };
  /** From arrival to launch, mean. */
  readonly waitNs: number;
  /** Requests per task, mean over tasks. */
  readonly batch: number;
  /** Requests in the system, waiting or in flight: mean over the span, largest, and growth per second. */
  readonly backlog: Backlog;
}

/** Requests in the system over a span. */
export interface Backlog {
  readonly mean: number;
  readonly max: number;
  /** Slope of the line nearest to it (least squares over time), in requests per second. */
  readonly slope: number;
}

/**
 * The metrics of one model.
 *
 * Requires: all requests of the run are answered or refused. Cost: O(requests log requests).
 */
export function servingMetrics(
  run: ServingRun,
  model: number,
  objectiveNs: number | undefined,
  span: CountedSpan,
): ServingMetrics {
  const { fromNs, toNs } = span;
  const arrival = run.arrivalNs[model]!;
  const launch = run.launchNs[model]!;
  const end = run.endNs[model]!;
  const refused = run.isRefused?.[model];
  // What tells tasks apart.
  const taskOf = run.taskOf?.[model] ?? launch;
  const seconds = (toNs - fromNs) / 1e9;
  const latency: number[] = [];
  let requests = 0;
  let lastTask = -1;
  let wait = 0;
  let inTime = 0;
  let tasks = 0;
  let answered = 0;
  for (let at = 0; at < arrival.length; at++) {
    const ended = end[at]!;
    const isRefused = refused?.[at] === 1;
    const isCounted = arrival[at]! >= fromNs && arrival[at]! < toNs;
    answered += !isRefused && ended >= fromNs && ended < toNs ? 1 : 0;
    requests += isCounted ? 1 : 0;
    if (isRefused || !isCounted) {
      continue;
    }
    const took = ended - arrival[at]!;
    latency.push(took);
    wait += launch[at]! - arrival[at]!;
    inTime += took <= (objectiveNs ?? Number.POSITIVE_INFINITY) ? 1 : 0;
    tasks += taskOf[at]! !== lastTask ? 1 : 0;
    lastTask = taskOf[at]!;
  }
  const served = latency.length;
  const share = (count: number): number => (requests === 0 ? 0 : count / requests);
  return {
    requests,
    throughput: answered / seconds,
    goodput: inTime / seconds,
    late: share(served - inTime),
    shed: share(requests - served),
    latencyNs: latencyOf(latency),
    waitNs: served === 0 ? 0 : wait / served,
    batch: tasks === 0 ? 0 : served / tasks,
    backlog: backlogOf(arrival, end, span),
  };
}

function latencyOf(latency: readonly number[]): ServingMetrics["latencyNs"] {
  if (latency.length === 0) {
    return { mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, max: 0 };
  }
  const sorted = Float64Array.from(latency).sort();
  return {
    mean: latency.reduce((sum, each) => sum + each, 0) / latency.length,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
    max: sorted.at(-1)!,
  };
}

/**
 * Requests in the system over a span, from the moments at which each entered and left it. Mean and slope
 * are those of the step function itself, not of samples of it. Cost: O(n log n).
 */
export function backlogOf(
  enterNs: Float64Array,
  leaveNs: Float64Array,
  { fromNs, toNs }: CountedSpan,
): Backlog {
  const left = Float64Array.from(leaveNs).sort();
  const middle = (fromNs + toNs) / 2;
  const whole = toNs - fromNs;
  let inside = 0;
  let entered = 0;
  let gone = 0;
  let now = Number.NEGATIVE_INFINITY;
  let area = 0;
  let moment = 0;
  let max = 0;
  while (gone < left.length) {
    const enters = enterNs[entered] ?? Number.POSITIVE_INFINITY;
    const next = Math.min(enters, left[gone]!);
    const from = Math.max(now, fromNs);
    const to = Math.min(next, toNs);
    if (to > from) {
      area += inside * (to - from);
      moment += inside * (to - from) * ((from + to) / 2 - middle);
      max = Math.max(max, inside);
    }
    now = next;
    if (enters <= left[gone]!) {
      entered++;
      inside++;
    } else {
      gone++;
      inside--;
    }
  }
  return { mean: area / whole, max, slope: (moment * 12e9) / whole ** 3 };
}

/**
 * Jain's fairness of shares: 1 when all are equal, 1 / n when one has everything.
 *
 * Source: R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984.
 */
export function fairness(shares: readonly number[]): number {
  const sum = shares.reduce((total, each) => total + each, 0);
  const squares = shares.reduce((total, each) => total + each * each, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}
