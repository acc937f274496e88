/**
 * Runs schedules on the model of a GPU, many of them that differ in little.
 *
 * What the hardware does. Kernels of one stream run one after the other; an event makes a kernel
 * wait for one of another stream. A kernel that may start puts its thread blocks behind those of
 * the kernels that became ready before it (equal times: launch order), and they go to SMs that have
 * slots, threads, registers and shared memory left. Nothing is preempted, and thread blocks of a
 * later kernel do not overtake waiting ones of an earlier kernel.
 *
 * What the model keeps of it. A kernel is one or two phases: its full waves, with all the thread
 * blocks resident that fit on the device, and its tail, those of the last, partial wave. A phase
 * holds a share of the device's capacity (the scarcest of slots, threads, registers and shared
 * memory) while it runs, so a tail leaves room for the next kernel, which is where most of the
 * gain of streams comes from. What resident phases do to each other is in `gpu-sharing.ts`.
 *
 * Example: a convolution of 150 thread blocks on a device that holds 132 runs a full wave of 132
 * and a tail of 18. A ready pooling kernel of 100 waits for the wave, then runs beside the tail.
 *
 * The obvious way, an event per thread block, is a thousand times as many events for the same
 * ranking of schedules.
 *
 * The front end starts kernels one after the other, in the order in which they are due. By default that takes
 * it no time; `dispatchNs` is what it may take (`src/cost/scenarios.ts`).
 *
 * A search changes one launch and asks again. Until the first time at which an operator becomes
 * ready at another time, nothing is different; so a run keeps snapshots, and the next run goes on
 * from the last one before that time. It also stops as soon as an operator becomes ready so late
 * that what comes after it alone exceeds the limit, which is how many changes end.
 *
 * Left out: caches shared between kernels, clocks that fall under load, thread blocks of unequal
 * length.
 * Source: resource model of Opara (arXiv 2312.10351v2, section 3) and of the CUDA programming
 * guide; processor sharing as in IOS's measured stages. Differs: phases instead of whole kernels.
 */
import { invariant } from "../core/invariant.js";
import { emptyRun, type GpuRun } from "./gpu-run.js";
import { DONE_NS, GpuSharing } from "./gpu-sharing.js";
import type { GpuMoment } from "./gpu-snapshots.js";
import { type GpuPlan, GpuStreams, type GpuWaits } from "./gpu-streams.js";
import type { GpuWork } from "./gpu-work.js";

/** Hears of every stretch of time in which nothing changes. */
export type OnStretch = (from: number, to: number, sharing: GpuSharing) => void;

/** What an engine is for. */
export interface GpuEngineOptions {
  /** By operator: the least time from its start to the end of everything. Makes limits work early. */
  readonly tail?: Float64Array;
  readonly onStretch?: OnStretch;
  /** Keep snapshots, for `attempt`. */
  readonly isForAttempts?: boolean;
}

/** Tolerance when times are compared, in nanoseconds. */
const EPSILON = 1e-9;

/** Of every run. */
const BEGINNING: GpuMoment = { now: 0, free: 0, events: 0, ended: 0 };

/** Snapshots that a run keeps, about. */
const SNAPSHOTS = 48;

/** One GPU with the work of one graph. */
export class GpuEngine {
  /** Ends of phases since the engine was made: the unit of its throughput. */
  events = 0;
  readonly #work: GpuWork;
  readonly #tail: Float64Array | undefined;
  readonly #onStretch: OnStretch | undefined;
  readonly #count: number;
  readonly #sharing: GpuSharing;
  readonly #streams: GpuStreams;
  /** The run that attempts are compared with, and the one that is made. */
  #base: GpuRun;
  #trial: GpuRun;
  /** By operator: its kernel. */
  readonly #kernel: Int32Array;
  /** Operators that wait for the gap between two of their kernels. */
  readonly #between = new Set<number>();
  /** Events between two snapshots. */
  readonly #interval: number;
  #now = 0;
  /** When the front end can start the next kernel. */
  #free = 0;
  /** When the last operator so far ended: an operator without kernels is looked at later than it ends. */
  #lastEnd = 0;
  #runEvents = 0;
  #ended = 0;
  #limit = Number.POSITIVE_INFINITY;
  #isOver = false;

  /** Cost: O(V + phases). */
  constructor(work: GpuWork, waits: GpuWaits, options: GpuEngineOptions = {}) {
    const count = work.first.length - 1;
    this.#work = work;
    this.#tail = options.tail;
    this.#onStretch = options.onStretch;
    this.#count = count;
    this.#sharing = new GpuSharing(work, count);
    this.#streams = new GpuStreams(work, waits, (operator, at) => this.#setOut(operator, at));
    this.#base = emptyRun(count);
    this.#trial = emptyRun(count);
    this.#kernel = new Int32Array(count);
    this.#interval =
      options.isForAttempts === true
        ? Math.max(16, Math.ceil(work.phaseNs.length / SNAPSHOTS))
        : Number.POSITIVE_INFINITY;
  }

