/** Figures of a replay, from their definitions in docs/serving.md. */
import type { ModelFigures, SampleFigures } from "../artifact/launcher-policies.js";
import type { Replay, ReplayedRequest } from "./replayed-requests.js";

/** The part of a sample in which queues fill up; its requests are not counted. */
const WARM_UP = 0.1;

/** What the slowest hundredth of the requests takes at least, in objectives, costs as much as so many requests. */
const SLOWEST = 0.01;

/** Objectives that a refused request took, if it did not wait longer. */
const REFUSED = 2;

/** The figures of a sample of `durationNs`, exact. Cost: O(requests log requests). */
export function figuresOfReplay(
  { requests }: Replay,
  objectivesNs: readonly number[],
  durationNs: number,
): SampleFigures {
  const fromNs = WARM_UP * durationNs;
  const models = requests.map((own, model) =>
    figuresOf(own, { fromNs, toNs: durationNs, objectiveNs: objectivesNs[model]! }),
  );
  const costs = requests.map((own, model) => {
    const counted = own.filter(({ arrivalNs }) => arrivalNs >= fromNs && arrivalNs < durationNs);
    return costOf(counted, objectivesNs[model]!);
  });
  return { cost: meanOf(costs), models };
}

/** What the requests for one model cost; 0: there are none. */
function costOf(counted: readonly ReplayedRequest[], objectiveNs: number): number {
  if (counted.length === 0) {
    return 0;
  }
  const isLost = ({ arrivalNs, endNs, isRefused }: ReplayedRequest): boolean =>
    isRefused || endNs - arrivalNs > objectiveNs;
  const took = counted.map(({ arrivalNs, endNs, isRefused }) => {
    return Math.max(endNs - arrivalNs, isRefused ? REFUSED * objectiveNs : 0);
  });
  const ascending = took.sort((a, b) => a - b);
  const slow = quantileOf(ascending, 1 - SLOWEST);
  return counted.filter(isLost).length / counted.length + (SLOWEST * slow) / objectiveNs;
}

interface Counting {
  readonly fromNs: number;
  readonly toNs: number;
  readonly objectiveNs: number;
}

function figuresOf(
  all: readonly ReplayedRequest[],
  { fromNs, toNs, objectiveNs }: Counting,
): ModelFigures<number> {
  const seconds = (toNs - fromNs) / 1e9;
  const isInside = (ns: number): boolean => ns >= fromNs && ns < toNs;
  const counted = all.filter(({ arrivalNs }) => isInside(arrivalNs));
  const answered = counted.filter(({ isRefused }) => !isRefused);
  const latencies = answered.map(({ arrivalNs, endNs }) => endNs - arrivalNs).sort((a, b) => a - b);
  const inTime = latencies.filter((ns) => ns <= objectiveNs).length;
  const share = (count: number): number => (counted.length === 0 ? 0 : count / counted.length);
  const tasks = new Set(answered.map(({ task }) => task)).size;
  return {
    throughput:
      all.filter(({ endNs, isRefused }) => !isRefused && isInside(endNs)).length / seconds,
    goodput: inTime / seconds,
    late: share(answered.length - inTime),
    shed: share(counted.length - answered.length),
    p50Ns: quantileOf(latencies, 0.5),
    p99Ns: quantileOf(latencies, 0.99),
    batch: tasks === 0 ? 0 : answered.length / tasks,
    backlog: meanBacklog(all, fromNs, toNs),
    slope: slopeOf(all, fromNs, toNs),
  };
}

function quantileOf(ascending: readonly number[], fraction: number): number {
  const place = (ascending.length - 1) * fraction;
  const low = ascending[Math.floor(place)] ?? 0;
  const high = ascending[Math.ceil(place)] ?? 0;
  return low + (high - low) * (place - Math.floor(place));
}

/** Requests in the system, on average over a span: the time that each spends there in it. */
function meanBacklog(all: readonly ReplayedRequest[], fromNs: number, toNs: number): number {
  const inside = (ns: number): number => Math.min(toNs, Math.max(fromNs, ns));
  const spent = all.map(({ arrivalNs, endNs }) => inside(endNs) - inside(arrivalNs));
  return spent.reduce((sum, each) => sum + each, 0) / (toNs - fromNs);
}

/**
 * Slope of the line nearest to the number of requests in the system, which is a sum of steps up and down: each
 * adds its own slope. A step of 1 at `x` (from -1/2 to 1/2 of the span of length L) that lasts to its end has the
 * slope 12 / L times the integral of x, (1/4 - x^2) / 2.
 */
function slopeOf(all: readonly ReplayedRequest[], fromNs: number, toNs: number): number {
  const lengthNs = toNs - fromNs;
  const step = (ns: number): number => {
    const x = Math.min(0.5, Math.max(-0.5, (ns - fromNs) / lengthNs - 0.5));
    return (0.25 - x * x) / 2;
  };
  const sum = all.reduce((total, { arrivalNs, endNs }) => total + step(arrivalNs) - step(endNs), 0);
  return (12 * sum * 1e9) / lengthNs;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length;
}
