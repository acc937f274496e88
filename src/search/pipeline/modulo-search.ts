/**
 * Finds start times that repeat with a given period, or shows that there are none.
 *
 * Problem: give every block an integer start so that dependencies hold, the blocks of a device do
 * not meet modulo the period, and the steady-state memory of no device passes its limit. The number
 * of periods between two blocks is free.
 *
 * Idea: place blocks outwards from the middle of each connected part (`outwardOrder`), depth first.
 * A block with placed predecessors only tries the `period` times from its earliest on, one per
 * position in the period: a later time with the same position, and everything behind it, could move
 * one period earlier, which on every device changes the level by what the part behind gives and
 * takes in sum. Where that sum is never positive nothing is lost; where it may be, more periods are
 * tried and a failure is no proof. Blocks with placed successors only: the mirror image.
 *
 * Three things cut the tree:
 * - the level averaged over a period is sum(release times) - sum(take times), over the period
 *   (Hermite's identity), and is at most the limit. Longest paths give the earliest releases and the
 *   latest takes of what is not placed;
 * - free gaps on a device shorter than all its remaining blocks are lost;
 * - two partial placements are equivalent when the times of the blocks that the rest can see (a
 *   neighbour, or another block of a device, not yet placed) are equal up to a shift: failures are
 *   remembered by those times. On nested chains this makes the search the dynamic program over
 *   (position of forward, position of backward, distance), so 16 devices take milliseconds.
 *
 * Blocks on three or more devices get their position in the period first: otherwise they would
 * keep all devices visible to the end.
 *
 * Example: V-shape, 4 devices, period 4: f4 at 0, b4 at 1, then f3 in one of -1, -2, -3, -4: -1 fits,
 * b3 at 4 lies at position 0 to 3 and meets f3 at position 3, so b3 goes to 5 at the earliest that
 * fits, and so on.
 *
 * The obvious way, an integer program over positions and shifts, takes seconds to minutes where this
 * takes milliseconds, because its bound on memory is weak.
 *
 * Source: modulo scheduling (Rau, MICRO 1994), with exact search and a memory bound of our own.
 */
import type { Random } from "../../core/random.js";
import type { ModuloProblem } from "./modulo-problem.js";
import { peakLevel } from "./steady-memory.js";

/** How far to look. */
export interface ModuloOptions {
  /** Per device; `undefined` is unlimited. */
  readonly limits: readonly (number | undefined)[];
  /** All blocks, each once. */
  readonly order: readonly number[];
  /** Try every position (small periods), or only those that touch another block. */
  readonly complete: boolean;
  /** Placements tried at most. */
  readonly maxNodes: number;
  /** Last end minus first start of a micro-batch; default none. */
  readonly latency?: number;
  readonly shouldStop?: () => boolean;
  /** Mixes the order of equally near candidates when given. */
  readonly random?: Random;
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
/** Candidates per block in searches that are not complete. */
const WIDTH = 4;

/** Depth-first search for start times with `period`; deterministic. */
export function searchModulo(
  problem: ModuloProblem,
  period: number,
  options: ModuloOptions,
): ModuloOutcome {
  return new ModuloSearch(problem, period, options).run();
}

/** One decision: the position in the period of a block on many devices, or a block's time. */
interface Decision {
  readonly block: number;
  readonly slotOnly: boolean;
  /** Later periods of the same position may be left out. */
  readonly dominated: boolean;
  /** Blocks that the rest still sees. */
  readonly visible: readonly number[];
  /** The same decision of the previous copy. */
  readonly twin: number | undefined;
  /** Devices that this decision finishes. */
  readonly finishes: readonly number[];
}

class ModuloSearch {
  private readonly time: Float64Array;
  private readonly slot: Float64Array;
  private readonly timed: Uint8Array;
  private readonly earliest: Float64Array;
  private readonly latest: Float64Array;
  /** Block, whether `latest`, old value. */
  private readonly trail: number[] = [];
  private readonly decisions: readonly Decision[];
  private readonly memo = new Set<string>();
  private readonly held: Float64Array;
  private readonly limited: readonly number[];
  private exact: boolean;
  private nodes = 0;