  /** Of the run that was kept: when each operator started. */
  get startNs(): Float64Array {
    return this.#base.start;
  }

  /** Of the run that was kept: when each operator ended. */
  get endNs(): Float64Array {
    return this.#base.end;
  }

  /** Of the run that was kept: when what an operator reads was there, whatever else it waits for. */
  inputsNs(operator: number): number {
    return this.#streams.inputsBy(operator, this.#base.end);
  }

  /** Between two kernels of a stream. */
  get gapNs(): number {
    return this.#work.launchGapNs;
  }

  /** Of the run that was kept: when each operator had everything that it waits for. */
  get readyNs(): Float64Array {
    return this.#base.ready;
  }

  /**
   * The makespan of a plan, from its beginning; the run is kept.
   *
   * Requires: the order is topological. Cost: O(phases x kernels resident at a time + E).
   */
  run(plan: GpuPlan): number {
    this.#streams.enter(plan);
    this.#limit = Number.POSITIVE_INFINITY;
    this.#restore(-1);
    const makespan = this.#simulate();
    this.keep();
    return makespan;
  }

  /**
   * The makespan of a plan that differs little from the kept one, or `Infinity` when it exceeds
   * `limit`. `moved`: the operator whose place in the launch order differs, if any; all others are
   * in the same order relative to each other.
   *
   * Requires: a run was kept. Ensures: the same makespan as `run`, where it is within the limit.
   */
  attempt(plan: GpuPlan, moved: number, limit: number): number {
    this.#streams.enter(plan);
    this.#limit = limit + EPSILON;
    const from = this.#divergence(moved);
    this.#restore(this.#base.snapshots.lastBefore(from));
    return this.#simulate();
  }

  /** Makes the last run the one that is kept. Requires: it was not cut off by a limit. */
  keep(): void {
    const kept = this.#trial;
    this.#trial = this.#base;
    this.#base = kept;
  }

