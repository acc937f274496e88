/**
 * What waiting across streams takes, arc by arc, where width counts.
 *
 * An event takes its latency. Where many streams wait for a kernel, or a kernel for many, it takes longer
 * (`src/cost/width-costs.ts`). Only waits that are needed count: one that stream order or other waits imply is
 * never made, whoever asks for it, and its time is that of an event, which what implies it takes as well.
 *
 * Which are needed follows from clocks: every stream knows how far each other one has come for certain. In launch
 * order, an operator asks for its predecessors, the one launched last first; what its stream knows already it need
 * not wait for, and what it waits for tells it all that the other stream knew then.
 *
 * Source: vector clocks (Fidge, 1988; Mattern, 1989).
 */
import type { GpuPlan, GpuWaits } from "./gpu-streams.js";
import { type GpuWork, widthCost } from "./gpu-work.js";

/** Latencies of the arcs of one graph, under one plan after the other. */
export class GpuLags {
  /** By arc among the predecessors: from the end of the one to when the other may start, on another stream. */
  readonly ns: Float64Array;
  /** By arc among the successors: the same arc among the predecessors. */
  readonly twin: Int32Array;
  readonly #work: GpuWork;
  readonly #waits: GpuWaits;
  readonly #isNeeded: Uint8Array;
  readonly #forks: Int32Array;
  readonly #joins: Int32Array;
  readonly #position: Int32Array;
  /** By stream, and by operator when it was launched: the streams' positions, from 1, that it knows to have ended. */
  #clocks: Int32Array = new Int32Array();
  #snapshots: Int32Array = new Int32Array();

  /** Cost: O(V + E), times the successors of an operator. */
  constructor(work: GpuWork, waits: GpuWaits) {
    const count = work.first.length - 1;
    this.#work = work;
    this.#waits = waits;
    this.ns = new Float64Array(waits.predecessors.items.length);
    this.twin = twinsOf(waits);
    this.#isNeeded = new Uint8Array(this.ns.length);
    this.#forks = new Int32Array(count);
    this.#joins = new Int32Array(count);
    this.#position = new Int32Array(count);
  }

  /** Takes up a plan. Cost: O(V * streams + E). */
  enter(plan: GpuPlan): void {
    const { order, streamOf, streams } = plan;
    this.#isNeeded.fill(0);
    this.#forks.fill(0);
    this.#joins.fill(0);
    order.forEach((operator, at) => {
      this.#position[operator] = at + 1;
    });
    this.#clocks = cleared(this.#clocks, streams * streams);
    this.#snapshots = cleared(this.#snapshots, order.length * streams);
    for (let at = 0; at < order.length; at++) {
      const operator = order[at]!;
      const clock = streamOf[operator]! * streams;
      this.#wait(operator, clock, plan);
      this.#clocks[clock + streamOf[operator]!] = at + 1;
      const kept = operator * streams;
      for (let stream = 0; stream < streams; stream++) {
        this.#snapshots[kept + stream] = this.#clocks[clock + stream]!;
      }
    }
    this.#settle();
  }

  /** Makes the waits of an operator that its stream's clock does not imply. */
  #wait(operator: number, clock: number, { streamOf, streams }: GpuPlan): void {
    const { start, items } = this.#waits.predecessors;
    const to = start[operator + 1]!;
    for (;;) {
      let last = -1;
      let lastAt = 0;
      for (let arc = start[operator]!; arc < to; arc++) {
        const from = items[arc]!;
        const at = this.#position[from]!;
        if (at > lastAt && at > this.#clocks[clock + streamOf[from]!]!) {
          last = arc;
          lastAt = at;
        }
      }
      if (last < 0) {
        return;
      }
      const from = items[last]!;
      this.#isNeeded[last] = 1;
      this.#forks[from] = this.#forks[from]! + 1;
      this.#joins[operator] = this.#joins[operator]! + 1;
      const known = from * streams;
      for (let stream = 0; stream < streams; stream++) {
        const at = this.#snapshots[known + stream]!;
        if (at > this.#clocks[clock + stream]!) {
          this.#clocks[clock + stream] = at;
        }
      }
    }
  }

  #settle(): void {
    const { start, items } = this.#waits.predecessors;
    const { eventNs } = this.#work;
    for (let operator = 0; operator < this.#joins.length; operator++) {
      const join = widthCost(this.#work, this.#joins[operator]!);
      const to = start[operator + 1]!;
      for (let arc = start[operator]!; arc < to; arc++) {
        const width =
          this.#isNeeded[arc] === 1 ? widthCost(this.#work, this.#forks[items[arc]!]!) + join : 0;
        this.ns[arc] = eventNs + width;
      }
    }
  }
}

/** Zeros, in the same memory where it is large enough. */
function cleared(values: Int32Array, length: number): Int32Array {
  return values.length < length ? new Int32Array(length) : values.fill(0);
}

function twinsOf({ predecessors, successors }: GpuWaits): Int32Array {
  const twin = new Int32Array(successors.items.length);
  for (let operator = 0; operator + 1 < predecessors.start.length; operator++) {
    const to = predecessors.start[operator + 1]!;
    for (let arc = predecessors.start[operator]!; arc < to; arc++) {
      const from = predecessors.items[arc]!;
      const end = successors.start[from + 1]!;
      for (let other = successors.start[from]!; other < end; other++) {
        if (successors.items[other] === operator) {
          twin[other] = arc;
        }
      }
    }
  }
  return twin;
}
