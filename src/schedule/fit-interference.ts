/**
 * The cost to each other of kernels that run together, from measured pairs.
 *
 * A pair is two operators timed on one stream (one after the other) and on two streams (together).
 * In the simulator a pair takes longer the larger the interference. So for each pair there is one
 * value with which the simulator agrees with the measurement, found by bisection; the median over the
 * pairs of a kind (both lean on arithmetic, both on bandwidth, one of each) is what the simulator
 * takes. Times are compared as the ratio of together to apart, so that what measuring adds to both
 * does not count.
 *
 * Example: two kernels of 100 us, each filling half the device, take 110 us together: interference
 * 0.1. Pairs that hardly overlap, because one fills the device, carry no information and are left out.
 *
 * A fit by least squares over all pairs would follow the few that some other effect (a shared cache,
 * a clock that fell) makes slow; the median does not.
 *
 * Source: ours; pairs as in Abacus (SC 2021) and IOS's measured stages.
 */
import { median } from "../core/statistics.js";
import { GpuEngine } from "./gpu-engine.js";
import { gpuArcsOf } from "./gpu-streams.js";
import { type GpuWork, type Interference, workOfSome } from "./gpu-work.js";

/** Two operators, measured on one stream and on two. */
export interface MeasuredPair {
  /** Operator ids. */
  readonly operators: readonly [number, number];
  readonly apartNs: number;
  readonly togetherNs: number;
}

/** The fitted values. */
export interface FittedInterference {
  readonly interference: Interference;
  /** Pairs that carried information, by kind. */
  readonly pairs: { readonly [kind in keyof Interference]: number };
  /** Median relative error of the simulated time together, before and after. */
  readonly errorBefore: number;
  readonly errorAfter: number;
}

/** More than this no pair costs: together would take three times as long as alone. */
const MOST = 2;

/** A pair whose time together changes by less than this share carries no information. */
const LEAST_EFFECT = 0.02;

const STEPS = 40;

/**
 * Fits the interference; kinds without pairs keep what `work` has.
 *
 * Requires: times above 0. Order: the result does not depend on the order of the pairs.
 * Cost: about 40 simulations of two operators for each pair.
 */
export function fitInterference(work: GpuWork, pairs: readonly MeasuredPair[]): FittedInterference {
  const found: { [kind in keyof Interference]: number[] } = {
    arithmetic: [],
    mixed: [],
    bandwidth: [],
  };
  for (const pair of pairs) {
    const kind = kindOf(work, pair);
    const value = solve(work, pair, kind);
    if (value !== undefined) {
      found[kind].push(value);
    }
  }
  const of = (kind: keyof Interference): number =>
    found[kind].length === 0 ? work.interference[kind] : median(found[kind]);
  const interference = {
    arithmetic: of("arithmetic"),
    mixed: of("mixed"),
    bandwidth: of("bandwidth"),
  };
  return {
    interference,
    pairs: {
      arithmetic: found.arithmetic.length,
      mixed: found.mixed.length,
      bandwidth: found.bandwidth.length,
    },
    errorBefore: medianError(work, pairs, work.interference),
    errorAfter: medianError(work, pairs, interference),
  };
}

/** The resources that limit the two, by their longest phases. */
function kindOf(work: GpuWork, { operators }: MeasuredPair): keyof Interference {
  const leaning = operators.filter((operator) => {
    const from = work.phase[work.first[operator]!]!;
    const to = work.phase[work.first[operator + 1]!]!;
    let longest = from;
    for (let phase = from; phase < to; phase++) {
      if (work.phaseNs[phase]! > work.phaseNs[longest]!) {
        longest = phase;
      }
    }
    return work.bandwidth[longest]! > work.arithmetic[longest]!;
  }).length;
  return leaning === 0 ? "arithmetic" : leaning === 1 ? "mixed" : "bandwidth";
}

/** The interference with which the simulator agrees with a pair; `undefined`: no information. */
function solve(work: GpuWork, pair: MeasuredPair, kind: keyof Interference): number | undefined {
  const at = (value: number): number =>
    simulated(work, pair.operators, { ...work.interference, [kind]: value });
  const none = at(0);
  if (at(1) - none < LEAST_EFFECT * none) {
    return undefined;
  }
  const target = targetOf(work, pair);
  let low = 0;
  let high = MOST;
  if (target <= none) {
    return 0;
  }
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (at(middle) < target) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (low + high) / 2;
}

/** The time that the pair takes together in the simulator. */
function targetOf(work: GpuWork, { operators, apartNs, togetherNs }: MeasuredPair): number {
  return simulatedApart(work, operators) * (togetherNs / apartNs);
}

function medianError(
  work: GpuWork,
  pairs: readonly MeasuredPair[],
  interference: Interference,
): number {
  const errors = pairs.map((pair) => {
    const target = targetOf(work, pair);
    return Math.abs(simulated(work, pair.operators, interference) / target - 1);
  });
  return errors.length === 0 ? 0 : median(errors);
}

const NO_WAITS = { predecessors: gpuArcsOf([[], []]), successors: gpuArcsOf([[], []]) };

/** Time of two operators on two streams. */
function simulated(
  work: GpuWork,
  operators: readonly [number, number],
  interference: Interference,
): number {
  return run(work, operators, interference, 2);
}

function simulatedApart(work: GpuWork, operators: readonly [number, number]): number {
  return run(work, operators, work.interference, 1);
}

function run(
  work: GpuWork,
  operators: readonly [number, number],
  interference: Interference,
  streams: 1 | 2,
): number {
  const engine = new GpuEngine({ ...workOfSome(work, operators), interference }, NO_WAITS);
  const streamOf = Int32Array.of(0, streams - 1);
  return engine.run({ order: Int32Array.of(0, 1), streamOf, streams });
}