  private readonly problem: ModuloProblem;
  private readonly period: number;
  private readonly options: ModuloOptions;

  constructor(problem: ModuloProblem, period: number, options: ModuloOptions) {
    this.problem = problem;
    this.period = period;
    this.options = options;
    const { count } = problem;
    this.time = new Float64Array(count);
    this.slot = new Float64Array(count).fill(-1);
    this.timed = new Uint8Array(count);
    this.earliest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.latest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.exact = options.complete;
    this.decisions = decide(problem, options);
    this.held = Float64Array.from(problem.blocksOn, (blocks) =>
      blocks.reduce(
        (sum, block) => sum + (problem.workspace[block] ?? 0) * (problem.duration[block] ?? 0),
        0,
      ),
    );
    this.limited = problem.events.flatMap((events, device) =>
      options.limits[device] !== undefined && events.reduce((sum, e) => sum + e.change, 0) === 0
        ? [device]
        : [],
    );
  }

  run(): ModuloOutcome {
    const candidates: number[][] = [this.candidates(0)];
    const cursor: number[] = [0];
    const marks: number[] = [];
    const keys: (string | undefined)[] = [undefined];
    let depth = 0;
    while (depth < this.decisions.length) {
      const value = candidates[depth]?.[cursor[depth] ?? 0];
      if (value === undefined) {
        this.remember(keys[depth]);
        depth--;
        if (depth < 0) {
          return { times: undefined, exhausted: this.exact, nodes: this.nodes };
        }
        this.undo(depth, marks[depth] ?? 0);
        continue;
      }
      cursor[depth] = (cursor[depth] ?? 0) + 1;
      this.nodes++;
      if (this.outOfBudget()) {
        return { times: undefined, exhausted: false, nodes: this.nodes };
      }
      marks[depth] = this.trail.length;
      if (!this.place(depth, value)) {
        this.undo(depth, marks[depth] ?? 0);
        continue;
      }
      const key = this.keyOf(depth + 1);
      if (key !== undefined && this.memo.has(key)) {
        this.undo(depth, marks[depth] ?? 0);
        continue;
      }
      depth++;
      candidates[depth] = depth < this.decisions.length ? this.candidates(depth) : [];
      cursor[depth] = 0;
      keys[depth] = key;
    }
    return { times: this.time, exhausted: false, nodes: this.nodes };
  }

  private outOfBudget(): boolean {
    const { maxNodes, shouldStop } = this.options;
    return this.nodes > maxNodes || (this.nodes % STOP_EVERY === 0 && shouldStop?.() === true);
  }

  private remember(key: string | undefined): void {
    if (key !== undefined && this.memo.size < MAX_MEMO) {
      this.memo.add(key);
    }
  }

  private keyOf(depth: number): string | undefined {
    const decision = this.decisions[depth];
    if (!this.options.complete || decision === undefined) {
      return undefined;
    }
    let key = `${depth}`;
    let origin = Number.NaN;
    for (const block of decision.visible) {
      if (this.timed[block] === 0) {
        key += `,s${this.slot[block]}`;
      } else if (Number.isNaN(origin)) {
        origin = this.time[block] ?? 0;
        key += `,${this.slot[block]}`;
      } else {
        key += `,${(this.time[block] ?? 0) - origin}`;
      }
    }
    if (decision.twin !== undefined) {
      key += `t${this.slot[decision.twin]}`;
    }
    return key;
  }

  private place(depth: number, value: number): boolean {
    const decision = this.decisions[depth];
    if (decision === undefined) {
      return false;
    }
    const { block } = decision;
    const slot = modulo(value, this.period);
    this.slot[block] = slot;
    if (!decision.slotOnly) {
      this.timed[block] = 1;
      this.time[block] = value;
      if (!this.tighten(block, value) || !this.averageFits() || !this.latencyFits()) {
        return false;
      }
    }
    return this.gapsFit(block) && this.finishedFit(decision);
  }

