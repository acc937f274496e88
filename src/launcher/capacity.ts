/**
 * The capacity of a device for a mix of rates: a linear program, solved by simplex in floats, whose answer is
 * not believed but used: its dual gives prices that prove an upper bound exactly, its primal a mix that
 * attains a lower one. What no price proves better, the price of a single resource does.
 */
import type { CapacityProblem } from "../schedule/serving/capacity-problem.js";
import {
  type CapacityMix,
  capacityBound,
  sustainedFactor,
} from "../schedule/serving/check-capacity.js";
import { type LinearProgram, type LinearTerm, solveLinearProgram } from "./linear-program.js";

/** What is known of a capacity. */
export interface Capacity {
  /** The rates times more than this are not sustainable, by any policy. */
  readonly atMost: number;
  /** By resource: the prices that prove it (`capacityBound`). */
  readonly prices: readonly number[];
  /** The factor that the mix sustains in the program; no policy need be that good. */
  readonly attained: number;
  readonly mix: CapacityMix;
}

/**
 * The capacity of a problem. The same inputs give the same answer on every machine.
 *
 * Ensures: `attained` <= the program's optimum <= `atMost`, whatever the solver answers.
 * Cost: of the simplex method: milliseconds for some hundred runs.
 */
export function capacityOf(problem: CapacityProblem): Capacity {
  const single = problem.resources.map((_, at) =>
    problem.resources.map((__, i) => (i === at ? 1 : 0)),
  );
  const proofs = [...pricesOf(withoutNeedless(problem)), ...single].map((prices) => ({
    prices,
    atMost: capacityBound(problem, prices),
  }));
  const best = proofs.reduce((one, other) => (other.atMost < one.atMost ? other : one));
  const mixes = [...mixesOf(problem), usualMix(problem)].map((mix) => ({
    mix,
    attained: sustainedFactor(problem, mix),
  }));
  const most = mixes.reduce((one, other) => (other.attained > one.attained ? other : one));
  return { ...best, ...most };
}

/**
 * The program without what no prices make it need: models with a run that uses nothing, runs that for every
 * request use at least as much of everything as another of their model, states that supply no more of anything than
 * another. Its prices prove the same of the whole one; rows that are alike or empty lead simplex astray.
 */
function withoutNeedless(problem: CapacityProblem): CapacityProblem {
  const loads = loadsOf(problem);
  const free = new Set(
    problem.runs.flatMap(({ model }, at) =>
      (loads[at] ?? []).every((load) => load === 0) ? [model] : [],
    ),
  );
  const isNeedless = (at: number): boolean =>
    problem.runs.some(
      ({ model }, other) =>
        model === problem.runs[at]?.model && isCoveredBy(loads, other, at, other < at),
    );
  const runs = problem.runs.filter(({ model }, at) => !free.has(model) && !isNeedless(at));
  const models = problem.rates.map((_, model) => model).filter((model) => !free.has(model));
  return {
    ...problem,
    rates: models.map((model) => problem.rates[model] ?? 0),
    runs: runs.map((run) => ({ ...run, model: models.indexOf(run.model) })),
    states: problem.states.filter(
      (_, at) =>
        !problem.states.some((__, other) => isCoveredBy(problem.states, at, other, other < at)),
    ),
  };
}

/** Whether no figure of row `one` is above row `other`'s; equal rows count where `ifEqual`. */
function isCoveredBy(
  rows: readonly (readonly number[])[],
  one: number,
  other: number,
  ifEqual: boolean,
): boolean {
  const [a, b] = [rows[one] ?? [], rows[other] ?? []];
  return (
    one !== other &&
    a.every((each, at) => each <= (b[at] ?? 0)) &&
    (ifEqual || a.some((each, at) => each < (b[at] ?? 0)))
  );
}

/**
 * What a run uses of each resource if it carries all requests of its model, at the given rates: figures
 * about 1, which simplex in floats needs.
 */
