/**
 * Finds start times that repeat with a given period, or shows that there are none.
 *
 * Problem: give every block an integer start so that dependencies hold, the blocks of a device do
 * not meet modulo the period, and the steady-state memory of no device passes its limit. The number
 * of periods between two blocks is free. Several micro-batches per period are copies of the graph.
 *
 * Idea: place blocks outwards from the middle of each connected part (`outwardOrder`), depth first.
 * A block with placed predecessors only tries the `period` times from its earliest on, one per
 * position in the period: a later time with the same position, and everything behind it, could move
 * one period earlier, which on every device changes the level by what the part behind gives and
 * takes in sum. Where that sum is never positive nothing is lost; where it may be, more periods are
 * tried and a failure is no proof. Blocks with placed successors only: the mirror image.
 *
 * Four things cut the tree:
 * - copies of a block keep their order (`TimeWindows`);
 * - the least average level that the windows allow passes the limit (`TimeWindows`);
 * - free gaps on a device shorter than all its remaining blocks are lost (`DeviceRings`);
 * - two partial placements are equivalent when the times of the blocks that the rest can see (a
 *   neighbor, or another block of a device, not yet placed) are equal up to a shift: failures are
 *   remembered by those times. On nested chains this makes the search the dynamic program over
 *   (position of forward, position of backward, distance), so 16 devices take milliseconds.
 *
 * The first two do not contradict each other: of all schedules take one with the least sum of
 * distances over all dependencies. None of its parts can move a period closer, or the sum would be
 * less; and sorting the copies of a block leaves the sum as it is.
 *
 * Blocks on three or more devices get their position in the period first: else all devices stayed visible to the end.
 *
 * Example: V-shape, 4 devices, period 4: f4 at 0, b4 at 1, then f3 in one of -1, -2, -3, -4: -1 fits,
 * b3 at 4 lies at position 0 to 3 and meets f3 at position 3, so b3 goes to 5 at the earliest that
 * fits, and so on.
 *
 * Source: modulo scheduling (Rau, MICRO 1994), with exact search and a memory bound of our own.
 */
import { modulo } from "../cyclic/taken-times.js";
import { type Decision, decisionsOf } from "./decisions.js";
import { DeviceRings } from "./device-rings.js";
import { LatencySpans } from "./latency-spans.js";
import type { ModuloProblem } from "./modulo-problem.js";
import { NumberKey } from "./number-key.js";
import { type Places, TimeWindows } from "./time-windows.js";

/** How far to look. */
export interface ModuloOptions {
  /** Per device; `undefined` is unlimited. */
  readonly limits: readonly (number | undefined)[];
  /** All blocks of one copy, each once. */
  readonly order: readonly number[];
  /** Placements tried at most. */
  readonly maxNodes: number;
  /** Last end minus first start of a micro-batch; default none. */
  readonly latency?: number;
  /** Asked every thousand nodes or so, with how many there were. */
  readonly shouldStop?: (nodes: number) => boolean;
}

/** What a search found. */
export interface ModuloOutcome {
  /** Start of each block, or `undefined`. */
  readonly times: Float64Array | undefined;
  /** Without times: there are none (a proof). */
  readonly exhausted: boolean;
  readonly nodes: number;
}

const MAX_MEMO = 400_000;
/** Periods tried beyond the first where a later one might be of use. */
const EXTRA_PERIODS = 2;
const STOP_EVERY = 1024;

/** Depth-first search for start times with `period`, an integer; deterministic. */
export function searchModulo(
  problem: ModuloProblem,
  period: number,
  options: ModuloOptions,
): ModuloOutcome {
  return new ModuloSearch(problem, period, options).run(options.maxNodes);
}

/** A search that can be interrupted and goes on where it was. */
export class ModuloSearch implements Places {
  readonly #time: Float64Array;
  /** Position in the period; -1 without one. */
  readonly #slot: Int32Array;
  readonly #timed: Uint8Array;
  readonly #windows: TimeWindows;
  readonly #rings: DeviceRings;
  readonly #spans: LatencySpans;
  readonly #limits: Float64Array;
  readonly #decisions: readonly Decision[];
  readonly #memo = new Set<string>();
  /** Per depth: the next time to try, the last, and the step. */
  readonly #next: Float64Array;
  readonly #last: Float64Array;
  readonly #step: Float64Array;
  #exact = true;
  #nodes = 0;
  readonly #problem: ModuloProblem;
  readonly #period: number;
  readonly #options: Omit<ModuloOptions, "maxNodes">;
  readonly #marks: Int32Array;
  readonly #key: NumberKey;
  readonly #keys: (string | undefined)[] = [undefined];
  #depth = 0;
  /** The time that was to be tried when the search was interrupted. */
  #held: number | undefined;