  private undo(depth: number, mark: number): void {
    const decision = this.decisions[depth];
    if (decision !== undefined) {
      const early = this.options.complete && isSpread(this.problem, decision.block);
      if (decision.slotOnly || !early) {
        this.slot[decision.block] = -1;
      }
      if (!decision.slotOnly) {
        this.timed[decision.block] = 0;
      }
    }
    const { trail } = this;
    while (trail.length > mark) {
      const value = trail.pop() ?? 0;
      const late = trail.pop() === 1;
      const block = trail.pop() ?? 0;
      if (late) {
        this.latest[block] = value;
      } else {
        this.earliest[block] = value;
      }
    }
  }

  /** Propagates a placed time along dependencies; false when a window is empty. */
  private tighten(block: number, value: number): boolean {
    return this.raise(block, value) && this.lower(block, value);
  }

  private raise(root: number, value: number): boolean {
    const stack = [root];
    this.trail.push(root, 0, this.earliest[root] ?? 0);
    this.earliest[root] = value;
    for (let block = stack.pop(); block !== undefined; block = stack.pop()) {
      const start = this.earliest[block] ?? 0;
      for (const { block: to, gap } of this.problem.after[block] ?? []) {
        const old = this.earliest[to] ?? 0;
        if (start + gap > old) {
          if (start + gap > (this.latest[to] ?? 0)) {
            return false;
          }
          this.trail.push(to, 0, old);
          this.earliest[to] = start + gap;
          stack.push(to);
        }
      }
    }
    return true;
  }

  private lower(root: number, value: number): boolean {
    const stack = [root];
    this.trail.push(root, 1, this.latest[root] ?? 0);
    this.latest[root] = value;
    for (let block = stack.pop(); block !== undefined; block = stack.pop()) {
      const start = this.latest[block] ?? 0;
      for (const { block: from, gap } of this.problem.before[block] ?? []) {
        const old = this.latest[from] ?? 0;
        if (start - gap < old) {
          if (start - gap < (this.earliest[from] ?? 0)) {
            return false;
          }
          this.trail.push(from, 1, old);
          this.latest[from] = start - gap;
          stack.push(from);
        }
      }
    }
    return true;
  }

  private averageFits(): boolean {
    for (const device of this.limited) {
      let sum = this.held[device] ?? 0;
      for (const { block, boundOffset, change } of this.problem.events[device] ?? []) {
        const start = change > 0 ? this.latest[block] : this.earliest[block];
        sum -= change * ((start ?? 0) + boundOffset);
      }
      if (sum > (this.options.limits[device] ?? 0) * this.period) {
        return false;
      }
    }
    return true;
  }

  private latencyFits(): boolean {
    const { latency } = this.options;
    if (latency === undefined) {
      return true;
    }
    const { base, count, duration } = this.problem;
    for (let copy = 0; copy < count; copy += base) {
      let first = Number.POSITIVE_INFINITY;
      let last = Number.NEGATIVE_INFINITY;
      for (let block = copy; block < copy + base; block++) {
        first = Math.min(first, this.latest[block] ?? 0);
        last = Math.max(last, (this.earliest[block] ?? 0) + (duration[block] ?? 0));
      }
      if (last - first > latency) {
        return false;
      }
    }
    return true;
  }

  /** Whether the remaining blocks of each device of `block` can lie in its free gaps. */
  private gapsFit(block: number): boolean {
    return (this.problem.devicesOf[block] ?? []).every((device) => {
      const arcs: number[] = [];
      let rest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (const other of this.problem.blocksOn[device] ?? []) {
        if ((this.slot[other] ?? 0) >= 0) {
          arcs.push(other);
        } else {
          rest += this.problem.duration[other] ?? 0;
          least = Math.min(least, this.problem.duration[other] ?? 0);
        }
      }
      arcs.sort((a, b) => (this.slot[a] ?? 0) - (this.slot[b] ?? 0));
      for (let i = 0; i < arcs.length && rest > 0; i++) {
        const here = arcs[i] ?? 0;
        const next = arcs[i + 1];
        const start = (this.slot[here] ?? 0) + (this.problem.duration[here] ?? 0);
        const end =
          next === undefined ? (this.slot[arcs[0] ?? 0] ?? 0) + this.period : this.slot[next];
        const gap = (end ?? 0) - start;
        rest -= gap >= least ? gap : 0;
      }
      return rest <= 0;
    });
  }

