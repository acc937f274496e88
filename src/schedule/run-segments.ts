import { invariant } from "../core/invariant.js";
import type { WorkerCosts } from "../cost/operator-costs.js";

/**
 * The event loop under the CPU simulator: segments on workers that slow each other down.
 *
 * Each worker runs its segments in order. A segment starts when its worker is free and every
 * segment that it waits for has ended, plus the signal latency, which is longer for a worker that has
 * waited so long that it went to sleep. While k workers are busy, all of
 * them work `slowdown[k - 1]` times slower than alone (processor sharing: shared memory bandwidth,
 * caches and clock). Because all slow down alike, one clock of *work done* serves them all: it runs
 * at 1 / slowdown, and a segment ends when that clock has passed its work. Only a start or an end
 * changes the rate, so the loop jumps from one to the next; the jumps are kept as `phases`, from
 * which the time of any point inside a segment follows.
 *
 * Example: slowdown [1, 1.5], segments of 30 and 60 start together on two workers. The first ends
 * at 45; the second has 30 left and is alone: it ends at 75, not at 60 and not at 90.
 */

/** Segments as numbers; those of one worker run in ascending order of their position. */
export interface SegmentLoad {
  readonly segments: number;
  /** Worker of each segment. */
  readonly worker: Int32Array;
  /** Time of each segment alone, overheads included. */
  readonly workNs: Float64Array;
  /** Segment `s` waits for `waits[waitStart[s]] ... waits[waitStart[s + 1] - 1]`, all before `s`. */
  readonly waitStart: Int32Array;
  readonly waits: Int32Array;
}

/** A span of constant rate. */
export interface RateSpan {
  readonly timeNs: number;
  /** Reading of the clock of work done at `timeNs`. */
  readonly workNs: number;
  readonly slowdown: number;
}

/** The interval in which each segment ran; real numbers, not rounded. */
export interface SegmentRun {
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** Position in `phases` of the phase that began when the segment started. */
  readonly startPhase: Int32Array;
  readonly phases: readonly RateSpan[];
  readonly makespanNs: number;
}

/**
 * Runs the segments. `keepPhases` false leaves `phases` empty, for searches that want the makespan.
 *
 * Cost: O((segments + waits) * workers).
 */
export function runSegments(load: SegmentLoad, costs: WorkerCosts, keepPhases = true): SegmentRun {
  return new SegmentRunner(load, costs).run(keepPhases);
}

/** The state of one run: a clock of time and a clock of work done by every busy worker. */
class SegmentRunner {
  readonly #load: SegmentLoad;
  readonly #costs: WorkerCosts;
  readonly #queues: Queues;
  readonly #workers: number;
  readonly #startNs: Float64Array;
  readonly #endNs: Float64Array;
  readonly #startPhase: Int32Array;
  readonly #phases: RateSpan[] = [];
  /** By worker: the position of its next segment in the queues. */
  readonly #next: Int32Array;
  /** By worker: the segment that runs, -1 if none. */
  readonly #running: Int32Array;
  /** By worker: when its last segment ended. */
  readonly #freeNs: Float64Array;
  /** By worker: reading of the clock of work at which its segment ends. */
  readonly #target: Float64Array;
  /** By segment: the first wait that is not over yet. */
  readonly #seenWaits: Int32Array;
  readonly #ready: Float64Array;
  #now = 0;
  #work = 0;
  #busy = 0;
  #done = 0;

  constructor(load: SegmentLoad, costs: WorkerCosts) {
    const { segments, waitStart } = load;
    this.#load = load;
    this.#costs = costs;
    this.#queues = queuesOf(load);
    this.#workers = this.#queues.start.length - 1;
    this.#startNs = new Float64Array(segments);
    this.#endNs = new Float64Array(segments).fill(-1);
    this.#startPhase = new Int32Array(segments);
    this.#next = this.#queues.start.slice(0, this.#workers);
    this.#running = new Int32Array(this.#workers).fill(-1);
    this.#freeNs = new Float64Array(this.#workers);
    this.#target = new Float64Array(this.#workers);
    this.#seenWaits = waitStart.slice(0, segments);
    this.#ready = new Float64Array(segments);
  }

