/**
 * Proves from the placement alone that no schedule takes less time per micro-batch than a claim says.
 *
 * A schedule passes from one state to the next: how many micro-batches each block has begun, and how long everything that
 * goes on still takes. All states that can be reached are listed here, and potentials for them are looked for: numbers
 * so that no step takes less time, less what the claim grants for the micro-batches it brings, than the potential rises.
 * Where there are such, no way around takes less than what is granted, however many micro-batches it brings.
 *
 * It shares no code with the search (`search/pipeline/configurations`): states are lists here and steps are made block
 * by block. Where there are too many states nothing is proved.
 *
 * Source: potentials of a shortest-path problem (Bellman, 1958; Ford, 1956).
 */
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
  readonly brought: number[] = [];
}

/** Whether no schedule takes less than `each` for a micro-batch. Cost: O(steps x passes). */
export function doubtOn(placement: Placement, each: Ratio): ConfigurationDoubt {
  const steps = stepsOf(placement);
  return steps === undefined ? "too-many" : hasPotentials(steps, each) ? undefined : "too-high";
}

function stepsOf(
  placement: Placement,
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
      const after = afterwards(placement, states[at]!, begins);
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
  const brought = begun.reduce((a, b) => Math.min(a, b));
  return {
    state: {
      begun: begun.map((count) => count - brought),
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
