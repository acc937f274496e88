/**
 * Runs schedules on the model of a GPU, many of them that differ in little.
 *
 * What the hardware does. Kernels of one stream run one after the other; an event makes a kernel
 * wait for one of another stream. A kernel that may start puts its thread blocks behind those of
 * the kernels that became ready before it (equal times: launch order), and blocks go to SMs that
 * have slots, threads, registers and shared memory left. Nothing is preempted, and blocks of a
 * later kernel do not overtake waiting blocks of an earlier one.
 *
 * What the model keeps of it. A kernel is one or two phases: its full waves, with all the blocks
 * resident that fit on the device, and its tail, the blocks of the last, partial wave. A phase
 * holds a share of the device's capacity (the scarcest of slots, threads, registers and shared
 * memory) while it runs, so a tail leaves room for the next kernel, which is where most of the
 * gain of streams comes from. What resident phases do to each other is in `gpu-sharing.ts`.
 *
 * Example: a convolution of 150 blocks on a device that holds 132 runs a full wave of 132 and a
 * tail of 18. A ready pooling kernel of 100 blocks waits for the wave, then runs beside the tail.
 *
 * The obvious way, an event per thread block, is a thousand times as many events for the same
 * ranking of schedules.
 *
 * A search changes one launch and asks again. Until the first time at which an operator becomes
 * ready at another time, nothing is different; so a run keeps snapshots, and the next run goes on
 * from the last one before that time. It also stops as soon as an operator becomes ready so late
 * that what comes after it alone exceeds the limit, which is how most changes end.
 *
 * Left out: caches shared between kernels, clocks that fall under load, blocks of unequal length.
 * Source: resource model of Opara (arXiv 2312.10351v2, section 3) and of the CUDA programming
 * guide; processor sharing as in IOS's measured stages. Differs: phases instead of whole kernels.
 */
import { Heap } from "../core/heap.js";
import { invariant } from "../core/invariant.js";
import { emptyRun, type GpuRun, type GpuSnapshot, snapshotOf } from "./gpu-run.js";
import { DONE_NS, GpuSharing } from "./gpu-sharing.js";
import type { GpuWork } from "./gpu-work.js";

/** Launches in order, and the stream of each operator. */
export interface GpuPlan {
  /** Operator ids in launch order, each once. */
  readonly order: Int32Array;
  /** By operator id; below `streams`. */
  readonly streamOf: Int32Array;
  readonly streams: number;
}

/** Arcs between operators: those of operator `v` are `items[start[v]] ... items[start[v + 1] - 1]`. */
export interface GpuArcs {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

/** What waits for what: both directions of the same arcs. Arcs within a stream cost nothing. */
export interface GpuWaits {
  readonly predecessors: GpuArcs;
  readonly successors: GpuArcs;
}

/** Hears of every stretch of time in which nothing changes. */
export type OnStretch = (from: number, to: number, sharing: GpuSharing) => void;

/** Tolerance when times are compared, in nanoseconds. */
const EPSILON = 1e-9;

/** Snapshots that a run keeps, about. */
const SNAPSHOTS = 48;

/** One GPU with the work of one graph. */
export class GpuEngine {
  /** Ends of phases since the engine was made: the unit of its throughput. */
  events = 0;
  readonly #work: GpuWork;
  readonly #waits: GpuWaits;
  readonly #tail: Float64Array | undefined;
  readonly #onStretch: OnStretch | undefined;
  readonly #count: number;
  readonly #sharing: GpuSharing;
  #pending: Heap;
  /** The run that trials are compared with, and the one that is made. */
  #base: GpuRun;
  #trial: GpuRun;
  #plan: GpuPlan;
  /** By operator: what it still waits for, the earliest start by what it has waited for. */
  readonly #missing: Int32Array;
  readonly #earliest: Float64Array;
  readonly #previous: Int32Array;
  readonly #next: Int32Array;
  readonly #launchAt: Int32Array;
  /** By operator: its kernel, and when that may start while it is pending. */
  readonly #kernel: Int32Array;
  readonly #due: Float64Array;
  /** Whether an operator has become ready for the first time. */
  readonly #isOut: Uint8Array;
  /** Operators that wait for the gap between two of their kernels. */
  readonly #between: Set<number>;
  readonly #interval: number;
  #now = 0;
  #runEvents = 0;
  #ended = 0;
  #limit = Number.POSITIVE_INFINITY;
  #isOver = false;

