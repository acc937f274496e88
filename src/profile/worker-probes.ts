/**
 * The small plans from which the costs of worker threads are read, and how: what one inference of each
 * plan shows in its timeline. Tensors have one element except where bytes are what is measured.
 */
import { present } from "../core/invariant.js";
import { median } from "../core/statistics.js";
import type { ExecutorRun, SegmentTime } from "../runtime/cpu-executor.js";
import type { TensorSpec } from "../runtime/tensor-data.js";
import type { PlanSegment, WorkerPlan } from "../runtime/worker-plan.js";
import { probeModel } from "./probe-model.js";

/** A plan over inputs that may have any values, and what its runs give. */
export interface Probe<T> {
  readonly plan: WorkerPlan;
  /** Requires: at least one run. */
  readonly read: (runs: readonly ProbeRun[]) => T;
}

/** One inference of a probe. */
export type ProbeRun = Pick<ExecutorRun, "segments" | "durationNs">;

const CHAIN = 8;
const FAN_IN = 9;

/** What a segment and a tensor that it reads cost, in nanoseconds. */
export interface SegmentFigures {
  readonly segmentNs: number;
  readonly tensorNs: number;
}

/**
 * One worker: a chain of sub-models with one operator each, a fan of them from its end, and one that
 * reads the whole fan. A link of the chain is a segment and a tensor; the wide one has eight tensors more
 * than the narrow one after it.
 */
export function segmentProbe(): Probe<SegmentFigures> {
  const { tensors, segments, negate, add } = planMaker();
  let last = add("x", 1);
  const input = last;
  for (let i = 0; i < CHAIN; i++) {
    last = negate(0, last);
  }
  const fan = Array.from({ length: FAN_IN }, () => negate(0, last));
  const sum = add("sum", 1);
  segments[0].push({
    operators: ["sum"],
    model: probeModel({
      operator: "Sum",
      inputs: fan.map((tensor) => nameOf(tensors, tensor)),
      output: "sum",
      dims: [1],
    }),
    inputs: fan,
    outputs: [sum],
  });
  const output = negate(0, sum);
  return {
    plan: { tensors, inputs: [input], outputs: [output], workers: [segments[0]] },
    read: (runs) => {
      // The first link copies the input of the whole plan, by a worker that has just been woken.
      const linkNs = medianOf(
        runs,
        (times) => (end(times, CHAIN - 1) - end(times, 0)) / (CHAIN - 1),
      );
      const wide = CHAIN + FAN_IN;
      const extra = medianOf(runs, (times) => duration(times, wide) - duration(times, wide + 1));
      const tensorNs = Math.max(0, extra / (FAN_IN - 1));
      return { segmentNs: Math.max(0, linkNs - tensorNs), tensorNs };
    },
  };
}

/** What a signal and the two ends of an inference cost, in nanoseconds. */
export interface SignalFigures {
  readonly signalNs: number;
  readonly wakeNs: number;
  readonly requestNs: number;
  readonly returnNs: number;
}

/** Links that say what one takes without a wait, and those in which the second worker is woken and gets warm. */
const LINKS = 16;
const WARMING = 8;
/** Operators, and elements of their tensors, that take longer than a worker stays awake: some 1.5 us each. */
const LONG = { repeat: 2000, length: 1024 };
/** Segments that answer each other, the workers taking turns. */
const TURNS = 6;

/**
 * Two workers. The first runs a chain, many operators and one more link, while the second waits for the end of
 * it, asleep; then each runs links of its own until both are awake; then they take turns, each waiting for the other. All figures are
 * differences to links of the chain, which are run without a wait.
 */
export function signalProbe(): Probe<SignalFigures> {
  const { tensors, segments, negate, add } = planMaker();
  const input = add("x", 1);
  const opening = negate(1, input);
  let last = input;
  for (let i = 0; i < LINKS; i++) {
    last = negate(0, last);
  }
  const [long, longInput] = [add("long", LONG.length), add("for long", LONG.length)];
  segments[0].push({
    operators: ["long"],
    model: probeModel({
      operator: "Neg",
      inputs: ["for long"],
      output: "long",
      dims: [LONG.length],
      repeat: LONG.repeat,
    }),
    inputs: [longInput],
    outputs: [long],
  });
  last = negate(0, last);
  let woken = negate(1, last);
  for (let i = 0; i < 2; i++) {
    woken = negate(1, woken);
  }
  let warm = last;
  for (let i = 0; i < WARMING; i++) {
    warm = negate(0, warm);
  }
  let turn = woken;
  for (let i = 0; i < TURNS; i++) {
    turn = negate(i % 2, turn);
  }
  return {
    plan: {
      tensors,
      inputs: [input, longInput],
      outputs: [opening, long, warm, turn],
      workers: segments,
    },
    read: (runs) => {
      const near = (times: readonly SegmentTime[]) => times.filter(({ worker }) => worker === 0);
      const far = (times: readonly SegmentTime[]) => times.filter(({ worker }) => worker === 1);
      const linkNs = medianOf(
        runs,
        (times) => (end(near(times), LINKS - 1) - end(near(times), 0)) / (LINKS - 1),
      );
      const openingNs = medianOf(runs, (times) => (end(near(times), 0) + end(far(times), 0)) / 2);
      const asleepNs = medianOf(runs, (times) => end(far(times), 1) - end(near(times), LINKS + 1));
      const turnNs = medianOf(runs, (times) => {
        const first = end(near(times), LINKS + 2 + WARMING);
        return (end(far(times), far(times).length - 1) - first) / (TURNS - 1);
      });
      const signalNs = Math.max(0, turnNs - linkNs);
      return {
        signalNs,
        wakeNs: Math.max(0, asleepNs - linkNs - signalNs),
        requestNs: Math.max(0, openingNs - linkNs),
        returnNs: median(
          runs.map(({ segments: times, durationNs }) => durationNs - lastEnd(times)),
        ),
      };
    },
  };
}

