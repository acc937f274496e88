/**
 * The shortest whole schedule of few blocks, exactly: the shortest way through all that a pipeline can be doing.
 *
 * A *state* is what is known at a moment at which something has just ended or arrived: how many micro-batches each block has
 * begun, how long what runs still takes, and what is on its way. Micro-batches are alike and taken in their order. From
 * there any of the blocks may begin that find inputs, devices and memory; in any schedule a block may begin earlier, until one of these
 * keeps it, and these become free at such moments only. So no schedule is shorter than the shortest way from the
 * empty pipeline to one that is done.
 *
 * Ways are tried in the order of what they take at least (A*, Hart, Nilsson and Raphael, 1968): what is over, and what every
 * device and every block still has before it. Where memory is short few states can be reached, and that is where other
 * bounds are weak.
 */
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { leastRest } from "./least-rest.js";
import { ableToBegin, hasMemory, keyOf, type State } from "./state.js";
import { type StateProblem, stateProblem } from "./state-problem.js";

/** Limits of a search. */
export interface StateLimits {
  /** Only schedules that take less are of interest. */
  readonly below: number;
  /** Choices of blocks to begin that are looked at, at most. */
  readonly choices: number;
}

/** What was found, and whether nothing shorter exists. */
export interface StatesAnswer {
  /** The shortest schedule below the limit; `undefined`: none was found. */
  readonly whole: PipelineSchedule | undefined;
  /** Every way was tried: `whole` is the shortest, or nothing is below the limit. */
  readonly isProved: boolean;
  readonly choices: number;
}

/**
 * The shortest schedule of `microBatches` micro-batches below a limit.
 *
 * Deterministic. Cost: some microseconds for each choice, some hundred bytes for each state.
 */
export function shortestByStates(
  placement: Placement,
  microBatches: number,
  { below, choices }: StateLimits,
): StatesAnswer {
  const problem = stateProblem(placement, microBatches);
  if (problem === undefined) {
    return { whole: undefined, isProved: false, choices: 0 };
  }
  const search = new StateSearch(problem, Math.ceil(below / problem.unit), choices);
  const last = search.run();
  return {
    whole: last === undefined ? undefined : scheduleOf(placement, problem, search.way(last)),
    isProved: last !== undefined || !search.isCutShort,
    choices: search.choices,
  };
}

/** A step of a way: these begin at that time. */
interface Begin {
  readonly block: number;
  readonly microBatch: number;
  readonly time: number;
}

class StateSearch {
  choices = 0;
  isCutShort = false;
  readonly #problem: StateProblem;
  readonly #below: number;
  readonly #most: number;
  /** By state: when, from which state, and what began there. */
  readonly #states: State[] = [];
  readonly #times: number[] = [];
  readonly #parents: number[] = [];
  readonly #starts: number[] = [];
  /** By state: whether another like it is reached earlier. */
  readonly #isLate: boolean[] = [];
  readonly #known = new Map<string, number>();
  /** States by the least time that a way through them takes; the newest of equal ones first. */
  readonly #open: number[][] = [];
  /** No way that is still open takes less. */
  #least = 0;

  constructor(problem: StateProblem, below: number, most: number) {
    this.#problem = problem;
    this.#below = below;
    this.#most = most;
    const { blocks, latencies } = problem;
    const none = new Array<number>(blocks).fill(0);
    this.#reach({ begun: none, rest: none, coming: latencies.map(() => []) }, 0, -1, 0);
  }