  /** `tail`: by operator, the least time from its start to the end of everything; for limits. */
  constructor(work: GpuWork, waits: GpuWaits, tail?: Float64Array, onStretch?: OnStretch) {
    const count = work.first.length - 1;
    this.#work = work;
    this.#waits = waits;
    this.#tail = tail;
    this.#onStretch = onStretch;
    this.#count = count;
    this.#sharing = new GpuSharing(work, count);
    this.#pending = new Heap((a, b) => this.#before(a, b));
    this.#base = emptyRun(count);
    this.#trial = emptyRun(count);
    this.#plan = { order: new Int32Array(), streamOf: new Int32Array(), streams: 0 };
    this.#missing = new Int32Array(count);
    this.#earliest = new Float64Array(count);
    this.#previous = new Int32Array(count);
    this.#next = new Int32Array(count);
    this.#launchAt = new Int32Array(count);
    this.#kernel = new Int32Array(count);
    this.#due = new Float64Array(count);
    this.#between = new Set();
    this.#interval = Math.max(16, Math.ceil(work.phaseNs.length / SNAPSHOTS));
    this.#isOut = new Uint8Array(count);
  }

  /** Of the last run that was kept: when each operator started and ended. */
  get startNs(): Float64Array {
    return this.#base.start;
  }

  get endNs(): Float64Array {
    return this.#base.end;
  }

  /** When each operator of the kept run had everything that it waits for. */
  get readyNs(): Float64Array {
    return this.#base.ready;
  }

  /**
   * The makespan of a plan, from its beginning; the run is kept.
   *
   * Requires: the order is topological. Cost: O(phases x kernels resident at a time + E).
   */
  run(plan: GpuPlan): number {
    this.#enter(plan);
    this.#limit = Number.POSITIVE_INFINITY;
    this.#restore(undefined);
    const makespan = this.#simulate();
    this.keep();
    return makespan;
  }

  /**
   * The makespan of a plan that differs little from the kept one, or `Infinity` when it exceeds
   * `limit`. `moved`: the operator whose place in the launch order differs; those of all others are
   * the same relative to each other.
   *
   * Requires: a run was kept. Ensures: the same makespan as `run`, where it is within the limit.
   */
  attempt(plan: GpuPlan, moved: number, limit: number): number {
    this.#enter(plan);
    this.#limit = limit + EPSILON;
    const from = this.#divergence(moved);
    this.#restore(this.#base.snapshots.findLast(({ now }) => now < from));
    return this.#simulate();
  }

  /** Makes the last run the one that is kept. */
  keep(): void {
    const kept = this.#trial;
    this.#trial = this.#base;
    this.#base = kept;
  }

  #before(a: number, b: number): boolean {
    const byTime = (this.#due[a] as number) - (this.#due[b] as number);
    return (byTime || (this.#launchAt[a] as number) - (this.#launchAt[b] as number)) < 0;
  }

  /** Links the launches of each stream. */
  #enter(plan: GpuPlan): void {
    const last = new Int32Array(plan.streams).fill(-1);
    this.#plan = plan;
    this.#next.fill(-1);
    for (let at = 0; at < plan.order.length; at++) {
      const operator = plan.order[at] as number;
      const stream = plan.streamOf[operator] as number;
      const previous = last[stream] as number;
      this.#launchAt[operator] = at;
      this.#previous[operator] = previous;
      if (previous >= 0) {
        this.#next[previous] = operator;
      }
      last[stream] = operator;
    }
  }

  /** The first time at which an operator becomes ready earlier or later than in the kept run. */
  #divergence(moved: number): number {
    const { ready, end } = this.#base;
    let first = ready[moved] as number;
    for (let operator = 0; operator < this.#count; operator++) {
      const before = ready[operator] as number;
      const now = this.#readyBy(operator, end);
      if (now !== before) {
        first = Math.min(first, now, before);
      }
    }
    return first;
  }

  /** When everything that an operator waits for has told it so, all of that ending at `end`. */
  #readyBy(operator: number, end: Float64Array): number {
    const { predecessors } = this.#waits;
    const { streamOf } = this.#plan;
    const { launchGapNs, eventNs } = this.#work;
    const stream = streamOf[operator] as number;
    const previous = this.#previous[operator] as number;
    let ready = previous < 0 ? 0 : (end[previous] as number) + launchGapNs;
    const to = predecessors.start[operator + 1] as number;
    for (let arc = predecessors.start[operator] as number; arc < to; arc++) {
      const from = predecessors.items[arc] as number;
      if (streamOf[from] !== stream) {
        ready = Math.max(ready, (end[from] as number) + eventNs);
      }
    }
    return ready;
  }

