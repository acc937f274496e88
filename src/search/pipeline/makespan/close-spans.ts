/**
 * Lets devices begin later, so that they are not held up in between: their orders stay, and with them the memory.
 *
 * A device may span S where its first start is S before its last end or later. That is one more condition between two
 * starts, like a dependency: starts are raised along all conditions until they hold. If they still rise after
 * as many passes as there are devices, or 16, they are not met. The least S is found by bisection.
 *
 * Example: V-shape on two devices, two micro-batches, forward 1, backward 1: device 1 begins a step after device 0, and both
 * span as long as they must.
 */
import type { Placement } from "../../../placement/placement.js";
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
  const loads = objectiveFloor("span", placement, whole.microBatches);
  const spans = [...closing.spans];
  if (objective === "span") {
    const longest = objectiveValue("span", placement, closing.within(spans) ?? whole);
    const least = bisect(loads, longest, (span) => closing.within(spans.map(() => span)));
    return least ?? closing.within(spans) ?? whole;
  }
  let best = closing.within(spans) ?? whole;
  for (const [device, { isLink }] of placement.devices.entries()) {
    if (isLink !== true) {
      const longest = spansOf(placement, best)[device] ?? 0;
      const withSpan = (span: number) => spans.map((each, at) => (at === device ? span : each));
      best = bisect(0, longest, (span) => closing.within(withSpan(span))) ?? best;
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
  /** What each instance waits for: an instance, and the time between starts. */
  readonly #waits: readonly (readonly { readonly at: number; readonly gap: number }[])[];
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
    this.#waits = whole.instances.map(({ block, microBatch }, at) => {
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

  /** The earliest starts at which no device spans more; `undefined` if there are none. */
  within(spans: readonly number[]): PipelineSchedule | undefined {
    const { instances, microBatches } = this.#whole;
    const starts = new Float64Array(instances.length);
    for (let pass = 0; pass <= Math.min(spans.length + 1, MOST_PASSES); pass++) {
      this.#raise(starts);
      if (!this.#begin(starts, spans)) {
        const origin = starts.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
        const moved = instances.map((instance, at) => {
          const start = starts[at]! - origin;
          return { ...instance, start, end: start + instance.end - instance.start };
        });
        moved.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
        const makespan = moved.reduce((last, { end }) => Math.max(last, end), 0);
        return { microBatches, instances: moved, makespan };
      }
    }
    return undefined;
  }

  /** Raises starts behind what they wait for. */
  #raise(starts: Float64Array): void {
    for (const [at, waits] of this.#waits.entries()) {
      for (const { at: before, gap } of waits) {
        starts[at] = Math.max(starts[at]!, starts[before]! + gap);
      }
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
