import { invariant } from "../core/invariant.js";
import type { WorkerCosts } from "../cost/operator-costs.js";

/**
 * The event loop under the CPU simulator: segments on workers that slow each other down.
 *
 * Each worker runs its segments in order. A segment starts when its worker is free and every
 * segment that it waits for has ended, plus the signal latency. While k workers are busy, all of
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
  const { segments, workNs, waitStart, waits } = load;
  const queues = queuesOf(load);
  const workers = queues.start.length - 1;
  const startNs = new Float64Array(segments);
  const endNs = new Float64Array(segments).fill(-1);
  const startPhase = new Int32Array(segments);
  const phases: RateSpan[] = [];
  const next = queues.start.slice(0, workers);
  const running = new Int32Array(workers).fill(-1);
  const target = new Float64Array(workers);
  const seenWaits = waitStart.slice(0, segments);
  const ready = new Float64Array(segments);
  let now = 0;
  let work = 0;
  let busy = 0;
  let done = 0;

  while (done < segments) {
    const release = startReady();
    const slowdown = slowdownOf(costs, busy);
    let earliest = Number.POSITIVE_INFINITY;
    for (let w = 0; w < workers; w++) {
      if (running[w]! >= 0) {
        earliest = Math.min(earliest, target[w]!);
      }
    }
    const end = now + Math.max(0, earliest - work) * slowdown;
    invariant(end < Number.POSITIVE_INFINITY || release < Number.POSITIVE_INFINITY, "deadlock");
    if (keepPhases) {
      phases.push({ timeNs: now, workNs: work, slowdown });
    }
    if (release < end) {
      work += (release - now) / slowdown;
      now = release;
    } else {
      now = end;
      work = Math.max(work, earliest);
      finish();
    }
  }
  return { startNs, endNs, startPhase, phases, makespanNs: now };

  /** Starts what can start now; the earliest known time at which something else can. */
  function startReady(): number {
    let release = Number.POSITIVE_INFINITY;
    for (let w = 0; w < workers; w++) {
      const segment = queues.segments[next[w]!]!;
      const isIdle = running[w]! < 0 && next[w]! < queues.start[w + 1]!;
      if (!isIdle || !waitsAreOver(segment)) {
        continue;
      }
      if (ready[segment]! > now) {
        release = Math.min(release, ready[segment]!);
        continue;
      }
      running[w] = segment;
      target[w] = work + workNs[segment]!;
      startNs[segment] = now;
      startPhase[segment] = phases.length;
      next[w] = next[w]! + 1;
      busy++;
    }
    return release;
  }

  function waitsAreOver(segment: number): boolean {
    const last = waitStart[segment + 1]!;
    let at = seenWaits[segment]!;
    for (; at < last; at++) {
      const end = endNs[waits[at]!]!;
      if (end < 0) {
        break;
      }
      ready[segment] = Math.max(ready[segment]!, end + costs.signalNs);
    }
    seenWaits[segment] = at;
    return at === last;
  }

  /** Ends every segment whose work is done. */
  function finish(): void {
    for (let w = 0; w < workers; w++) {
      const segment = running[w]!;
      if (segment >= 0 && target[w]! <= work) {
        endNs[segment] = now;
        running[w] = -1;
        busy--;
        done++;
      }
    }
  }
}

/** Segments of each worker in order, as one array with starts. */
function queuesOf({ segments, worker }: SegmentLoad): {
  readonly start: Int32Array;
  readonly segments: Int32Array;
} {
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