  /** Takes up the kept run at a snapshot, or at its beginning. */
  #restore(snapshot: GpuSnapshot | undefined): void {
    const { start, end, ready, ended, snapshots } = this.#trial;
    const base = this.#base;
    this.#pending = new Heap((a, b) => this.#before(a, b));
    this.#between.clear();
    this.#sharing.count = 0;
    this.#isOver = false;
    this.#now = snapshot?.now ?? 0;
    this.#runEvents = snapshot?.events ?? 0;
    this.#ended = snapshot?.ended ?? 0;
    this.#isOut.fill(0);
    start.fill(-1);
    end.fill(-1);
    for (let at = 0; at < this.#ended; at++) {
      const operator = base.ended[at] as number;
      ended[at] = operator;
      start[operator] = base.start[operator] as number;
      end[operator] = base.end[operator] as number;
      ready[operator] = base.ready[operator] as number;
      this.#isOut[operator] = 1;
    }
    snapshots.length = 0;
    if (snapshot !== undefined) {
      for (const each of base.snapshots) {
        if (each.now <= snapshot.now) {
          snapshots.push(each);
        }
      }
      for (let at = 0; at < snapshot.operator.length; at++) {
        this.#resume(snapshot, at);
      }
    }
    this.#recount();
  }

  /** Puts one operator of a snapshot that had become ready back where it was. */
  #resume(snapshot: GpuSnapshot, at: number): void {
    const operator = snapshot.operator[at] as number;
    const started = this.#base.start[operator] as number;
    this.#isOut[operator] = 1;
    this.#kernel[operator] = snapshot.kernel[at] as number;
    this.#trial.start[operator] = started < snapshot.now ? started : -1;
    this.#trial.ready[operator] = this.#base.ready[operator] as number;
    const left = snapshot.left[at] as number;
    if (at < snapshot.onDevice) {
      this.#sharing.add(operator, snapshot.phase[at] as number, left);
    } else {
      this.#due[operator] = left;
      this.#between.add(operator);
      this.#pending.push(operator);
    }
  }

  /** What each operator that is not out yet still waits for; lets go those that wait for nothing. */
  #recount(): void {
    const { predecessors } = this.#waits;
    const { streamOf } = this.#plan;
    const end = this.#trial.end;
    for (let operator = 0; operator < this.#count; operator++) {
      if (this.#isOut[operator] === 1) {
        continue;
      }
      const stream = streamOf[operator] as number;
      const previous = this.#previous[operator] as number;
      let missing = previous >= 0 && (end[previous] as number) < 0 ? 1 : 0;
      let earliest =
        previous >= 0 && missing === 0 ? (end[previous] as number) + this.#work.launchGapNs : 0;
      const to = predecessors.start[operator + 1] as number;
      for (let arc = predecessors.start[operator] as number; arc < to; arc++) {
        const from = predecessors.items[arc] as number;
        if (streamOf[from] === stream) {
          continue;
        }
        if ((end[from] as number) < 0) {
          missing++;
        } else {
          earliest = Math.max(earliest, (end[from] as number) + this.#work.eventNs);
        }
      }
      this.#missing[operator] = missing;
      this.#earliest[operator] = earliest;
      if (missing === 0) {
        this.#letOut(operator);
      }
    }
  }

  /** Makes an operator ready that waits for nothing any more. */
  #letOut(operator: number): void {
    const ready = this.#earliest[operator] as number;
    this.#isOut[operator] = 1;
    this.#trial.ready[operator] = ready;
    this.#kernel[operator] = this.#work.first[operator] as number;
    this.#due[operator] = ready;
    this.#pending.push(operator);
    if (this.#tail !== undefined && ready + (this.#tail[operator] as number) > this.#limit) {
      this.#isOver = true;
    }
  }

  #simulate(): number {
    const sharing = this.#sharing;
    const before = this.#runEvents;
    let nextSnapshot = this.#runEvents + this.#interval;
    while (!this.#isOver) {
      this.#admit();
      const arrival = this.#pending.peek();
      if (sharing.count === 0) {
        if (arrival === undefined) {
          break;
        }
        this.#now = this.#due[arrival] as number;
        continue;
      }
      let step = sharing.settle();
      if (arrival !== undefined) {
        step = Math.min(step, (this.#due[arrival] as number) - this.#now);
      }
      invariant(Number.isFinite(step), "something resident advances");
      this.#advance(step);
      if (this.#runEvents >= nextSnapshot) {
        nextSnapshot = this.#runEvents + this.#interval;
        this.#keepSnapshot();
      }
    }
    this.events += this.#runEvents - before;
    if (this.#isOver || this.#now > this.#limit) {
      return Number.POSITIVE_INFINITY;
    }
    invariant(this.#ended === this.#count, "every operator of the plan runs");
    return this.#now;
  }

  /** Moves kernels that are ready now to the device. */
  #admit(): void {
    const { phase, phaseNs } = this.#work;
    for (;;) {
      const first = this.#pending.peek();
      if (first === undefined || (this.#due[first] as number) > this.#now + EPSILON) {
        break;
      }
      this.#pending.pop();
      this.#between.delete(first);
      const at = phase[this.#kernel[first] as number] as number;
      this.#sharing.add(first, at, phaseNs[at] as number);
    }
  }

  /** Runs what is resident for `step`, and ends the phases that are over then. */
  #advance(step: number): void {
    const sharing = this.#sharing;
    const { operator, rate, left } = sharing;
    const start = this.#trial.start;
    this.#onStretch?.(this.#now, this.#now + step, sharing);
    sharing.advance(step);
    const before = this.#now;
    this.#now += step;
    const { count } = sharing;
    let kept = 0;
    for (let slot = 0; slot < count; slot++) {
      let stays = true;
      if ((rate[slot] as number) > 0) {
        if ((start[operator[slot] as number] as number) < 0) {
          start[operator[slot] as number] = before;
        }
        stays = (left[slot] as number) > DONE_NS || this.#endPhase(slot);
      }
      if (stays) {
        if (kept < slot) {
          sharing.move(slot, kept);
        }
        kept++;
      }
    }
    sharing.count = kept;
  }

  /** Goes on to the next phase of the kernel; `false` when it was the last. */
  #endPhase(slot: number): boolean {
    const sharing = this.#sharing;
    const { phase, phaseNs, first, launchGapNs } = this.#work;
    const operator = sharing.operator[slot] as number;
    const kernel = this.#kernel[operator] as number;
    const next = (sharing.phase[slot] as number) + 1;
    this.#runEvents++;
    if (next < (phase[kernel + 1] as number)) {
      sharing.phase[slot] = next;
      sharing.left[slot] = phaseNs[next] as number;
      return true;
    }
    if (kernel + 1 < (first[operator + 1] as number)) {
      this.#kernel[operator] = kernel + 1;
      this.#due[operator] = this.#now + launchGapNs;
      this.#between.add(operator);
      this.#pending.push(operator);
      return false;
    }
    this.#endOperator(operator);
    return false;
  }

  #endOperator(operator: number): void {
    const { successors } = this.#waits;
    const { streamOf } = this.#plan;
    const stream = streamOf[operator] as number;
    this.#trial.end[operator] = this.#now;
    this.#trial.ended[this.#ended++] = operator;
    const to = successors.start[operator + 1] as number;
    for (let arc = successors.start[operator] as number; arc < to; arc++) {
      const waiter = successors.items[arc] as number;
      if (streamOf[waiter] !== stream) {
        this.#tell(waiter, this.#now + this.#work.eventNs);
      }
    }
    const next = this.#next[operator] as number;
    if (next >= 0) {
      this.#tell(next, this.#now + this.#work.launchGapNs);
    }
  }

  /** One thing less to wait for. */
  #tell(waiter: number, at: number): void {
    this.#earliest[waiter] = Math.max(this.#earliest[waiter] as number, at);
    this.#missing[waiter] = (this.#missing[waiter] as number) - 1;
    if (this.#missing[waiter] === 0) {
      this.#letOut(waiter);
    }
  }

  #keepSnapshot(): void {
    const at = { now: this.#now, events: this.#runEvents, ended: this.#ended };
    const between = Array.from(this.#between, (operator) => ({
      operator,
      due: this.#due[operator] as number,
    }));
    this.#trial.snapshots.push(snapshotOf(at, this.#sharing, this.#kernel, between));
  }
}
