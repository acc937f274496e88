/**
 * Proves from the placement alone that no schedule takes less time per micro-batch than a claim says.
 *
 * A schedule passes from one state to the next: how many micro-batches each block has begun, and how long everything that
 * goes on still takes. All states that can be reached are listed here, and potentials for them are looked for: numbers
 * so that no step takes less time, less what the claim grants for the micro-batches it brings, than the potential rises.
 * Where there are such, no way around takes less than what is granted, however many micro-batches it brings.
 *
 * Parts of a placement that nothing ties to each other may be any number of micro-batches apart. A claim then says how much of
 * what it grants goes to a micro-batch of each part; as many of each are brought in the long run.
 *
 * It shares no code with the search (`search/pipeline/configurations`): states are lists here and steps are made block
 * by block. Where there are too many states nothing is proved.
 *
 * Source: potentials of a shortest-path problem (Bellman, 1958; Ford, 1956).
 */
import { commonDivisor } from "../core/common-divisor.js";
import type { Block, Placement } from "../placement/placement.js";
import type { Ratio } from "./max-cycle-ratio.js";

/** Choices of blocks to begin that can be looked at; a proof that needs more is not accepted. */
export const MOST_CHOICES = 300_000;

/** Passes over all steps at most; claims that hold take some hundred. */
const MOST_PASSES = 20_000;

/** Why nothing is proved; `undefined`: the claim holds. */
export type ConfigurationDoubt = "too-many" | "too-high" | undefined;

/** What goes on: block, and time until it ends. */
type Going = readonly (readonly [number, number])[];

/** What is on its way: dependency, and time until it is there. */
interface State {
  readonly begun: readonly number[];
  readonly running: Going;
  readonly onWay: Going;
}

/** Steps between states, by position. */
class Steps {
  readonly from: number[] = [];
  readonly to: number[] = [];
  readonly time: number[] = [];
  /** Weighted micro-batches. */
  readonly brought: number[] = [];
}

