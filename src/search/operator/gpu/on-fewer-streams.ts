/**
 * A plan for a GPU on fewer streams that is no slower.
 *
 * A stream that begins when another has ended can go on where that one stopped, and nothing changes.
 * So first the streams, by the time at which they begin, are given to the first that is free by then,
 * as in the coloring of intervals; that is the least number for streams kept whole. The launches are
 * put into the order in which they become ready, which changes nothing either (the device takes
 * kernels in that order), so that those of a stream follow each other in time. Then pairs are
 * joined that do overlap, shortest first, where the simulator finds that it costs nothing.
 *
 * Example: of two tasks in flight with a main stream and four short side branches each, the side
 * branches of a task never overlap: ten streams become four.
 *
 * Joining pairs alone, the obvious way, simulates every pair: with 64 tasks in flight and hundreds of
 * streams the effort ends long before the pairs do.
 *
 * Source: interval partitioning (first fit by start is optimal; Kleinberg, Tardos, section 4.1).
 */
import type { GpuEngine } from "../../../schedule/gpu-engine.js";
import type { GpuPlan } from "../../../schedule/gpu-streams.js";
import { attemptBudget } from "./attempt-budget.js";

/**
 * The plan on fewer streams, at most as slow as `makespan`.
 *
 * Requires: the engine has kept the run of `start`, which took `makespan`. Cost: `effort` phases.
 */
export function onFewerStreams(
  engine: GpuEngine,
  start: GpuPlan,
  makespan: number,
  effort: number,
): GpuPlan {
  const orders = [inOrderOfTime(engine, start), start.order];
  const plans = orders.map((order): GpuPlan => {
    return { ...start, order, streamOf: oneAfterTheOther(engine, { ...start, order }) };
  });
  for (const plan of plans) {
    const ns = engine.run(plan);
    // The order of additions may differ; predictions are whole nanoseconds.
    if (Math.round(ns) <= Math.round(makespan)) {
      return joined(engine, plan, Math.max(ns, makespan), effort);
    }
  }
  engine.run(start);
  return joined(engine, start, makespan, effort);
}

/** The launches by the time at which they become ready; equal ones stay in order. */
function inOrderOfTime({ readyNs }: GpuEngine, { order }: GpuPlan): Int32Array {
  const place = placesOf(order);
  return order.slice().sort((a, b) => readyNs[a]! - readyNs[b]! || place[a]! - place[b]!);
}

/** By operator: where it is in the launch order. */
function placesOf(order: Int32Array): Int32Array {
  const place = new Int32Array(order.length);
  order.forEach((operator, at) => {
    place[operator] = at;
  });
  return place;
}

/** Streams by number as they are, without those that hold nothing. */
function usedStreams({ streams, streamOf }: GpuPlan): readonly number[] {
  const isUsed = new Uint8Array(streams);
  for (const stream of streamOf) {
    isUsed[stream] = 1;
  }
  return Array.from(isUsed.keys()).filter((stream) => isUsed[stream] === 1);
}

interface Span {
  readonly stream: number;
  /** From when the first of its launches is ready to the end of the last. */
  begin: number;
  end: number;
  /** First and last place in the launch order. */
  first: number;
  last: number;
}

function spansOf({ readyNs, endNs }: GpuEngine, { order, streamOf, streams }: GpuPlan): Span[] {
  const spans = Array.from({ length: streams }, (_, stream): Span => {
    return { stream, begin: Number.POSITIVE_INFINITY, end: 0, first: order.length, last: -1 };
  });
  order.forEach((operator, place) => {
    const span = spans[streamOf[operator]!] as Span;
    span.begin = Math.min(span.begin, readyNs[operator]!);
    span.end = Math.max(span.end, endNs[operator]!);
    span.first = Math.min(span.first, place);
    span.last = Math.max(span.last, place);
  });
  return spans.filter(({ last }) => last >= 0);
}

/**
 * Whole streams given to the first that has ended when they begin, and all of whose launches come
 * before theirs; stream of each operator.
 */
function oneAfterTheOther(engine: GpuEngine, plan: GpuPlan): Int32Array {
  const spans = spansOf(engine, plan).sort((a, b) => a.begin - b.begin || a.first - b.first);
  const takenBy = new Int32Array(plan.streams);
  const lasts: Span[] = [];
  for (const span of spans) {
    const free = lasts.findIndex(
      ({ end, last }) => end + engine.gapNs <= span.begin && last < span.first,
    );
    const to = free < 0 ? lasts.length : free;
    takenBy[span.stream] = to;
    lasts[to] = span;
  }
  return plan.streamOf.map((stream) => takenBy[stream]!);
}

/** A stream, shortest first, joins the first other that it does not slow. */
function joined(engine: GpuEngine, start: GpuPlan, makespan: number, effort: number): GpuPlan {
  const budget = attemptBudget(engine, start.streamOf.length, effort);
  let plan = start;
  const lengths = new Int32Array(plan.streams);
  for (const stream of plan.streamOf) {
    lengths[stream] = lengths[stream]! + 1;
  }
  const streams = [...usedStreams(plan)];
  streams.sort((a, b) => lengths[a]! - lengths[b]! || b - a);
  for (const [at, stream] of streams.entries()) {
    for (const other of streams.slice(at + 1)) {
      if (!budget.isLeft()) {
        return plan;
      }
      const streamOf = plan.streamOf.map((each) => (each === stream ? other : each));
      const changed = { ...plan, streamOf };
      if (engine.attempt(changed, plan.streamOf.indexOf(stream), makespan) <= makespan) {
        engine.keep();
        plan = changed;
        break;
      }
    }
  }
  return plan;
}