function loadsOf({ runs, rates }: CapacityProblem): readonly (readonly number[])[] {
  return runs.map(({ model, batch, uses }) =>
    uses.map((each) => (each * (rates[model] ?? 0)) / batch),
  );
}

/** Runs whose use of something is so small beside the largest that floats would lose it are left to the check. */
function scaleOf(loads: readonly (readonly number[])[]): number {
  const most = Math.max(...loads.flat());
  return most > 0 ? 1 / most : 1;
}

/**
 * The dual: least worth of a second, at prices at which no run is cheaper than what its requests pay, and all
 * requests of a second pay 1. Unknowns: prices, what each model pays, the worth.
 */
function pricesOf(problem: CapacityProblem): readonly (readonly number[])[] {
  const { resources, runs, states, rates } = problem;
  const loads = loadsOf(problem);
  const scale = scaleOf(loads);
  const pays = (model: number): number => resources.length + model;
  const worth = resources.length + rates.length;
  const terms = (values: readonly number[], factor: number): LinearTerm[] =>
    values.flatMap((value, variable) =>
      value === 0 ? [] : [{ variable, factor: value * factor }],
    );
  const program: LinearProgram = {
    variables: Array.from({ length: worth + 1 }, (_, at) => ({ cost: at === worth ? 1 : 0 })),
    constraints: [
      ...runs.map(({ model }, at) => ({
        terms: [...terms(loads[at] ?? [], scale), { variable: pays(model), factor: -1 }],
        least: 0,
      })),
      ...states.map((supply) => ({
        terms: [...terms(supply, 1), { variable: worth, factor: -1 }],
        most: 0,
      })),
      { terms: rates.map((_, model) => ({ variable: pays(model), factor: 1 })), least: 1 },
    ],
  };
  const outcome = solveLinearProgram(program);
  if (outcome.kind !== "optimal") {
    return [];
  }
  return [resources.map((_, at) => Math.max(0, outcome.values[at] ?? 0))];
}

/** The program itself. Unknowns: the share of its model's requests that each run carries, time, the factor. */
function mixesOf(problem: CapacityProblem): readonly CapacityMix[] {
  const { resources, runs, states, rates } = problem;
  const loads = loadsOf(problem);
  const scale = scaleOf(loads);
  const factor = runs.length + states.length;
  const program: LinearProgram = {
    variables: Array.from({ length: factor + 1 }, (_, at) => ({ cost: at === factor ? -1 : 0 })),
    constraints: [
      ...resources.map((_, resource) => ({
        terms: [
          ...runs.map((__, at) => ({
            variable: at,
            factor: (loads[at]?.[resource] ?? 0) * scale,
          })),
          ...states.map((supply, at) => ({
            variable: runs.length + at,
            factor: -(supply[resource] ?? 0),
          })),
        ],
        most: 0,
      })),
      { terms: states.map((_, at) => ({ variable: runs.length + at, factor: 1 })), most: 1 },
      ...rates.map((_, model) => ({
        terms: [
          ...runs.flatMap((run, at) => (run.model === model ? [{ variable: at, factor: 1 }] : [])),
          { variable: factor, factor: -1 },
        ],
        least: 0,
      })),
    ],
  };
  const outcome = solveLinearProgram(program);
  if (outcome.kind !== "optimal") {
    return [];
  }
  const value = (at: number): number => Math.max(0, outcome.values[at] ?? 0);
  const mix: CapacityMix = {
    launches: runs.map(({ model, batch }, at) => (value(at) * (rates[model] ?? 0)) / batch),
    time: states.map((_, at) => value(runs.length + at)),
  };
  return mix.time.some((each) => each > 0) ? [mix] : [];
}

/** Each model by its last run, all states alike: what is there without a solver. */
function usualMix({ runs, states, rates }: CapacityProblem): CapacityMix {
  const last = new Map(runs.map(({ model }, at) => [model, at]));
  return {
    launches: runs.map(({ model, batch }, at) =>
      last.get(model) === at ? (rates[model] ?? 0) / batch : 0,
    ),
    time: states.map(() => 1),
  };
}