/** Parts of a placement as lists of blocks, and what a micro-batch of each counts. */
interface Weighted {
  readonly parts: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

/**
 * Whether no schedule takes less than `each` for a micro-batch. `weights`: what a micro-batch of each part of the placement
 * counts, by first block; absent: all blocks are one part. Cost: O(steps x passes).
 */
export function doubtOn(
  placement: Placement,
  each: Ratio,
  weights?: readonly number[],
): ConfigurationDoubt {
  const all = placement.blocks.map((_, block) => block);
  const parts = weights === undefined ? [all] : looseParts(placement);
  const counted = weights ?? [1];
  const total = counted.reduce((sum, weight) => sum + weight, 0);
  const isRight =
    counted.length === parts.length &&
    counted.every((weight) => Number.isSafeInteger(weight) && weight >= 0) &&
    counted.reduce(commonDivisor, 0) === 1;
  if (!isRight) {
    return "too-high";
  }
  const steps = stepsOf(placement, { parts, weights: counted });
  const granted = { numerator: each.numerator, denominator: each.denominator * total };
  return steps === undefined ? "too-many" : hasPotentials(steps, granted) ? undefined : "too-high";
}

/**
 * Blocks that a chain of ties connects, by first block: dependencies tie, and so does memory that one takes and another gives
 * back: on a device with a limit all parts that do not give back all that they take are one.
 */
function looseParts(placement: Placement): readonly (readonly number[])[] {
  const { blocks, devices, dependencies } = placement;
  let parts = blocks.map((_, block) => [block]);
  const tie = (tied: readonly (readonly number[])[]): void => {
    if (tied.length > 1) {
      parts = [...parts.filter((part) => !tied.includes(part)), tied.flat()];
    }
  };
  for (const { from, to } of dependencies) {
    tie(parts.filter((part) => part.includes(from) || part.includes(to)));
  }
  for (const [device, { memory }] of devices.entries()) {
    const keeps = (part: readonly number[]): boolean =>
      part.reduce((sum, at) => {
        const { devices: own, memory: change } = blocks[at]!;
        return sum + (own.includes(device) ? change : 0);
      }, 0) !== 0;
    tie(memory === undefined ? [] : parts.filter(keeps));
  }
  return parts.map((part) => part.toSorted((a, b) => a - b)).toSorted((a, b) => a[0]! - b[0]!);
}

function stepsOf(
  placement: Placement,
  weighted: Weighted,
): { readonly steps: Steps; readonly states: number } | undefined {
  const states: State[] = [{ begun: placement.blocks.map(() => 0), running: [], onWay: [] }];
  const numbers = new Map([[JSON.stringify(states[0]), 0]]);
  const steps = new Steps();
  let choices = 0;
  for (let at = 0; at < states.length; at++) {
    const sets = choicesOf(placement, states[at]!);
    choices += sets.length;
    if (choices > MOST_CHOICES) {
      return undefined;
    }
    for (const begins of sets) {
      const after = afterwards(placement, states[at]!, begins, weighted);
      if (after !== undefined) {
        const key = JSON.stringify(after.state);
        const number = numbers.get(key) ?? states.length;
        if (number === states.length) {
          numbers.set(key, number);
          states.push(after.state);
        }
        steps.from.push(at);
        steps.to.push(number);
        steps.time.push(after.time);
        steps.brought.push(after.brought);
      }
    }
  }
  return { steps, states: states.length };
}

/** Ends of a block by now. */
function endedOf({ begun, running }: State, block: number): number {
  return begun[block]! - (running.some(([each]) => each === block) ? 1 : 0);
}

/** Every set of blocks that can begin together, the empty one too. */
function choicesOf({ blocks, dependencies }: Placement, state: State): readonly number[][] {
  const arrived = dependencies.map(({ from }, at) => {
    return endedOf(state, from) - state.onWay.filter(([each]) => each === at).length;
  });
  const taken = new Set(state.running.flatMap(([block]) => blocks[block]!.devices));
  const ready = blocks.flatMap((block, at) => {
    const waits = dependencies.some((each, k) => each.to === at && arrived[k]! <= state.begun[at]!);
    const runs = state.running.some(([each]) => each === at);
    return waits || runs || block.devices.some((device) => taken.has(device)) ? [] : [at];
  });
  let sets: number[][] = [[]];
  for (const block of ready) {
    const isFree = (set: readonly number[]): boolean =>
      set.every((other) => !share(blocks[other]!, blocks[block]!));
    sets = [...sets, ...sets.filter(isFree).map((set) => [...set, block])];
  }
  return sets;
}

function share(a: Block, b: Block): boolean {
  return a.devices.some((device) => b.devices.includes(device));
}

interface After {
  readonly state: State;
  readonly time: number;
  readonly brought: number;
}

/** The next state; `undefined` where a device has not enough memory, or nothing goes on. */
function afterwards(
  placement: Placement,
  state: State,
  begins: readonly number[],
  { parts, weights }: Weighted,
): After | undefined {
  const { blocks, dependencies } = placement;
  const begun = state.begun.map((count, block) => count + (begins.includes(block) ? 1 : 0));
  if (!fits(placement, begun, (block) => endedOf(state, block))) {
    return undefined;
  }
  const running: Going = [
    ...state.running,
    ...begins.map((block) => [block, blocks[block]!.duration] as const),
  ];
  const times = [...running, ...state.onWay].map(([, left]) => left);
  if (times.length === 0) {
    return undefined;
  }
  const time = times.reduce((a, b) => Math.min(a, b));
  const later = (going: Going): Going =>
    going.flatMap(([each, left]) => (left > time ? [[each, left - time] as const] : []));
  const ends = running.flatMap(([block, left]) => (left === time ? [block] : []));
  const sent = dependencies.flatMap(({ from, latency }, at) =>
    ends.includes(from) && latency > 0 ? [[at, latency] as const] : [],
  );
  const left = [...begun];
  const brought = parts.reduce((sum, part, at) => {
    const least = part.reduce((most, block) => Math.min(most, begun[block]!), begun[part[0]!]!);
    for (const block of part) {
      left[block] = begun[block]! - least;
    }
    return sum + weights[at]! * least;
  }, 0);
  return {
    state: {
      begun: left,
      running: sorted(later(running)),
      onWay: sorted([...later(state.onWay), ...sent]),
    },
    time,
    brought,
  };
}

function sorted(going: Going): Going {
  return [...going].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** Whether every device whose micro-batches give back what they take holds no more than its limit. */
function fits(
  { blocks, devices, memoryRelease }: Placement,
  begun: readonly number[],
  ended: (block: number) => number,
): boolean {
  return devices.every(({ memory }, device) => {
    const own = blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
    const left = own.reduce((sum, at) => sum + blocks[at]!.memory, 0);
    if (memory === undefined || left !== 0) {
      return true;
    }
    const level = own.reduce((sum, at) => {
      const { memory: change, workspace } = blocks[at]!;
      const changed = change < 0 && memoryRelease === "end" ? ended(at) : begun[at]!;
      return sum + change * changed + workspace * (begun[at]! - ended(at));
    }, 0);
    return level <= memory;
  });
}

/** Whether no way around the states takes less than what is granted. */
function hasPotentials(
  { steps, states }: { readonly steps: Steps; readonly states: number },
  { numerator, denominator }: Ratio,
): boolean {
  const potential = new Float64Array(states);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    let isRight = true;
    for (let at = 0; at < steps.from.length; at++) {
      const length = steps.time[at]! * denominator - steps.brought[at]! * numerator;
      const reach = potential[steps.from[at]!]! + length;
      if (reach < potential[steps.to[at]!]!) {
        potential[steps.to[at]!] = reach;
        isRight = false;
      }
    }
    if (isRight) {
      return true;
    }
  }
  return false;
}
