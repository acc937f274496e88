import { Heap } from "../core/heap.js";
import { GpuLags } from "./gpu-lags.js";
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

/** The waits: both directions of the same arcs. Arcs within a stream cost nothing. */
export interface GpuWaits {
  readonly predecessors: GpuArcs;
  readonly successors: GpuArcs;
}

/** Lists of neighbors, by operator id, flattened. Cost: O(V + E). */
export function gpuArcsOf(lists: readonly (readonly number[])[]): GpuArcs {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, at) => {
    start[at + 1] = start[at]! + list.length;
  });
  const items = new Int32Array(start[lists.length]!);
  lists.forEach((list, at) => {
    items.set(list, start[at]!);
  });
  return { start, items };
}

/**
 * Streams and events: which operators may start, and when.
 *
 * An operator waits for the launch before it on its stream, which lets it go a launch gap after its
 * end, and for predecessors on other streams, which do an event's latency after theirs, later where many wait
 * (`GpuLags`).
 */
export class GpuStreams {
  /** Operators (or kernels inside one) that are due and not on the device yet, in dispatch order. */
  pending: Heap;
  /** By operator: when it is due, while it is pending. */
  readonly due: Float64Array;
  /** By operator: 1 once it has become ready. */
  readonly isOut: Uint8Array;
  readonly #work: GpuWork;
  readonly #waits: GpuWaits;
  readonly #missing: Int32Array;
  readonly #earliest: Float64Array;
  readonly #previous: Int32Array;
  readonly #next: Int32Array;
  readonly #launchAt: Int32Array;
  /** `undefined`: an event takes the same everywhere. */
  readonly #lags: GpuLags | undefined;
  readonly #onReady: (operator: number, at: number) => void;
  #streamOf: Int32Array = new Int32Array();

