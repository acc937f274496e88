/**
 * Lets devices begin later, so that they are not held up in between: their orders stay, and with them the memory.
 *
 * A device may span S where its first start is S before its last end or later. That is one more condition between two
 * starts, like a dependency: starts are raised along all conditions until they hold. If they still rise after
 * as many passes as there are devices, or 16, they are not met. The least S of all devices is found by bisection, that of one
 * device as the longest way from its first start to its last end.
 *
 * Example: V-shape on two devices, two micro-batches, forward 1, backward 1: device 1 begins a step after device 0, and both
 * span as long as they must.
 */
import type { Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";
import {
  type Objective,
  objectiveFloor,
  objectiveValue,
  spansOf,
} from "../../../schedule/pipeline-objectives.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { Shortening } from "./shorten-schedule.js";

/** What is asked of spans. */
export interface SpanOptions {
  readonly objective: "span" | "bubble";
  /** Blocks placed while each schedule is shortened. */
  readonly maxNodes: number;
  readonly seed: number;
  /** No schedule is shorter. */
  readonly floor: number;
}

/**
 * The schedule that takes least in the sense of the objective, of those that `candidates` and what they can be
 * shortened to become when devices begin as late as they may; then the shortest; then the first.
 *
 * Requires: at least one candidate; valid schedules. Deterministic for equal options.
 */
export function leastSpans(
  placement: Placement,
  candidates: readonly PipelineSchedule[],
  { objective, maxNodes, seed, floor }: SpanOptions,
): PipelineSchedule {
  const least = objectiveFloor(objective, placement, candidates[0]?.microBatches ?? 0);
  let best: { whole: PipelineSchedule; value: number } | undefined;
  const offer = (whole: PipelineSchedule): void => {
    const closed = closeSpans(placement, whole, objective);
    const value = objectiveValue(objective, placement, closed);
    const isBetter =
      best === undefined ||
      value < best.value ||
      (value === best.value && closed.makespan < best.whole.makespan);
    best = isBetter ? { whole: closed, value } : best;
  };
  for (const candidate of candidates) {
    offer(candidate);
    const run = new Shortening(placement, candidate, seed, floor);
    let makespan = candidate.makespan;
    while (best !== undefined && best.value > least && !run.isShortest && run.nodes < maxNodes) {
      run.round();
      if (run.least < makespan) {
        makespan = run.least;
        offer(run.schedule());
      }
    }
  }
  return best?.whole ?? candidates[0]!;
}

/** The same orders with the least spans; for `bubble` device after device, which need not be least in all. */
export function closeSpans(
  placement: Placement,
  whole: PipelineSchedule,
  objective: Exclude<Objective, "makespan">,
): PipelineSchedule {
  const closing = new Closing(placement, whole);
  const loads = deviceLoads(placement);
  const spans = [...closing.spans];
  const asIs = closing.within(spans);
  let from = asIs;
  let best = asIs === undefined ? whole : closing.scheduleAt(asIs);
  if (objective === "span") {
    const longest = objectiveValue("span", placement, best);
    const floor = objectiveFloor("span", placement, whole.microBatches);
    const least = bisect(floor, longest, (span) => closing.within(spans.map(() => span)));
    return least === undefined ? best : closing.scheduleAt(least);
  }
  for (const [device, { isLink }] of placement.devices.entries()) {
    if (isLink !== true) {
      const longest = spansOf(placement, best)[device] ?? 0;
      const given = from;
      const withSpan = (span: number): Float64Array | undefined =>
        closing.within(
          spans.map((each, at) => (at === device ? span : each)),
          given,
        );
      const span = closing.leastSpan(device, spans);
      const load = (loads[device] ?? 0) * whole.microBatches;
      const met = span === undefined ? undefined : withSpan(span);
      const least = met ?? bisect(load, longest, withSpan);
      from = least ?? from;
      best = least === undefined ? best : closing.scheduleAt(least);
      spans[device] = spansOf(placement, best)[device] ?? 0;
    }
  }
  return best;
}

/** What the least value from `low` to `high` that gives something gives. */
function bisect<T>(low: number, high: number, of: (value: number) => T | undefined): T | undefined {
  let [least, most] = [low, high];
  let found: T | undefined;
  while (least <= most) {
    const middle = Math.floor((least + most) / 2);
    const each = of(middle);
    if (each === undefined) {
      least = middle + 1;
    } else {
      found = each;
      most = middle - 1;
    }
  }
  return found;
}

/** Conditions that need more passes are not met. */
const MOST_PASSES = 16;

/** The orders of a schedule. */
class Closing {
  readonly #placement: Placement;
  readonly #whole: PipelineSchedule;
  /** Instance i waits for `#before[k]`, `#gap[k]` from start to start, where k is from `#first[i]` to `#first[i + 1] - 1`. */
  readonly #first: Int32Array;
  readonly #before: Int32Array;
  readonly #gap: Float64Array;
  /** By device: its first and last instance. */
  readonly #ends: readonly { readonly first: number; readonly last: number }[];

  constructor(placement: Placement, whole: PipelineSchedule) {
    this.#placement = placement;
    this.#whole = whole;
    const { blocks, devices, dependencies } = placement;
    const placeOf = new Map<number, number>();
    const newest = devices.map(() => -1);
    const first = devices.map(() => -1);
    const into = blocks.map((_, block) => dependencies.filter(({ to }) => to === block));
    const durationOf = (block: number): number => blocks[block]?.duration ?? 0;
    const waits = whole.instances.map(({ block, microBatch }, at) => {
      placeOf.set(microBatch * blocks.length + block, at);
      const inputs = (into[block] ?? []).flatMap(({ from, latency }) => {
        const before = placeOf.get(microBatch * blocks.length + from);
        return before === undefined ? [] : [{ at: before, gap: durationOf(from) + latency }];
      });
      const neighbors = (blocks[block]?.devices ?? []).flatMap((device) => {
        const before = newest[device] ?? -1;
        newest[device] = at;
        first[device] = before === -1 ? at : (first[device] ?? at);
        const gap = durationOf(whole.instances[before]?.block ?? -1);
        return before === -1 ? [] : [{ at: before, gap }];
      });
      return [...inputs, ...neighbors];
    });
    this.#first = new Int32Array(waits.length + 1);
    for (const [at, own] of waits.entries()) {
      this.#first[at + 1] = this.#first[at]! + own.length;
    }
    const all = waits.flat();
    this.#before = Int32Array.from(all, ({ at }) => at);
    this.#gap = Float64Array.from(all, ({ gap }) => gap);
    this.#ends = devices.map((_, device) => ({
      first: first[device] ?? -1,
      last: newest[device] ?? -1,
    }));
  }

  /** Spans of the schedule as it is; links are not limited. */
  get spans(): readonly number[] {
    return spansOf(this.#placement, this.#whole).map((span, device) =>
      this.#placement.devices[device]?.isLink === true ? Number.POSITIVE_INFINITY : span,
    );
  }

  /**
   * The earliest starts at which no device spans more; `undefined` if there are none. `from`: the earliest ones of spans that are
   * nowhere shorter, from which none goes back.
   */
  within(spans: readonly number[], from?: Float64Array): Float64Array | undefined {
    const starts = from?.slice() ?? new Float64Array(this.#whole.instances.length);
    for (let pass = 0; pass <= Math.min(spans.length + 1, MOST_PASSES); pass++) {
      this.#raise(starts);
      if (!this.#begin(starts, spans)) {
        return starts;
      }
    }
    return undefined;
  }

  /**
   * The least that a device can span while the others span no more than `spans`: the longest way from its first start to its last
   * end. `undefined`: it is not known after as many passes as `within` takes.
   */
  leastSpan(device: number, spans: readonly number[]): number | undefined {
    const { first, last } = this.#ends[device]!;
    if (first === -1) {
      return undefined;
    }
    const others = spans.map((each, at) => (at === device ? Number.POSITIVE_INFINITY : each));
    const after = new Float64Array(this.#whole.instances.length).fill(Number.NEGATIVE_INFINITY);
    after[first] = 0;
    const ways = this.within(others, after);
    const { start, end } = this.#whole.instances[last]!;
    return ways && ways[last]! + end - start;
  }

  /** The schedule with these starts, moved so that the first is 0. */
  scheduleAt(starts: Float64Array): PipelineSchedule {
    const { instances, microBatches } = this.#whole;
    const origin = starts.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const moved = instances.map((instance, at) => {
      const start = starts[at]! - origin;
      return { ...instance, start, end: start + instance.end - instance.start };
    });
    moved.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
    const makespan = moved.reduce((last, { end }) => Math.max(last, end), 0);
    return { microBatches, instances: moved, makespan };
  }

  /** Raises starts behind what they wait for. */
  #raise(starts: Float64Array): void {
    const [first, before, gap] = [this.#first, this.#before, this.#gap];
    for (let at = 0; at < starts.length; at++) {
      let start = starts[at]!;
      const end = first[at + 1]!;
      for (let arc = first[at]!; arc < end; arc++) {
        start = Math.max(start, starts[before[arc]!]! + gap[arc]!);
      }
      starts[at] = start;
    }
  }

  /** Raises the first start of each device; whether one rose. */
  #begin(starts: Float64Array, spans: readonly number[]): boolean {
    let isRising = false;
    for (const [device, { first, last }] of this.#ends.entries()) {
      const span = spans[device] ?? Number.POSITIVE_INFINITY;
      if (first !== -1 && this.#placement.devices[device]?.isLink !== true) {
        const { start, end } = this.#whole.instances[last]!;
        const earliest = starts[last]! + end - start - span;
        if (earliest > starts[first]!) {
          starts[first] = earliest;
          isRising = true;
        }
      }
    }
    return isRising;
  }
}
