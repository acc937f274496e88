/**
 * Which mixes of rates a device can sustain at all, as a linear program.
 *
 * Unknown are the launches per second of every run (variant and batch of a model), and the share of time in each
 * *state* of the device (tasks next to each other on a GPU, busy threads on a CPU). Every launch uses resources, every
 * state supplies them; how much follows from the contention law that the simulator obeys, so no policy
 * whatever does better in it:
 *
 * - a task takes from a GPU its room, arithmetic and bandwidth times time, of which there is 1 a second;
 * - where k tasks run next to each other, each is slowed down by k - 1 neighbors, so there is less: 1 / crowd(k);
 *   and all together progress by at most k / crowd(k) seconds a second;
 * - a task takes from a CPU its threads times time, of which t busy threads supply t times their speed;
 * - a task in flight lasts at least its time alone, and only so many of a model are in flight.
 *
 * Figures are rounded so that the program allows more, never less.
 */
import { invariant } from "../../core/invariant.js";
import { contentionAt, cpuSpeed } from "./cpu-sharing.js";
import { runTableOf } from "./run-table.js";
import { MOST_IN_FLIGHT } from "./serving-limits.js";
import type { ServingDevice, ServingProblem } from "./serving-model.js";

/** A run of a model, and what a launch of it uses of each resource: seconds. */
export interface CapacityRun {
  readonly model: number;
  readonly variant: number;
  readonly batch: number;
  readonly uses: readonly number[];
}

/** Rates are sustainable with a factor f if launches and shares of time exist under which nothing is used up. */
export interface CapacityProblem {
  /** Names of the resources. */
  readonly resources: readonly string[];
  readonly runs: readonly CapacityRun[];
  /** What each state supplies of each resource: seconds per second. */
  readonly states: readonly (readonly number[])[];
  /** By model: requests per second, above 0. */
  readonly rates: readonly number[];
}

/** Rounding of sums of many figures, with much to spare. */
const SLACK = 2 ** -40;

/**
 * The capacity of a device for requests at these rates. `concurrency`: most tasks in flight, by model;
 * default: as many as are simulated.
 *
 * Cost: O(stages + tasks in flight x resources).
 */
export function capacityProblemOf(
  problem: ServingProblem,
  rates: readonly number[],
  concurrency: readonly number[] = rates.map(() => MOST_IN_FLIGHT),
): CapacityProblem {
  invariant(rates.length === problem.models.length, "every model has a rate");
  const table = runTableOf(problem);
  const most = Math.min(
    MOST_IN_FLIGHT,
    concurrency.reduce((sum, each) => sum + each, 0),
  );
  const { names, usesOf, states } =
    problem.device.kind === "gpu"
      ? gpuTerms(problem.device.interference, table, most)
      : cpuTerms(problem.device, table, most);
  const runs = Array.from(table.model, (model, run): CapacityRun => {
    const flight = rates.map((_, at) => (at === model ? table.wholeNs[run]! : 0));
    return {
      model,
      variant: table.variant[run]!,
      batch: table.batch[run]!,
      uses: [...usesOf(run), ...flight].map((ns) => (ns / 1e9) * (1 - SLACK)),
    };
  });
  return {
    resources: [...names, ...problem.models.map(({ name }) => `tasks of ${name} in flight`)],
    runs,
    states: withoutWorse(states).map((supply) =>
      [...supply, ...concurrency].map((each) => each * (1 + SLACK)),
    ),
    rates,
  };
}

/** Resources of a device: their names, what a run uses of them in nanoseconds, and what states supply. */
interface Terms {
  readonly names: readonly string[];
  readonly usesOf: (run: number) => readonly number[];
  readonly states: readonly (readonly number[])[];
}

type Table = ReturnType<typeof runTableOf>;

function gpuTerms(
  { arithmetic, mixed, bandwidth }: Extract<ServingDevice, { kind: "gpu" }>["interference"],
  table: Table,
  most: number,
): Terms {
  // Which neighbors a task has is not known: they cost at least the least of the three.
  const each = Math.max(0, Math.min(arithmetic, mixed, bandwidth));
  const residentNs = (run: number): number => {
    let ns = 0;
    for (let stage = table.start[run]!; stage < table.end[run]!; stage++) {
      ns += table.share[stage]! > 0 ? table.ns[stage]! : 0;
    }
    return ns;
  };
  return {
    names: ["room", "arithmetic", "bandwidth", "tasks next to each other"],
    usesOf: (run) => [
      table.shareNs[run]!,
      table.arithmeticNs[run]!,
      table.bandwidthNs[run]!,
      residentNs(run),
    ],
    states: Array.from({ length: most }, (_, at) => {
      const supply = 1 / (1 + each * at);
      return [supply, supply, supply, (at + 1) * supply];
    }),
  };
}

function cpuTerms(
  device: Extract<ServingDevice, { kind: "cpu" }>,
  table: Table,
  most: number,
): Terms {
  const threads = Math.min(
    device.workers,
    most * table.share.reduce((widest, each) => Math.max(widest, each), 1),
  );
  return {
    names: ["threads"],
    usesOf: (run) => [table.shareNs[run]! * leastContention(table, run, device)],
    states: Array.from({ length: Math.ceil(threads) }, (_, at) => [
      (at + 1) * cpuSpeed(device, at + 1),
    ]),
  };
}

/**
 * What was measured of a run in terms of the device's slowdown: of all states of the device that the run can be in,
 * the least that it takes there. Beyond what either knows both grow in proportion to the threads.
 */
function leastContention(
  table: Table,
  run: number,
  device: Extract<ServingDevice, { kind: "cpu" }>,
): number {
  const stage = table.start[run]!;
  const measured = table.contention[stage];
  if (measured === undefined) {
    return 1;
  }
  const own = Math.max(1, Math.ceil(table.share[stage]!));
  const last = Math.max(own, measured.length, device.workers, device.slowdown.length);
  let least = Number.POSITIVE_INFINITY;
  for (let threads = own; threads <= last; threads++) {
    least = Math.min(least, contentionAt(measured, threads) * cpuSpeed(device, threads));
  }
  return least;
}

/** The states that supply more of something than every other one. */
function withoutWorse(states: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const covers = (a: readonly number[], b: readonly number[]): boolean =>
    a.every((each, at) => each >= (b[at] ?? 0));
  return states.filter(
    (state, at) =>
      !states.some(
        (other, i) => i !== at && covers(other, state) && (i > at || !covers(state, other)),
      ),
  );
}
