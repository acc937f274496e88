/**
 * Bounds of a capacity that anyone can check, in exact arithmetic.
 *
 * Prices for the resources prove an upper bound. A second of the device is worth at most what its best
 * state supplies, at these prices. A request of a model costs at least what its cheapest run does, shared
 * by the batch. So rates times factor cannot cost more than a second is worth: factor <= worth / sum of (rate
 * x least cost). It holds for any prices; good ones come from the dual of the linear program, and
 * whether they are its best does not matter for the proof.
 *
 * A mix of launches and shares of time proves a lower bound, of the program: nothing is used up.
 *
 * Example: one model, runs of 1 request in 1 ms and of 4 in 2 ms, one resource of which a second supplies
 * 1. At the price 1 a request costs at least 0.5 ms, so 100 a second can be multiplied by 20 at most.
 */
import { invariant } from "../../core/invariant.js";
import type { CapacityProblem } from "./capacity-problem.js";
import {
  compare,
  type Dyadic,
  dot,
  dyadic,
  product,
  quotient,
  sum,
  ZERO,
} from "./exact-numbers.js";

/**
 * The factor up to which the rates may be sustainable, as these prices prove; `Infinity` where they prove nothing.
 * Rounded up.
 *
 * Requires: a price of at least 0 for every resource. Cost: O(resources x (runs + states)) exact operations.
 */
export function capacityBound(problem: CapacityProblem, prices: readonly number[]): number {
  invariant(prices.length === problem.resources.length, "every resource has a price");
  invariant(
    prices.every((price) => price >= 0 && Number.isFinite(price)),
    "prices are not negative",
  );
  const worth = problem.states
    .map((supply) => dot(prices, supply))
    .reduce((most, each) => (compare(each, most) > 0 ? each : most), ZERO);
  const costs = problem.rates.map((_, model) => leastCost(problem, prices, model));
  // All costs over the product of their batches.
  let batches = 1n;
  for (const { batch } of costs) {
    batches *= BigInt(batch);
  }
  let needed = ZERO;
  for (const [model, { cost, batch }] of costs.entries()) {
    const others: Dyadic = { n: batches / BigInt(batch), e: 0 };
    const rate = dyadic(problem.rates[model] ?? 0);
    needed = sum(needed, product(product(rate, cost), others));
  }
  return needed.n === 0n
    ? Number.POSITIVE_INFINITY
    : quotient(product(worth, { n: batches, e: 0 }), needed, "up");
}

/** What a launch of the run costs that is cheapest for each of its requests, and its batch. */
function leastCost(
  { runs }: CapacityProblem,
  prices: readonly number[],
  model: number,
): { readonly cost: Dyadic; readonly batch: number } {
  let least: { readonly cost: Dyadic; readonly batch: number } | undefined;
  for (const run of runs) {
    if (run.model !== model) {
      continue;
    }
    const cost = dot(prices, run.uses);
    const batch = BigInt(run.batch);
    if (
      least === undefined ||
      compare(
        { n: cost.n * BigInt(least.batch), e: cost.e },
        { n: least.cost.n * batch, e: least.cost.e },
      ) < 0
    ) {
      least = { cost, batch: run.batch };
    }
  }
  invariant(least !== undefined, "every model has a run");
  return least;
}

/** Launches and shares of time that sustain rates; in any unit, as what counts is how they relate. */
export interface CapacityMix {
  /** By run: launches. */
  readonly launches: readonly number[];
  /** By state: time. */
  readonly time: readonly number[];
}

/**
 * The factor with which the program sustains the rates by this mix. Rounded down.
 *
 * Requires: nothing negative, some time. Cost: as `capacityBound`.
 */
export function sustainedFactor(
  { resources, runs, states, rates }: CapacityProblem,
  { launches, time }: CapacityMix,
): number {
  const whole = time.reduce((total, each) => sum(total, dyadic(each)), ZERO);
  invariant(whole.n > 0n, "a mix has some time");
  // Per unit of time: launches / whole times scale, the least supply over use.
  let scale = { above: ZERO, below: ZERO };
  for (const [at] of resources.entries()) {
    const used = dot(
      launches,
      runs.map(({ uses }) => uses[at] ?? 0),
    );
    const supplied = dot(
      time,
      states.map((supply) => supply[at] ?? 0),
    );
    const isTighter = compare(product(supplied, scale.below), product(scale.above, used)) < 0;
    if (used.n > 0n && (scale.below.n === 0n || isTighter)) {
      scale = { above: supplied, below: used };
    }
  }
  let least: number | undefined;
  for (const [model, rate] of rates.entries()) {
    const served = dot(
      launches,
      runs.map((run) => (run.model === model ? run.batch : 0)),
    );
    const above = product(served, scale.above);
    const below = product(product(dyadic(rate), whole), scale.below);
    const factor = below.n === 0n ? 0 : quotient(above, below, "down");
    least = Math.min(least ?? factor, factor);
  }
  return least ?? 0;
}
