/**
 * Earliest and latest starts of blocks while some have a time, and the memory they imply.
 *
 * Besides dependencies, copies of a block keep their order: copy c + 1 starts after copy c has ended,
 * and copy 0 of the next period after the last. Micro-batches are alike, so sorting the starts of
 * each block breaks no dependency, no device and no memory limit: nothing is lost, and of the many
 * ways to name the same schedule one is left.
 *
 * Averaged over a period, the level of a device is (sum of release times - sum of take times) over the
 * period (Hermite's identity), and must not pass the limit. Earliest releases and latest takes give
 * the least average that is still possible.
 */
import type { ModuloProblem } from "./modulo-problem.js";

/** Where a block may start, on devices that are partly taken. */
export interface Places {
  /** The first such time from `time` on; Infinity without one. */
  firstFrom(block: number, time: number): number;
  /** The last such time up to `time`; -Infinity without one. */
  lastUpTo(block: number, time: number): number;
}

/** Blocks whose neighbors are looked at per change of a window, in times all blocks. */
const ROUNDS = 2;

/**
 * Windows of all blocks of a problem for one period; changes are undone in order.
 *
 * Places and the order of copies can push each other round a circle for long. After a while they are
 * left as they are: windows may be too wide, never too narrow.
 */
export class TimeWindows {
  readonly earliest: Float64Array;
  readonly latest: Float64Array;
  readonly #next: Edges;
  readonly #previous: Edges;
  readonly #releases: Uses;
  readonly #takes: Uses;
  /** Per device: least memory times time; the terms that are still infinite are counted apart. */
  readonly #held: Float64Array;
  readonly #open: Int32Array;
  readonly #most: Float64Array;
  /** Block (its complement for `latest`), old value. */
  readonly #trail: number[] = [];
  readonly #stack: Int32Array;
  readonly #stacked: Uint8Array;

  readonly #places: Places;
  /** `limits` per device; Infinity where none applies. */
  constructor(problem: ModuloProblem, period: number, limits: Float64Array, places: Places) {
    const { count } = problem;
    this.#places = places;
    this.earliest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.latest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.#next = edgesOf(problem, period, "after");
    this.#previous = edgesOf(problem, period, "before");
    this.#releases = usesOf(problem, limits, -1);
    this.#takes = usesOf(problem, limits, 1);
    this.#held = heldAtLeast(problem);
    this.#open = Int32Array.from(limits, (limit, device) =>
      limit === Number.POSITIVE_INFINITY ? 1 : (problem.events[device]?.length ?? 0),
    );
    this.#most = limits.map((limit) => limit * period);
    this.#stack = new Int32Array(count);
    this.#stacked = new Uint8Array(count);
  }

  /** Where `undo` comes back to. */
  get mark(): number {
    return this.#trail.length;
  }

  /** Gives a block its time; false when a window is empty or an average too high. */
  place(block: number, time: number): boolean {
    return (
      time >= (this.earliest[block] ?? 0) &&
      time <= (this.latest[block] ?? 0) &&
      this.#raise(block, time) &&
      this.#lower(block, time)
    );
  }

  /** Moves the ends of a block's window to where it may start; false when none is left. */
  tighten(block: number): boolean {
    const low = this.earliest[block] ?? 0;
    const high = this.latest[block] ?? 0;
    if (low !== Number.NEGATIVE_INFINITY) {
      const time = this.#places.firstFrom(block, low);
      if (time > high || (time > low && !this.#raise(block, time))) {
        return false;
      }
    }
    if (high !== Number.POSITIVE_INFINITY) {
      const time = this.#places.lastUpTo(block, high);
      if (time < (this.earliest[block] ?? 0) || (time < high && !this.#lower(block, time))) {
        return false;
      }
    }
    return true;
  }

  undo(mark: number): void {
    const trail = this.#trail;
    while (trail.length > mark) {
      const value = trail.pop() ?? 0;
      const code = trail.pop() ?? 0;
      if (code >= 0) {
        this.#moveEarliest(code, value);
      } else {
        this.#moveLatest(~code, value);
      }
    }
  }

  #raise(root: number, value: number): boolean {
    const { earliest, latest } = this;
    const next = this.#next;
    const stack = this.#stack;
    const stacked = this.#stacked;
    let fits = this.#setEarliest(root, value);
    let top = 0;
    let left = ROUNDS * stack.length;
    stack[top++] = root;
    stacked[root] = 1;
    while (top > 0) {
      const block = stack[--top] ?? 0;
      stacked[block] = 0;
      if (!fits || left-- <= 0) {
        continue;
      }
      const start = earliest[block] ?? 0;
      const end = next.first[block + 1] ?? 0;
      for (let at = next.first[block] ?? 0; at < end && fits; at++) {
        const to = next.block[at] ?? 0;
        const least = start + (next.gap[at] ?? 0);
        if (least > (earliest[to] ?? 0)) {
          const time = this.#places.firstFrom(to, least);
          fits = time <= (latest[to] ?? 0) && this.#setEarliest(to, time);
          if (stacked[to] === 0) {
            stacked[to] = 1;
            stack[top++] = to;
          }
        }
      }
    }
    return fits;
  }

  #lower(root: number, value: number): boolean {
    const { earliest, latest } = this;
    const previous = this.#previous;
    const stack = this.#stack;
    const stacked = this.#stacked;
    let fits = this.#setLatest(root, value);
    let top = 0;
    let left = ROUNDS * stack.length;
    stack[top++] = root;
    stacked[root] = 1;
    while (top > 0) {
      const block = stack[--top] ?? 0;
      stacked[block] = 0;
      if (!fits || left-- <= 0) {
        continue;
      }
      const start = latest[block] ?? 0;
      const end = previous.first[block + 1] ?? 0;
      for (let at = previous.first[block] ?? 0; at < end && fits; at++) {
        const from = previous.block[at] ?? 0;
        const most = start - (previous.gap[at] ?? 0);
        if (most < (latest[from] ?? 0)) {
          const time = this.#places.lastUpTo(from, most);
          fits = time >= (earliest[from] ?? 0) && this.#setLatest(from, time);
          if (stacked[from] === 0) {
            stacked[from] = 1;
            stack[top++] = from;
          }
        }
      }
    }
    return fits;
  }

  #setEarliest(block: number, value: number): boolean {
    const old = this.earliest[block] ?? 0;
    if (value === old) {
      return true;
    }
    this.#trail.push(block, old);
    return this.#moveEarliest(block, value);
  }

  #setLatest(block: number, value: number): boolean {
    const old = this.latest[block] ?? 0;
    if (value === old) {
      return true;
    }
    this.#trail.push(~block, old);
    return this.#moveLatest(block, value);
  }

  #moveEarliest(block: number, value: number): boolean {
    const old = this.earliest[block] ?? 0;
    this.earliest[block] = value;
    return this.#changeHeld(this.#releases, block, old, value);
  }

  #moveLatest(block: number, value: number): boolean {
    const old = this.latest[block] ?? 0;
    this.latest[block] = value;
    return this.#changeHeld(this.#takes, block, old, value);
  }

  /** Whether the averages still fit after a window end moved from `old` to `value`. */
  #changeHeld(uses: Uses, block: number, old: number, value: number): boolean {
    const held = this.#held;
    const open = this.#open;
    const most = this.#most;
    const end = uses.first[block + 1] ?? 0;
    let fits = true;
    for (let at = uses.first[block] ?? 0; at < end; at++) {
      const device = uses.device[at] ?? 0;
      const units = uses.units[at] ?? 0;
      const offset = uses.offset[at] ?? 0;
      let sum = held[device] ?? 0;
      if (Number.isFinite(old)) {
        sum -= units * (old + offset);
      } else {
        open[device] = (open[device] ?? 0) - 1;
      }
      if (Number.isFinite(value)) {
        sum += units * (value + offset);
      } else {
        open[device] = (open[device] ?? 0) + 1;
      }
      held[device] = sum;
      fits = fits && (open[device] !== 0 || sum <= (most[device] ?? 0));
    }
    return fits;
  }
}