  /** `onReady` is called with every operator that waits for nothing any more. */
  constructor(work: GpuWork, waits: GpuWaits, onReady: (operator: number, at: number) => void) {
    const count = work.first.length - 1;
    this.#work = work;
    this.#waits = waits;
    this.#onReady = onReady;
    this.pending = new Heap((a, b) => this.#before(a, b));
    this.due = new Float64Array(count);
    this.isOut = new Uint8Array(count);
    this.#missing = new Int32Array(count);
    this.#earliest = new Float64Array(count);
    this.#previous = new Int32Array(count);
    this.#next = new Int32Array(count);
    this.#launchAt = new Int32Array(count);
    this.#lags = work.widthNs === undefined ? undefined : new GpuLags(work, waits);
  }

  /** Takes up a plan: links the launches of each stream. Nothing is out. Cost: O(V), and that of `GpuLags`. */
  enter(plan: GpuPlan): void {
    const { order, streamOf, streams } = plan;
    this.#lags?.enter(plan);
    const last = new Int32Array(streams).fill(-1);
    this.#streamOf = streamOf;
    this.#next.fill(-1);
    this.isOut.fill(0);
    this.pending = new Heap((a, b) => this.#before(a, b));
    for (let at = 0; at < order.length; at++) {
      const operator = order[at]!;
      const stream = streamOf[operator]!;
      const previous = last[stream]!;
      this.#launchAt[operator] = at;
      this.#previous[operator] = previous;
      if (previous >= 0) {
        this.#next[previous] = operator;
      }
      last[stream] = operator;
    }
  }

  /**
   * The time at which all signals that an operator waits for have arrived, if all senders ended at
   * `end`; operators that have not ended (-1) are left out.
   */
  readyBy(operator: number, end: Float64Array): number {
    const { start, items } = this.#waits.predecessors;
    const { launchGapNs, eventNs } = this.#work;
    const streamOf = this.#streamOf;
    const stream = streamOf[operator]!;
    const previous = this.#previous[operator]!;
    const free = previous < 0 ? -1 : end[previous]!;
    let ready = after(free, launchGapNs);
    const to = start[operator + 1]!;
    for (let arc = start[operator]!; arc < to; arc++) {
      const from = items[arc]!;
      const ended = end[from]!;
      if (streamOf[from] !== stream) {
        ready = Math.max(ready, after(ended, this.#lags?.ns[arc] ?? eventNs));
      }
    }
    return ready;
  }

  /**
   * The time at which the operators that an operator reads from allow it to start: a launch gap
   * after the end of those on its own stream, an event after that of others.
   */
  inputsBy(operator: number, end: Float64Array): number {
    const { start, items } = this.#waits.predecessors;
    const { launchGapNs, eventNs } = this.#work;
    const stream = this.#streamOf[operator];
    let ready = 0;
    const to = start[operator + 1]!;
    for (let arc = start[operator]!; arc < to; arc++) {
      const from = items[arc]!;
      const isOwn = this.#streamOf[from] === stream;
      const gap = isOwn ? launchGapNs : (this.#lags?.ns[arc] ?? eventNs);
      ready = Math.max(ready, after(end[from]!, gap));
    }
    return ready;
  }

  /** Counts what operators that are not out still wait for; those that wait for nothing go out. */
  recount(end: Float64Array): void {
    const { start, items } = this.#waits.predecessors;
    const streamOf = this.#streamOf;
    for (let operator = 0; operator < this.isOut.length; operator++) {
      if (this.isOut[operator] === 1) {
        continue;
      }
      const stream = streamOf[operator]!;
      const previous = this.#previous[operator]!;
      let missing = previous >= 0 && end[previous]! < 0 ? 1 : 0;
      const to = start[operator + 1]!;
      for (let arc = start[operator]!; arc < to; arc++) {
        const from = items[arc]!;
        if (streamOf[from] !== stream && end[from]! < 0) {
          missing++;
        }
      }
      this.#missing[operator] = missing;
      this.#earliest[operator] = this.readyBy(operator, end);
      if (missing === 0) {
        this.#letOut(operator);
      }
    }
  }

  /** Signals the end of an operator to all operators that wait for it. */
  ended(operator: number, now: number): void {
    const { start, items } = this.#waits.successors;
    const streamOf = this.#streamOf;
    const stream = streamOf[operator]!;
    const { eventNs } = this.#work;
    const lags = this.#lags;
    const to = start[operator + 1]!;
    for (let arc = start[operator]!; arc < to; arc++) {
      const waiter = items[arc]!;
      if (streamOf[waiter] !== stream) {
        const lag = lags === undefined ? eventNs : lags.ns[lags.twin[arc]!]!;
        this.#tell(waiter, after(now, lag));
      }
    }
    const next = this.#next[operator]!;
    if (next >= 0) {
      this.#tell(next, after(now, this.#work.launchGapNs));
    }
  }

  /** Puts an operator into the queue for the device. */
  push(operator: number, due: number): void {
    this.due[operator] = due;
    this.pending.push(operator);
  }

  #tell(waiter: number, at: number): void {
    if (at > this.#earliest[waiter]!) {
      this.#earliest[waiter] = at;
    }
    this.#missing[waiter] = this.#missing[waiter]! - 1;
    if (this.#missing[waiter] === 0) {
      this.#letOut(waiter);
    }
  }

  #letOut(operator: number): void {
    const ready = this.#earliest[operator]!;
    this.isOut[operator] = 1;
    this.#onReady(operator, ready);
    this.push(operator, ready);
  }

  /** Dispatch order: by the time of being due, then by launch order. */
  #before(a: number, b: number): boolean {
    const byTime = this.due[a]! - this.due[b]!;
    return (byTime || this.#launchAt[a]! - this.#launchAt[b]!) < 0;
  }
}

/**
 * The time `lag` after an end; the beginning after what never ended (-1), and after operators that launch nothing
 * and have nothing before them, which end there.
 */
function after(end: number, lag: number): number {
  return end > 0 ? end + lag : 0;
}