  private finishedFit({ finishes }: Decision): boolean {
    return finishes.every((device) => {
      const limit = this.options.limits[device];
      return (
        limit === undefined || peakLevel(this.problem, device, this.time, this.period) <= limit
      );
    });
  }

  private candidates(depth: number): number[] {
    const decision = this.decisions[depth];
    if (decision === undefined) {
      return [];
    }
    const { block } = decision;
    const [low, high, late] = this.windowOf(decision, depth);
    if (this.slot[block] !== -1 && !decision.slotOnly) {
      return this.withSlot(block, low, high, late);
    }
    const all = this.options.complete
      ? everyTime(low, high, late)
      : this.touching(block, low, high, late);
    return all.filter((time) => this.fits(block, time));
  }

  /** Bounds of the times to try, and whether to begin with the latest. */
  private windowOf(
    { block, slotOnly, dominated, twin }: Decision,
    depth: number,
  ): readonly [number, number, boolean] {
    const { period } = this;
    const low = this.earliest[block] ?? 0;
    const high = this.latest[block] ?? 0;
    const open = low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY;
    if (slotOnly || open) {
      const after = twin === undefined || this.slot[twin] === -1 ? -1 : (this.slot[twin] ?? 0);
      return [depth === 0 ? 0 : after + 1, depth === 0 ? 0 : period - 1, false];
    }
    const reach = period * (dominated ? 1 : 1 + EXTRA_PERIODS) - 1;
    const end = low === Number.NEGATIVE_INFINITY ? high - reach : low;
    if (!dominated && high - low > reach) {
      this.exact = false;
    }
    return low === Number.NEGATIVE_INFINITY
      ? [end, high, true]
      : [low, Math.min(high, low + reach), false];
  }

  private withSlot(block: number, low: number, high: number, late: boolean): number[] {
    const { period } = this;
    const slot = this.slot[block] ?? 0;
    const times: number[] = [];
    for (let t = low + modulo(slot - low, period); t <= high; t += period) {
      times.push(t);
    }
    return late ? times.reverse() : times;
  }

  /** Times at an end of the window or where another block of a device ends (or starts). */
  private touching(block: number, low: number, high: number, late: boolean): number[] {
    const { period, problem } = this;
    const duration = problem.duration[block] ?? 0;
    const times = new Set<number>([late ? high : low]);
    for (const device of problem.devicesOf[block] ?? []) {
      for (const other of problem.blocksOn[device] ?? []) {
        const slot = this.slot[other] ?? 0;
        if (slot >= 0) {
          const end = slot + (problem.duration[other] ?? 0);
          const time = late
            ? high - modulo(high - (slot - duration), period)
            : low + modulo(end - low, period);
          if (time >= low && time <= high) {
            times.add(time);
          }
        }
      }
    }
    const sorted = [...times].sort((a, b) => (late ? b - a : a - b));
    const fitting = sorted.filter((time) => this.fits(block, time)).slice(0, WIDTH);
    const { random } = this.options;
    if (random !== undefined && fitting.length > 1 && random.next() < 0.1) {
      const first = fitting.shift();
      fitting.splice(1, 0, first ?? 0);
    }
    return fitting;
  }

