import type { WorkerCosts } from "../../cost/operator-costs.js";
import { runSegments } from "../../schedule/run-segments.js";
import type { GroupGraph } from "./group-graph.js";

/**
 * The time that a plan of groups takes on worker threads: the same numbers as composing the
 * schedule, cutting it into segments and simulating it, without making any of these records.
 *
 * Waits come from vector clocks: for each launch and worker, the last launch of that worker known
 * to have ended. With as few streams as a CPU has workers that is shorter than asking for
 * reachability. A launch needs, per other worker, the latest launch that it depends on; taken from
 * the latest to the earliest, each one is a wait unless a clock taken in before knows it.
 */

/** Workers and order of groups. */
export interface GroupPlan {
  /** Groups in launch order: topological. */
  readonly order: Int32Array;
  /** By group. */
  readonly workerOf: Int32Array;
  /** By group; see `StreamAssignment.isQuiet`. */
  readonly isQuiet: Uint8Array;
}

/** The result of an evaluation; `segmentOf` is overwritten by the next evaluation. */
export interface PlanEvaluation {
  readonly makespanNs: number;
  readonly segments: number;
  /** Segment of each group. */
  readonly segmentOf: Int32Array;
}

/** An evaluator with its own buffers. */
export class GroupEvaluator {
  readonly #groups: GroupGraph;
  readonly #costs: WorkerCosts;
  readonly #extent: "model" | "part";
  readonly #position: Int32Array;
  /** By position: the next one of the same worker. */
  readonly #next: Int32Array;
  /** By worker: its first position. */
  readonly #first: Int32Array;
  /** By worker: its last position so far, or its segment. */
  readonly #last: Int32Array;
  /** The vector clock of each position: one row of positions by worker. */
  readonly #clock: Int32Array;
  readonly #need: Int32Array;
  /** Waits of position `at`: `#waited` from `#waitStart[at]` to `#waitStart[at + 1]`. */
  readonly #waitStart: Int32Array;
  readonly #waited: number[] = [];
  readonly #isRecorded: Uint8Array;
  readonly #segmentOf: Int32Array;
  readonly #load: {
    segments: number;
    readonly worker: Int32Array;
    readonly workNs: Float64Array;
    readonly waitStart: Int32Array;
    waits: Int32Array;
  };
  /** By tensor: the segment that has paid for it. */
  readonly #stamp: Int32Array;

  /**
   * `extent`: the groups are the whole model, whose one segment runs on the calling thread and costs
   * nothing to start, or a part of it, whose segment may be one of several.
   */
  constructor(groups: GroupGraph, costs: WorkerCosts, extent: "model" | "part" = "model") {
    const { count, writer } = groups;
    const width = costs.workers;
    this.#groups = groups;
    this.#costs = costs;
    this.#extent = extent;
    this.#position = new Int32Array(count);
    this.#next = new Int32Array(count);
    this.#first = new Int32Array(width);
    this.#last = new Int32Array(width);
    this.#clock = new Int32Array(count * width);
    this.#need = new Int32Array(width);
    this.#waitStart = new Int32Array(count + 1);
    this.#isRecorded = new Uint8Array(count);
    this.#segmentOf = new Int32Array(count);
    this.#load = {
      segments: 0,
      worker: new Int32Array(count),
      workNs: new Float64Array(count),
      waitStart: new Int32Array(count + 1),
      waits: new Int32Array(0),
    };
    this.#stamp = new Int32Array(writer.length);
  }

  /** The time and the segments of a plan. Cost: O((groups + dependencies) * workers). */
  evaluate(plan: GroupPlan): PlanEvaluation {
    this.#link(plan);
    this.#findWaits(plan);
    const segments = this.#cut(plan);
    this.#weigh(plan, segments);
    const { makespanNs } = runSegments(this.#load, this.#costs, false);
    const callerNs = segments > 1 && this.#extent === "model" ? this.#groups.callerNs : 0;
    return { makespanNs: makespanNs + callerNs, segments, segmentOf: this.#segmentOf };
  }

  /** Positions, and for each the next one of its worker. */
  #link({ order, workerOf }: GroupPlan): void {
    const { count } = this.#groups;
    const [position, next, first] = [this.#position, this.#next, this.#first];
    first.fill(count);
    for (let at = count - 1; at >= 0; at--) {
      const group = order[at]!;
      const worker = workerOf[group]!;
      position[group] = at;
      next[at] = first[worker]!;
      first[worker] = at;
    }
  }

  #findWaits({ order, workerOf, isQuiet }: GroupPlan): void {
    const { count, predecessors } = this.#groups;
    const width = this.#costs.workers;
    const [position, next, last] = [this.#position, this.#next, this.#last];
    const [clock, need] = [this.#clock, this.#need];
    last.fill(-1);
    this.#isRecorded.fill(0);
    this.#waited.length = 0;
    for (let at = 0; at < count; at++) {
      const group = order[at]!;
      const worker = workerOf[group]!;
      const row = at * width;
      const before = last[worker]!;
      for (let w = 0; w < width; w++) {
        clock[row + w] = before < 0 ? -1 : clock[before * width + w]!;
      }
      need.fill(-1);
      const end = predecessors.start[group + 1]!;
      for (let i = predecessors.start[group]!; i < end; i++) {
        const predecessor = predecessors.items[i]!;
        const other = workerOf[predecessor]!;
        if (other !== worker) {
          let signal = position[predecessor]!;
          while (isQuiet[order[signal]!] === 1 && next[signal]! < at) {
            signal = next[signal]!;
          }
          need[other] = Math.max(need[other]!, signal);
        }
      }
      this.#takeWaits(row);
      clock[row + worker] = at;
      last[worker] = at;
      this.#waitStart[at + 1] = this.#waited.length;
    }
  }

  /** Turns needs into waits, the latest first. */
  #takeWaits(row: number): void {
    const width = this.#costs.workers;
    const clock = this.#clock;
    const need = this.#need;
    for (;;) {
      let chosen = 0;
      for (let w = 1; w < width; w++) {
        if (need[w]! > need[chosen]!) {
          chosen = w;
        }
      }
      const signal = need[chosen]!;
      if (signal < 0) {
        return;
      }
      need[chosen] = -1;
      if (signal > clock[row + chosen]!) {
        this.#waited.push(signal);
        this.#isRecorded[signal] = 1;
        for (let w = 0; w < width; w++) {
          const known = clock[signal * width + w]!;
          clock[row + w] = Math.max(clock[row + w]!, known);
        }
      }
    }
  }

  /** Cuts before waits and after records; returns the number of segments. */
  #cut({ order, workerOf }: GroupPlan): number {
    const { count } = this.#groups;
    const [load, last, segmentOf] = [this.#load, this.#last, this.#segmentOf];
    const [waited, waitStart, isRecorded] = [this.#waited, this.#waitStart, this.#isRecorded];
    if (load.waits.length < waited.length) {
      load.waits = new Int32Array(waited.length * 2);
    }
    last.fill(-1);
    let segments = 0;
    let waits = 0;
    for (let at = 0; at < count; at++) {
      const group = order[at]!;
      const worker = workerOf[group]!;
      const end = waitStart[at + 1]!;
      if (last[worker]! < 0 || end > waits) {
        load.worker[segments] = worker;
        last[worker] = segments;
        for (; waits < end; waits++) {
          load.waits[waits] = segmentOf[order[waited[waits]!]!]!;
        }
        segments++;
        load.waitStart[segments] = waits;
      }
      segmentOf[group] = last[worker]!;
      if (isRecorded[at] === 1) {
        last[worker] = -1;
      }
    }
    load.segments = segments;
    return segments;
  }

  /** Work of each segment: start, groups, and each tensor from another segment once. */
  #weigh({ order }: GroupPlan, segments: number): void {
    const { count, workNs, reads, writer, handOverNs } = this.#groups;
    const [load, segmentOf, stamp] = [this.#load, this.#segmentOf, this.#stamp];
    const [first, next] = [this.#first, this.#next];
    if (segments === 1 && this.#extent === "model") {
      load.workNs[0] = workNs.reduce((sum, ns) => sum + ns, 0);
      return;
    }
    load.workNs.fill(this.#costs.segmentNs, 0, segments);
    stamp.fill(-1);
    for (let worker = 0; worker < first.length; worker++) {
      for (let at = first[worker]!; at < count; at = next[at]!) {
        const group = order[at]!;
        const segment = segmentOf[group]!;
        let work = workNs[group]!;
        const end = reads.start[group + 1]!;
        for (let i = reads.start[group]!; i < end; i++) {
          const tensor = reads.items[i]!;
          const from = writer[tensor]!;
          const isOutside = from < 0 || segmentOf[from] !== segment;
          if (isOutside && stamp[tensor] !== segment) {
            stamp[tensor] = segment;
            work += handOverNs[tensor]!;
          }
        }
        load.workNs[segment] = load.workNs[segment]! + work;
      }
    }
  }
}