/** What bytes cost in one probe, in nanoseconds. */
export interface ByteFigures {
  /** Bytes that cross from one worker to the other, and what that adds to the running of both. */
  readonly crossing: { readonly bytes: number; readonly ns: number };
  /** Bytes of inputs and outputs, and what the caller takes before and after the segments. */
  readonly caller: { readonly bytes: number; readonly ns: number };
}

/**
 * Two operators on vectors of `length` elements of four bytes: both in one sub-model against a producer on
 * one and a consumer on the other worker. Crossing holds the new buffer that ONNX Runtime returns for each
 * output, and the copies into and out of shared memory (tensors with a single reader are moved instead, and
 * cost less).
 */
export function crossingProbe(length: number): Probe<ByteFigures> {
  const { tensors, segments, negate, add } = planMaker(length);
  const input = add("x", length);
  const whole = add("whole", length);
  segments[0].push({
    operators: ["whole"],
    model: probeModel({
      operator: "Neg",
      inputs: ["x"],
      output: "whole",
      dims: [length],
      repeat: 2,
    }),
    inputs: [input],
    outputs: [whole],
  });
  const made = negate(0, input);
  const read = negate(1, made);
  // Tensors that the caller reads too are handed over by copy, the costlier way: see `routesOf`.
  const outputs = [whole, made, read];
  return {
    plan: { tensors, inputs: [input], outputs, workers: segments },
    read: (runs) => ({
      crossing: {
        bytes: 4 * length,
        ns:
          medianOf(runs, (times) => duration(times, 1) + duration(times, 2)) -
          medianOf(runs, (times) => duration(times, 0)),
      },
      caller: {
        bytes: 4 * length * (1 + outputs.length),
        ns: median(
          runs.map(({ segments: times, durationNs }) => durationNs - lastEnd(times) + first(times)),
        ),
      },
    }),
  };
}

/** A plan on two workers under construction. */
function planMaker(length = 1) {
  const tensors: TensorSpec[] = [];
  const segments: readonly [PlanSegment[], PlanSegment[]] = [[], []];
  const add = (name: string, elements: number): number =>
    tensors.push({ name, elementType: "float32", dims: [elements] }) - 1;
  /** Adds a segment with one operator to a worker; returns the tensor that it writes. */
  const negate = (worker: number, input: number): number => {
    const output = add(`t${tensors.length}`, length);
    const name = nameOf(tensors, output);
    const inputs = [nameOf(tensors, input)];
    const model = probeModel({ operator: "Neg", inputs, output: name, dims: [length] });
    segments[worker]?.push({ operators: [name], model, inputs: [input], outputs: [output] });
    return output;
  };
  return { tensors, segments, negate, add };
}

function nameOf(tensors: readonly TensorSpec[], tensor: number): string {
  return present(tensors[tensor], "tensor").name;
}

function medianOf(
  runs: readonly ProbeRun[],
  figure: (times: readonly SegmentTime[]) => number,
): number {
  return median(runs.map(({ segments }) => figure(segments)));
}

function end(times: readonly SegmentTime[], segment: number): number {
  return present(times[segment], "segment").endNs;
}

function duration(times: readonly SegmentTime[], segment: number): number {
  const { startNs, endNs } = present(times[segment], "segment");
  return endNs - startNs;
}

function first(times: readonly SegmentTime[]): number {
  return times.reduce(
    (earliest, { startNs }) => Math.min(earliest, startNs),
    Number.POSITIVE_INFINITY,
  );
}

function lastEnd(times: readonly SegmentTime[]): number {
  return times.reduce((latest, { endNs }) => Math.max(latest, endNs), 0);
}