/** Edges by block. */
interface Edges {
  readonly first: Int32Array;
  readonly block: Int32Array;
  readonly gap: Float64Array;
}

function edgesOf(problem: ModuloProblem, period: number, side: "before" | "after"): Edges {
  const { count, base, duration } = problem;
  const copies = count / Math.max(1, base);
  const first = new Int32Array(count + 1);
  const block: number[] = [];
  const gap: number[] = [];
  for (let at = 0; at < count; at++) {
    for (const edge of problem[side][at] ?? []) {
      block.push(edge.block);
      gap.push(edge.gap);
    }
    if (copies > 1) {
      const copy = Math.floor(at / base);
      const wraps = side === "after" ? copy === copies - 1 : copy === 0;
      const step = side === "after" ? base : -base;
      block.push(wraps ? at - step * (copies - 1) : at + step);
      gap.push((duration[at] ?? 0) - (wraps ? period : 0));
    }
    first[at + 1] = block.length;
  }
  return { first, block: Int32Array.from(block), gap: Float64Array.from(gap) };
}

/** Memory that hangs on the start of each block: units per device, signed as they count. */
interface Uses {
  readonly first: Int32Array;
  readonly device: Int32Array;
  readonly units: Float64Array;
  readonly offset: Float64Array;
}

/** Releases (`sign` -1) or takes (1) on devices with a limit. */
function usesOf(problem: ModuloProblem, limits: Float64Array, sign: number): Uses {
  const lists: { device: number; units: number; offset: number }[][] = Array.from(
    { length: problem.count },
    () => [],
  );
  for (const [device, events] of problem.events.entries()) {
    for (const { block, change, boundOffset } of events) {
      if (Math.sign(change) === sign && limits[device] !== Number.POSITIVE_INFINITY) {
        lists[block]?.push({ device, units: -change, offset: boundOffset });
      }
    }
  }
  const flat = lists.flat();
  const first = new Int32Array(problem.count + 1);
  lists.forEach((list, at) => {
    first[at + 1] = (first[at] ?? 0) + list.length;
  });
  return {
    first,
    device: Int32Array.from(flat, (use) => use.device),
    units: Float64Array.from(flat, (use) => use.units),
    offset: Float64Array.from(flat, (use) => use.offset),
  };
}

/** Workspace times duration of each device. */
function heldAtLeast({ blocksOn, workspace, duration }: ModuloProblem): Float64Array {
  return Float64Array.from(blocksOn, (blocks) =>
    blocks.reduce((sum, at) => sum + (workspace[at] ?? 0) * (duration[at] ?? 0), 0),
  );
}