  run(keepPhases: boolean): SegmentRun {
    while (this.#done < this.#load.segments) {
      const release = this.#startReady();
      const slowdown = slowdownOf(this.#costs, this.#busy);
      const earliest = this.#earliestTarget();
      const end = this.#now + Math.max(0, earliest - this.#work) * slowdown;
      invariant(end < Number.POSITIVE_INFINITY || release < Number.POSITIVE_INFINITY, "deadlock");
      if (keepPhases) {
        this.#phases.push({ timeNs: this.#now, workNs: this.#work, slowdown });
      }
      if (release < end) {
        this.#work += (release - this.#now) / slowdown;
        this.#now = release;
      } else {
        this.#now = end;
        this.#work = Math.max(this.#work, earliest);
        this.#finish();
      }
    }
    return {
      startNs: this.#startNs,
      endNs: this.#endNs,
      startPhase: this.#startPhase,
      phases: this.#phases,
      makespanNs: this.#now,
    };
  }

  /** Starts what can start now; returns the earliest known time at which something else can. */
  #startReady(): number {
    const { start, segments } = this.#queues;
    const next = this.#next;
    const running = this.#running;
    const ready = this.#ready;
    let release = Number.POSITIVE_INFINITY;
    for (let w = 0; w < this.#workers; w++) {
      const segment = segments[next[w]!]!;
      const isIdle = running[w]! < 0 && next[w]! < start[w + 1]!;
      if (!isIdle || !this.#waitsAreOver(segment, w)) {
        continue;
      }
      if (ready[segment]! > this.#now) {
        release = Math.min(release, ready[segment]!);
        continue;
      }
      running[w] = segment;
      this.#target[w] = this.#work + this.#load.workNs[segment]!;
      this.#startNs[segment] = this.#now;
      this.#startPhase[segment] = this.#phases.length;
      next[w] = next[w]! + 1;
      this.#busy++;
    }
    return release;
  }

  /** Requires: the worker is idle. */
  #waitsAreOver(segment: number, worker: number): boolean {
    const { waitStart, waits } = this.#load;
    const { signalNs, awakeNs, wakeNs } = this.#costs;
    const asleepFrom = this.#freeNs[worker]! + awakeNs;
    const endNs = this.#endNs;
    const ready = this.#ready;
    const last = waitStart[segment + 1]!;
    let at = this.#seenWaits[segment]!;
    for (; at < last; at++) {
      const end = endNs[waits[at]!]!;
      if (end < 0) {
        break;
      }
      const latency = end > asleepFrom ? signalNs + wakeNs : signalNs;
      ready[segment] = Math.max(ready[segment]!, end + latency);
    }
    this.#seenWaits[segment] = at;
    return at === last;
  }

  /** The clock of work at the first end of a running segment; `Infinity` if none runs. */
  #earliestTarget(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let w = 0; w < this.#workers; w++) {
      if (this.#running[w]! >= 0) {
        earliest = Math.min(earliest, this.#target[w]!);
      }
    }
    return earliest;
  }

  /** Ends every segment whose work is done. */
  #finish(): void {
    for (let w = 0; w < this.#workers; w++) {
      const segment = this.#running[w]!;
      if (segment >= 0 && this.#target[w]! <= this.#work) {
        this.#endNs[segment] = this.#now;
        this.#running[w] = -1;
        this.#freeNs[w] = this.#now;
        this.#busy--;
        this.#done++;
      }
    }
  }
}

/** Segments of all workers, each worker's from `start[w]` to `start[w + 1]`. */
interface Queues {
  readonly start: Int32Array;
  readonly segments: Int32Array;
}

/** Segments of each worker in order, as one array with starts. */
function queuesOf({ segments, worker }: SegmentLoad): Queues {
  let workers = 0;
  for (let segment = 0; segment < segments; segment++) {
    workers = Math.max(workers, worker[segment]! + 1);
  }
  const start = new Int32Array(workers + 1);
  for (let segment = 0; segment < segments; segment++) {
    const after = worker[segment]! + 1;
    start[after] = start[after]! + 1;
  }
  for (let w = 0; w < workers; w++) {
    start[w + 1] = start[w + 1]! + start[w]!;
  }
  const fill = start.slice();
  const queue = new Int32Array(segments);
  for (let segment = 0; segment < segments; segment++) {
    const w = worker[segment]!;
    queue[fill[w]!] = segment;
    fill[w] = fill[w]! + 1;
  }
  return { start, segments: queue };
}

/** The factor by which work takes longer while `busy` workers are busy; past the table, its last entry. */
export function slowdownOf({ slowdown }: WorkerCosts, busy: number): number {
  return slowdown[Math.min(busy, slowdown.length) - 1] ?? 1;
}