  constructor(problem: ModuloProblem, period: number, options: Omit<ModuloOptions, "maxNodes">) {
    this.#problem = problem;
    this.#period = period;
    this.#options = options;
    this.#limits = Float64Array.from(problem.events, (events, device) =>
      events.reduce((sum, { change }) => sum + change, 0) === 0
        ? (options.limits[device] ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY,
    );
    this.#time = new Float64Array(problem.count);
    this.#slot = new Int32Array(problem.count).fill(-1);
    this.#timed = new Uint8Array(problem.count);
    this.#rings = new DeviceRings(problem, period);
    this.#windows = new TimeWindows(problem, period, this.#limits, this);
    this.#spans = new LatencySpans(problem, this.#windows, options.latency);
    this.#decisions = decisionsOf(problem, options.order, this.#limits);
    this.#next = new Float64Array(this.#decisions.length);
    this.#last = new Float64Array(this.#decisions.length);
    this.#step = new Float64Array(this.#decisions.length);
    this.#marks = new Int32Array(this.#decisions.length);
    this.#key = new NumberKey(problem.count + 1);
    this.#begin(0);
  }

  /** Searches until `maxNodes` nodes are placed, with those of earlier calls. */
  run(maxNodes: number): ModuloOutcome {
    const decisions = this.#decisions;
    while (this.#depth < decisions.length) {
      const depth = this.#depth;
      const value = this.#held ?? this.#nextTime(depth);
      if (value === undefined) {
        if (this.#goBack()) {
          continue;
        }
        return { times: undefined, exhausted: this.#exact, nodes: this.#nodes };
      }
      if (this.#held === undefined && this.#isInterrupted(maxNodes)) {
        this.#held = value;
        return { times: undefined, exhausted: false, nodes: this.#nodes };
      }
      this.#held = undefined;
      this.#marks[depth] = this.#windows.mark;
      const fits = this.#place(depth, value);
      const key = fits ? this.#keyOf(depth + 1) : undefined;
      if (!fits || (key !== undefined && this.#memo.has(key))) {
        this.#undo(depth, this.#marks[depth] ?? 0);
        continue;
      }
      this.#depth++;
      this.#keys[depth + 1] = key;
      this.#begin(depth + 1);
    }
    return { times: this.#time, exhausted: false, nodes: this.#nodes };
  }

  /** Takes the last decision back; false where there is none. */
  #goBack(): boolean {
    const key = this.#keys[this.#depth];
    if (key !== undefined && this.#memo.size < MAX_MEMO) {
      this.#memo.add(key);
    }
    this.#depth--;
    if (this.#depth >= 0) {
      this.#undo(this.#depth, this.#marks[this.#depth] ?? 0);
    }
    return this.#depth >= 0;
  }

  /** Counts a node. */
  #isInterrupted(maxNodes: number): boolean {
    const { shouldStop } = this.#options;
    this.#nodes++;
    return (
      this.#nodes > maxNodes ||
      (this.#nodes % STOP_EVERY === 0 && shouldStop?.(this.#nodes) === true)
    );
  }

  /** What the decisions from `depth` on can see of those before it; which have a time depends on the depth alone. */
  #keyOf(depth: number): string | undefined {
    const visible = this.#decisions[depth]?.visible;
    if (visible === undefined) {
      return undefined;
    }
    const key = this.#key;
    key.clear();
    key.add(depth);
    let origin = Number.NaN;
    for (let i = 0; i < visible.length; i++) {
      const block = visible[i] ?? 0;
      const time = this.#timed[block] === 1 ? (this.#time[block] ?? 0) : Number.NaN;
      key.add(Number.isNaN(time - origin) ? (this.#slot[block] ?? 0) : time - origin);
      origin = Number.isNaN(origin) ? time : origin;
    }
    return `${key.text()}${this.#spans.key(origin)}`;
  }

  #place(depth: number, value: number): boolean {
    const decision = this.#decisions[depth];
    if (decision === undefined) {
      return false;
    }
    const { block, slotOnly, hasSlot, finishes } = decision;
    if (!hasSlot) {
      const slot = modulo(value, this.#period);
      this.#slot[block] = slot;
      this.#rings.mark(block, slot, true);
    }
    if (slotOnly) {
      return this.#rings.leavesRoom(block) && this.#isCyclic(block);
    }
    this.#timed[block] = 1;
    this.#time[block] = value;
    return (
      this.#windows.place(block, value) &&
      (hasSlot || (this.#rings.leavesRoom(block) && this.#tightenBeside(block))) &&
      this.#levelsFit() &&
      finishes.every(
        (device) => this.#rings.peak(device, this.#time) <= (this.#limits[device] ?? 0),
      ) &&
      this.#spans.fit()
    );
  }

  #undo(depth: number, mark: number): void {
    const decision = this.#decisions[depth];
    if (decision !== undefined) {
      const { block, slotOnly, hasSlot } = decision;
      if (!hasSlot) {
        this.#rings.mark(block, this.#slot[block] ?? 0, false);
        this.#slot[block] = -1;
      }
      if (!slotOnly) {
        this.#timed[block] = 0;
      }
    }
    this.#windows.undo(mark);
  }

  firstFrom(block: number, time: number): number {
    if (this.#timed[block] === 1) {
      return time;
    }
    const slot = this.#slot[block] ?? 0;
    const from = modulo(time, this.#period);
    return slot >= 0
      ? time + modulo(slot - from, this.#period)
      : time + this.#rings.nextFree(block, from);
  }

  lastUpTo(block: number, time: number): number {
    if (this.#timed[block] === 1) {
      return time;
    }
    const slot = this.#slot[block] ?? 0;
    const from = modulo(time, this.#period);
    return slot >= 0
      ? time - modulo(from - slot, this.#period)
      : time - this.#rings.previousFree(block, from);
  }

  /** Moves the windows of the blocks that share a device with `block` off its place. */
  #tightenBeside(block: number): boolean {
    for (const device of this.#problem.devicesOf[block] ?? []) {
      for (const other of this.#problem.blocksOn[device] ?? []) {
        if ((this.#slot[other] ?? 0) < 0 && !this.#windows.tighten(other)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether the level of every device can stay within its limit at every moment. */
  #levelsFit(): boolean {
    const { earliest, latest } = this.#windows;
    for (let device = 0; device < this.#limits.length; device++) {
      const limit = this.#limits[device] ?? 0;
      if (
        limit !== Number.POSITIVE_INFINITY &&
        this.#rings.leastPeak(device, earliest, latest) > limit
      ) {
        return false;
      }
    }
    return true;
  }

  /** Whether the copies of a block placed so far come in their order around the period. */
  #isCyclic(block: number): boolean {
    const { base } = this.#problem;
    const origin = this.#slot[block % base] ?? 0;
    let last = -1;
    for (let copy = block % base; copy <= block; copy += base) {
      const turn = modulo((this.#slot[copy] ?? 0) - origin, this.#period);
      if (turn < last) {
        return false;
      }
      last = turn;
    }
    return true;
  }

  /** Sets up the times that the decision at `depth` will try. */
  #begin(depth: number): void {
    const decision = this.#decisions[depth];
    if (decision === undefined) {
      return;
    }
    const { block, slotOnly, hasSlot, side } = decision;
    const [low, high] = this.#windowOf(decision, depth);
    const late = side === "before";
    const step = hasSlot && !slotOnly ? this.#period : 1;
    const slot = this.#slot[block] ?? 0;
    const from = late ? high : low;
    const offset = step === 1 ? 0 : late ? modulo(high - slot, step) : modulo(slot - low, step);
    this.#next[depth] = late ? from - offset : from + offset;
    this.#last[depth] = late ? low : high;
    this.#step[depth] = late ? -step : step;
  }

  #nextTime(depth: number): number | undefined {
    const decision = this.#decisions[depth];
    const step = this.#step[depth] ?? 1;
    const last = this.#last[depth] ?? 0;
    let time = this.#next[depth] ?? 0;
    if (decision === undefined) {
      return undefined;
    }
    const { block, hasSlot } = decision;
    while (step > 0 ? time <= last : time >= last) {
      const value = time;
      time += step;
      if (hasSlot || this.#rings.isFree(block, modulo(value, this.#period))) {
        this.#next[depth] = time;
        return value;
      }
    }
    this.#next[depth] = time;
    return undefined;
  }

  /** First and last time to try. */
  #windowOf(decision: Decision, depth: number): readonly [number, number] {
    const period = this.#period;
    const { block, slotOnly, side, dominated } = decision;
    if (slotOnly) {
      return [0, depth === 0 ? 0 : period - 1];
    }
    const low = this.#windows.earliest[block] ?? 0;
    const high = this.#windows.latest[block] ?? 0;
    const reach = period * (dominated ? 1 : 1 + EXTRA_PERIODS) - 1;
    const [least, most] =
      side === "none" ? this.#firstPeriod(low, high, depth) : this.#reachable(block, side, reach);
    const from = Math.max(low, least);
    const to = Math.min(high, most);
    if (!dominated && (from > low || to < high)) {
      this.#exact = false;
    }
    return [from, to];
  }

  /** One period of times for a block without placed neighbors. */
  #firstPeriod(low: number, high: number, depth: number): readonly [number, number] {
    if (Number.isFinite(low)) {
      return [low, low + this.#period - 1];
    }
    return Number.isFinite(high)
      ? [high - this.#period + 1, high]
      : [0, depth === 0 ? 0 : this.#period - 1];
  }

  /** Times within `reach` of the placed neighbors. */
  #reachable(block: number, side: Decision["side"], reach: number): readonly [number, number] {
    if (side === "before") {
      let high = Number.POSITIVE_INFINITY;
      for (const { block: to, gap } of this.#problem.after[block] ?? []) {
        if (this.#timed[to] === 1) {
          high = Math.min(high, (this.#time[to] ?? 0) - gap);
        }
      }
      return [high - reach, high];
    }
    let low = Number.NEGATIVE_INFINITY;
    for (const { block: from, gap } of this.#problem.before[block] ?? []) {
      if (this.#timed[from] === 1) {
        low = Math.max(low, (this.#time[from] ?? 0) + gap);
      }
    }
    return [low, low + reach];
  }
}