  /** The state of the shortest schedule that has begun everything; `undefined`: none below the limit, or cut short. */
  run(): number | undefined {
    for (let least = 0; least < this.#below; least++) {
      this.#least = least;
      const open = this.#open[least];
      for (let id = open?.pop(); id !== undefined; id = open?.pop()) {
        const state = this.#states[id]!;
        if (this.#isLate[id] === true) {
          continue;
        }
        if (state.begun.every((count) => count === this.#problem.microBatches)) {
          return id;
        }
        this.#expand(id, state);
        if (this.isCutShort) {
          return undefined;
        }
      }
      delete this.#open[least];
    }
    return undefined;
  }

  /** All that begins on the way to a state. */
  way(last: number): readonly Begin[] {
    const begins: Begin[] = [];
    for (let id = last; this.#parents[id]! >= 0; id = this.#parents[id]!) {
      const parent = this.#parents[id]!;
      const { begun } = this.#states[parent]!;
      for (let block = 0; block < this.#problem.blocks; block++) {
        if ((this.#starts[id]! & (1 << block)) !== 0) {
          begins.push({ block, microBatch: begun[block]!, time: this.#times[parent]! });
        }
      }
    }
    return begins;
  }

  #reach(state: State, time: number, parent: number, starts: number): void {
    const least = Math.max(this.#least, time + leastRest(this.#problem, state));
    if (least >= this.#below) {
      return;
    }
    const key = keyOf(state);
    const known = this.#known.get(key);
    if (known !== undefined && this.#times[known]! <= time) {
      return;
    }
    if (known !== undefined) {
      this.#isLate[known] = true;
    }
    const id = this.#states.length;
    this.#known.set(key, id);
    this.#states.push(state);
    this.#times.push(time);
    this.#parents.push(parent);
    this.#starts.push(starts);
    this.#isLate.push(false);
    const open = this.#open[least] ?? [];
    open.push(id);
    this.#open[least] = open;
  }

  /** Every choice of blocks to begin. */
  #expand(id: number, state: State): void {
    const able = ableToBegin(this.#problem, state);
    const { bits } = this.#problem;
    const choose = (at: number, starts: number, used: number): void => {
      const block = able[at];
      if (block === undefined) {
        this.choices++;
        this.isCutShort = this.choices >= this.#most;
        this.#advance(id, state, starts);
        return;
      }
      if (this.isCutShort) {
        return;
      }
      choose(at + 1, starts, used);
      if ((bits[block]! & used) === 0) {
        choose(at + 1, starts | (1 << block), used | bits[block]!);
      }
    };
    choose(0, 0, 0);
  }

  #advance(id: number, state: State, starts: number): void {
    const begun = state.begun.map((count, block) => count + ((starts >> block) & 1));
    if (!hasMemory(this.#problem, begun, state)) {
      return;
    }
    const { duration, latencies, sources, microBatches } = this.#problem;
    const running = state.rest.map((left, block) =>
      ((starts >> block) & 1) === 1 ? duration[block]! : left,
    );
    let time = Number.POSITIVE_INFINITY;
    for (const left of running) {
      time = left > 0 ? Math.min(time, left) : time;
    }
    for (const list of state.coming) {
      time = Math.min(time, list[0] ?? time);
    }
    if (begun.every((count) => count === microBatches)) {
      time = Math.max(...running);
    }
    if (time === Number.POSITIVE_INFINITY) {
      return;
    }
    const coming = state.coming.map((list, at) => {
      const ends = running[sources[at]!] === time && latencies[at]! > 0;
      return list.length === 0 && !ends
        ? list
        : laterOf(list, time, ends ? latencies[at] : undefined);
    });
    const rest = running.map((left) => Math.max(0, left - time));
    this.#reach({ begun, rest, coming }, this.#times[id]! + time, id, starts);
  }
}

/** What is on its way after a time, and what sets out then. */
function laterOf(
  list: readonly number[],
  time: number,
  latency: number | undefined,
): readonly number[] {
  const later: number[] = [];
  for (const left of list) {
    if (left > time) {
      later.push(left - time);
    }
  }
  if (latency !== undefined) {
    later.push(latency);
  }
  return later;
}

function scheduleOf(
  { blocks }: Placement,
  { unit, microBatches }: StateProblem,
  begins: readonly Begin[],
): PipelineSchedule {
  const instances = begins
    .map(({ block, microBatch, time }): BlockInstance => {
      const start = time * unit;
      const end = start + blocks[block]!.duration;
      return { block, microBatch, start, end, phase: "repetend" };
    })
    .sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances, makespan };
}