  private fits(block: number, time: number): boolean {
    const { period, problem } = this;
    const duration = problem.duration[block] ?? 0;
    if (duration > period) {
      return false;
    }
    for (const device of problem.devicesOf[block] ?? []) {
      for (const other of problem.blocksOn[device] ?? []) {
        const slot = this.slot[other] ?? 0;
        if (slot >= 0 && other !== block) {
          const ahead = modulo(slot - time, period);
          if (ahead < duration || period - ahead < (problem.duration[other] ?? 0)) {
            return false;
          }
        }
      }
    }
    return true;
  }
}

function everyTime(low: number, high: number, late: boolean): number[] {
  const times: number[] = [];
  for (let t = low; t <= high; t++) {
    times.push(t);
  }
  return late ? times.reverse() : times;
}

function modulo(value: number, period: number): number {
  const rest = value % period;
  return rest < 0 ? rest + period : rest;
}

function isSpread(problem: ModuloProblem, block: number): boolean {
  return (problem.devicesOf[block]?.length ?? 0) >= 3;
}

/** The decisions in order, with what each needs to know. */
function decide(problem: ModuloProblem, { order, limits, complete }: ModuloOptions): Decision[] {
  const spread = complete
    ? Array.from({ length: problem.count }, (_, at) => at).filter((at) => isSpread(problem, at))
    : [];
  const steps = [
    ...spread.map((block) => ({ block, slotOnly: true })),
    ...order.map((block) => ({ block, slotOnly: false })),
  ];
  const slotted = new Uint8Array(problem.count);
  const placed = new Uint8Array(problem.count);
  const waiting = Int32Array.from(problem.blocksOn, (blocks) => blocks.length);
  const first: number[] = [];
  return steps.map(({ block, slotOnly }) => {
    const visible = complete ? visibleBlocks(problem, slotted, placed, waiting) : [];
    const copy = Math.floor(block / problem.base);
    const begins = first[copy] === undefined;
    first[copy] ??= block;
    // Copies are alike: the first decision of each lies later in the period than the one before.
    const twin =
      begins && copy > 0 && first[copy - 1] === block - problem.base
        ? block - problem.base
        : undefined;
    const dominated = slotOnly || (complete && isDominated(problem, block, placed, limits));
    slotted[block] = 1;
    const finishes: number[] = [];
    if (!slotOnly) {
      placed[block] = 1;
      for (const device of problem.devicesOf[block] ?? []) {
        waiting[device] = (waiting[device] ?? 0) - 1;
        if (waiting[device] === 0) {
          finishes.push(device);
        }
      }
    }
    return { block, slotOnly, dominated, visible, twin, finishes };
  });
}

function visibleBlocks(
  { count, before, after, devicesOf }: ModuloProblem,
  slotted: Uint8Array,
  placed: Uint8Array,
  waiting: Int32Array,
): number[] {
  const visible: number[] = [];
  for (let block = 0; block < count; block++) {
    if (slotted[block] === 0 && placed[block] === 0) {
      continue;
    }
    const edges = [...(before[block] ?? []), ...(after[block] ?? [])];
    const near = edges.some(({ block: other }) => placed[other] === 0);
    const shared = devicesOf[block]?.some((device) => (waiting[device] ?? 0) > 0) ?? false;
    if (placed[block] === 0 || near || shared) {
      visible.push(block);
    }
  }
  return visible;
}

/**
 * Whether one period later is never better for `block`, given what is placed: everything not yet
 * placed that hangs on it hangs on the placed part through it alone, on one side, and moving it all
 * towards the placed part never raises a level.
 */
function isDominated(
  problem: ModuloProblem,
  block: number,
  placed: Uint8Array,
  limits: readonly (number | undefined)[],
): boolean {
  const isPlaced = ({ block: other }: { readonly block: number }): boolean => placed[other] === 1;
  const behind = (problem.before[block] ?? []).some(isPlaced);
  const ahead = (problem.after[block] ?? []).some(isPlaced);
  const part = new Set<number>([block]);
  for (const member of part) {
    for (const edge of [...(problem.before[member] ?? []), ...(problem.after[member] ?? [])]) {
      if (!isPlaced(edge)) {
        part.add(edge.block);
      } else if (member !== block) {
        return false;
      }
    }
  }
  return (
    !(behind && ahead) &&
    limits.every((limit, device) => {
      const events = problem.events[device] ?? [];
      const sum = events.reduce((total, e) => total + (part.has(e.block) ? e.change : 0), 0);
      return limit === undefined || (behind ? sum <= 0 : ahead ? sum >= 0 : sum === 0);
    })
  );
}