  /** The first time at which an operator becomes ready earlier or later than in the kept run. */
  #divergence(moved: number): number {
    const { ready, end } = this.#base;
    let first = ready[moved]!;
    for (let operator = 0; operator < this.#count; operator++) {
      const before = ready[operator]!;
      const now = this.#streams.readyBy(operator, end);
      if (now !== before) {
        first = Math.min(first, now, before);
      }
    }
    return first;
  }

  /** Takes up the kept run at one of its snapshots, or at its beginning (-1). */
  #restore(snapshot: number): void {
    const base = this.#base;
    const { start, end, ready, ended, snapshots } = this.#trial;
    const moment = snapshot < 0 ? BEGINNING : base.snapshots.moment(snapshot);
    this.#between.clear();
    this.#sharing.count = 0;
    this.#isOver = false;
    this.#now = moment.now;
    this.#free = moment.free;
    this.#lastEnd = moment.now;
    this.#runEvents = moment.events;
    this.#ended = moment.ended;
    start.fill(-1);
    end.fill(-1);
    for (let at = 0; at < moment.ended; at++) {
      const operator = base.ended[at]!;
      ended[at] = operator;
      start[operator] = base.start[operator]!;
      end[operator] = base.end[operator]!;
      ready[operator] = base.ready[operator]!;
      this.#streams.isOut[operator] = 1;
    }
    snapshots.copyFrom(base.snapshots, snapshot + 1);
    const to = base.snapshots.first(snapshot + 1);
    for (let at = snapshot < 0 ? to : base.snapshots.first(snapshot); at < to; at++) {
      this.#resume(at, moment.now);
    }
    this.#streams.recount(end);
  }

  /** Puts an operator that is an entry of a snapshot back where it was. */
  #resume(entry: number, now: number): void {
    const { snapshots, start, ready } = this.#base;
    const operator = snapshots.operator[entry]!;
    const phase = snapshots.phase[entry]!;
    const left = snapshots.left[entry]!;
    this.#streams.isOut[operator] = 1;
    this.#kernel[operator] = snapshots.kernel[entry]!;
    this.#trial.start[operator] = start[operator]! < now ? start[operator]! : -1;
    this.#trial.ready[operator] = ready[operator]!;
    if (phase >= 0) {
      this.#sharing.add(operator, phase, left);
    } else {
      this.#between.add(operator);
      this.#streams.push(operator, left);
    }
  }

  /** Notes an operator that waits for nothing any more; over, if what is left then is too long. */
  #setOut(operator: number, ready: number): void {
    this.#trial.ready[operator] = ready;
    this.#kernel[operator] = this.#work.first[operator]!;
    if (this.#tail !== undefined && ready + this.#tail[operator]! > this.#limit) {
      this.#isOver = true;
    }
  }

  #simulate(): number {
    const sharing = this.#sharing;
    const streams = this.#streams;
    const before = this.#runEvents;
    let nextSnapshot = before + this.#interval;
    while (!this.#isOver) {
      this.#admit();
      const arrival = streams.pending.peek();
      if (sharing.count === 0) {
        if (arrival === undefined) {
          break;
        }
        this.#now = this.#startOf(arrival);
        continue;
      }
      let step = sharing.settle();
      if (arrival !== undefined) {
        step = Math.min(step, this.#startOf(arrival) - this.#now);
      }
      invariant(Number.isFinite(step), "something resident advances");
      this.#advance(step);
      if (this.#runEvents >= nextSnapshot) {
        nextSnapshot = this.#runEvents + this.#interval;
        this.#keepSnapshot();
      }
    }
    this.events += this.#runEvents - before;
    if (this.#isOver || this.#lastEnd > this.#limit) {
      return Number.POSITIVE_INFINITY;
    }
    invariant(this.#ended === this.#count, "every operator of the plan runs");
    return this.#lastEnd;
  }

  /** Moves kernels that are due now to the device; operators without kernels are over at once. */
  #admit(): void {
    const { first: firstKernel, phase, phaseNs, dispatchNs } = this.#work;
    const { pending, due } = this.#streams;
    for (;;) {
      const first = pending.peek();
      if (first === undefined || this.#startOf(first) > this.#now + EPSILON) {
        break;
      }
      pending.pop();
      if (firstKernel[first] === firstKernel[first + 1]) {
        this.#passOn(first, due[first]!);
        continue;
      }
      this.#free = this.#now + dispatchNs;
      this.#between.delete(first);
      const at = phase[this.#kernel[first]!]!;
      this.#sharing.add(first, at, phaseNs[at]!);
    }
  }

  /** When a pending operator is due, or when the front end is done with the kernel before, if that is later. */
  #startOf(operator: number): number {
    const due = this.#streams.due[operator]!;
    const { first } = this.#work;
    return first[operator] === first[operator + 1] ? due : Math.max(due, this.#free);
  }

  /**
   * Ends an operator for which nothing is launched: those behind it wait for what it waited for. So it ends
   * a launch gap before it is due, and the launch gap to the next operator is the only one.
   */
  #passOn(operator: number, due: number): void {
    const end = Math.max(0, due - this.#work.launchGapNs);
    this.#lastEnd = Math.max(this.#lastEnd, end);
    this.#trial.start[operator] = end;
    this.#trial.end[operator] = end;
    this.#trial.ended[this.#ended++] = operator;
    this.#streams.ended(operator, end);
  }

  /** Runs what is resident for `step`, and ends the phases that are over then. */
  #advance(step: number): void {
    const sharing = this.#sharing;
    const { operator, rate, left, count } = sharing;
    const start = this.#trial.start;
    this.#onStretch?.(this.#now, this.#now + step, sharing);
    sharing.advance(step);
    const before = this.#now;
    this.#now += step;
    this.#lastEnd = this.#now;
    let kept = 0;
    for (let slot = 0; slot < count; slot++) {
      let stays = true;
      if (rate[slot]! > 0) {
        const id = operator[slot]!;
        if (start[id]! < 0) {
          start[id] = before;
        }
        stays = left[slot]! > DONE_NS || this.#endPhase(slot);
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
    const operator = sharing.operator[slot]!;
    const kernel = this.#kernel[operator]!;
    const next = sharing.phase[slot]! + 1;
    this.#runEvents++;
    if (next < phase[kernel + 1]!) {
      sharing.phase[slot] = next;
      sharing.left[slot] = phaseNs[next]!;
      return true;
    }
    if (kernel + 1 < first[operator + 1]!) {
      this.#kernel[operator] = kernel + 1;
      this.#between.add(operator);
      this.#streams.push(operator, this.#now + launchGapNs);
      return false;
    }
    this.#trial.end[operator] = this.#now;
    this.#trial.ended[this.#ended++] = operator;
    this.#streams.ended(operator, this.#now);
    return false;
  }

  #keepSnapshot(): void {
    const moment = {
      now: this.#now,
      free: this.#free,
      events: this.#runEvents,
      ended: this.#ended,
    };
    const due = this.#streams.due;
    const between = Array.from(this.#between, (operator) => ({
      operator,
      due: due[operator]!,
    }));
    this.#trial.snapshots.add(moment, this.#sharing, this.#kernel, between);
  }
}
