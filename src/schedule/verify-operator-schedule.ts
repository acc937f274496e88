import { countWays, type IncomingArcs } from "../core/reachability.js";
import { type OperatorGraph, type OperatorId, operatorId } from "../ir/operator-graph.js";
import type { Launch, OperatorSchedule } from "./operator-schedule.js";

/**
 * An independent check of operator schedules: it shares no code with the searches.
 *
 * A launch starts when the previous launch of its stream and all the operators it waits for have
 * finished. So the schedule is valid exactly when these arcs (stream order and waits) lead from
 * every operator to each of its consumers. A dependency inside one stream or named as a wait is
 * seen at once; the others are questions of reachability, answered together.
 *
 * Example: `conv` on stream 0, `relu` on stream 1 waits for `conv`, `add` on stream 1 reads both.
 * `conv -> add` is implied by `conv -> relu -> add`; a wait of `add` for `conv` would be redundant.
 */

/** One fault of an operator schedule; `redundant-wait` costs time but breaks nothing. */
export type OperatorScheduleProblem =
  | { readonly kind: "unknown-operator"; readonly position: number; readonly operator: number }
  | { readonly kind: "repeated-operator"; readonly position: number; readonly operator: OperatorId }
  | { readonly kind: "missing-operator"; readonly operator: OperatorId }
  | {
      readonly kind: "stream-out-of-range";
      readonly operator: OperatorId;
      readonly stream: number;
      readonly streams: number;
    }
  | { readonly kind: "unused-stream"; readonly stream: number }
  | { readonly kind: "unknown-wait"; readonly operator: OperatorId; readonly wait: number }
  | { readonly kind: "unsorted-waits"; readonly operator: OperatorId }
  | {
      readonly kind: "wait-on-own-stream";
      readonly operator: OperatorId;
      readonly wait: OperatorId;
    }
  | {
      readonly kind: "wait-on-later-launch";
      readonly operator: OperatorId;
      readonly wait: OperatorId;
    }
  | {
      readonly kind: "deadlock";
      /** The first operator in launch order that can never start. */
      readonly operator: OperatorId;
      /** Operators that never start. */
      readonly stuck: number;
    }
  | { readonly kind: "missing-record"; readonly operator: OperatorId }
  | { readonly kind: "needless-record"; readonly operator: OperatorId }
  | {
      readonly kind: "unmet-dependency";
      readonly operator: OperatorId;
      readonly predecessor: OperatorId;
    }
  | { readonly kind: "redundant-wait"; readonly operator: OperatorId; readonly wait: OperatorId };

/**
 * All faults of `schedule` as a way to run `graph`; empty when it is valid.
 *
 * Order: by check, inside a check by launch position. When operators are missing, repeated or
 * unknown, or streams out of range, only problems of that sort are given: the rest has no meaning.
 * Cost: O(V + E) and the reachability questions that are not answered at sight.
 */
export function verifyOperatorSchedule(
  graph: OperatorGraph,
  schedule: OperatorSchedule,
): readonly OperatorScheduleProblem[] {
  const shape = shapeProblems(graph, schedule);
  if (shape.length > 0) {
    return shape;
  }
  const { launches } = schedule;
  const position = new Int32Array(graph.operators.length);
  for (const [at, launch] of launches.entries()) {
    position[launch.operator] = at;
  }
  const context: Context = { launches, position, arcs: arcsOf(schedule, position) };
  return waitProblems(schedule, position).concat(
    deadlocks(schedule, position),
    recordProblems(schedule),
    dependencyProblems(graph, context),
    redundantWaits(context),
  );
}

interface Context {
  readonly launches: readonly Launch[];
  readonly position: Int32Array;
  readonly arcs: IncomingArcs;
}

function shapeProblems(
  graph: OperatorGraph,
  { launches, streams }: OperatorSchedule,
): OperatorScheduleProblem[] {
  const problems: OperatorScheduleProblem[] = [];
  const count = graph.operators.length;
  const known = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < count;
  const seen = new Uint8Array(count);
  const usedStreams = new Set<number>();
  for (const [position, { operator, stream, waits }] of launches.entries()) {
    if (!known(operator)) {
      problems.push({ kind: "unknown-operator", position, operator });
      continue;
    }
    if (seen[operator] === 1) {
      problems.push({ kind: "repeated-operator", position, operator });
    }
    seen[operator] = 1;
    if (!Number.isInteger(stream) || stream < 0 || stream >= streams) {
      problems.push({ kind: "stream-out-of-range", operator, stream, streams });
    }
    usedStreams.add(stream);
    for (const wait of waits) {
      if (!known(wait)) {
        problems.push({ kind: "unknown-wait", operator, wait });
      }
    }
  }
  for (let id = 0; id < count; id++) {
    if (seen[id] === 0) {
      problems.push({ kind: "missing-operator", operator: operatorId(id) });
    }
  }
  return problems.concat(unusedStreams(streams, usedStreams, launches.length));
}

/** Streams without a launch; a count larger than the launches is reported once, at its first gap. */
function unusedStreams(
  streams: number,
  used: ReadonlySet<number>,
  launches: number,
): OperatorScheduleProblem[] {
  const problems: OperatorScheduleProblem[] = [];
  for (let stream = 0; stream < Math.min(streams, launches + 1); stream++) {
    if (!used.has(stream)) {
      problems.push({ kind: "unused-stream", stream });
    }
  }
  return problems;
}

function waitProblems(
  { launches }: OperatorSchedule,
  position: Int32Array,
): OperatorScheduleProblem[] {
  const problems: OperatorScheduleProblem[] = [];
  for (const [at, { operator, stream, waits }] of launches.entries()) {
    if (waits.some((wait, i) => i > 0 && wait <= waits[i - 1]!)) {
      problems.push({ kind: "unsorted-waits", operator });
    }
    for (const wait of waits) {
      const from = position[wait]!;
      if ((launches[from] as Launch).stream === stream) {
        problems.push({ kind: "wait-on-own-stream", operator, wait });
      } else if (from > at) {
        problems.push({ kind: "wait-on-later-launch", operator, wait });
      }
    }
  }
  return problems;
}

/** Runs the schedule with all durations zero: what has not started at the end never will. */
function deadlocks(
  { launches, streams }: OperatorSchedule,
  position: Int32Array,
): OperatorScheduleProblem[] {
  const missing = new Int32Array(launches.length);
  const followers: number[][] = launches.map(() => []);
  const lastOf = new Int32Array(streams).fill(-1);
  for (const [at, { stream, waits }] of launches.entries()) {
    const before = lastOf[stream]!;
    const sources = before < 0 ? [] : [before];
    for (const wait of waits) {
      sources.push(position[wait]!);
    }
    for (const source of sources) {
      followers[source]?.push(at);
    }
    missing[at] = sources.length;
    lastOf[stream] = at;
  }
  const ready: number[] = [];
  missing.forEach((count, at) => {
    if (count === 0) {
      ready.push(at);
    }
  });
  for (let done = 0; done < ready.length; done++) {
    for (const next of followers[ready[done]!] ?? []) {
      missing[next] = missing[next]! - 1;
      if (missing[next] === 0) {
        ready.push(next);
      }
    }
  }
  const stuck = launches.length - ready.length;
  const first = launches[missing.findIndex((count) => count > 0)];
  return first === undefined ? [] : [{ kind: "deadlock", operator: first.operator, stuck }];
}

function recordProblems({ launches }: OperatorSchedule): OperatorScheduleProblem[] {
  const awaited = new Set<number>(launches.flatMap((launch) => launch.waits));
  const problems: OperatorScheduleProblem[] = [];
  for (const { operator, record } of launches) {
    if (record !== awaited.has(operator)) {
      problems.push({ kind: record ? "needless-record" : "missing-record", operator });
    }
  }
  return problems;
}

/** Arcs into each launch: the previous launch of its stream, then its waits on earlier launches. */
function arcsOf({ launches, streams }: OperatorSchedule, position: Int32Array): IncomingArcs {
  const start = new Int32Array(launches.length + 1);
  const from: number[] = [];
  const lastOf = new Int32Array(streams).fill(-1);
  for (const [at, { stream, waits }] of launches.entries()) {
    const tails = new Set<number>(waits.map((wait) => position[wait]!));
    tails.add(lastOf[stream]!);
    for (const tail of tails) {
      if (tail >= 0 && tail < at) {
        from.push(tail);
      }
    }
    start[at + 1] = from.length;
    lastOf[stream] = at;
  }
  return { start, from: Int32Array.from(from) };
}

function dependencyProblems(
  graph: OperatorGraph,
  { launches, position, arcs }: Context,
): OperatorScheduleProblem[] {
  const problems: OperatorScheduleProblem[] = [];
  const from: number[] = [];
  const to: number[] = [];
  for (const [at, { operator, stream, waits }] of launches.entries()) {
    const named = new Set(waits);
    for (const predecessor of graph.operators[operator]?.predecessors ?? []) {
      const source = position[predecessor]!;
      if (source >= at) {
        problems.push({ kind: "unmet-dependency", operator, predecessor });
      } else if ((launches[source] as Launch).stream !== stream && !named.has(predecessor)) {
        from.push(source);
        to.push(at);
      }
    }
  }
  const ways = countWays(arcs, Int32Array.from(from), Int32Array.from(to));
  ways.forEach((count, i) => {
    if (count === 0) {
      const operator = (launches[to[i]!] as Launch).operator;
      const predecessor = (launches[from[i]!] as Launch).operator;
      problems.push({ kind: "unmet-dependency", operator, predecessor });
    }
  });
  return problems;
}

/** Waits whose operator also leads here another way. One with a single outgoing arc cannot. */
function redundantWaits({ launches, position, arcs }: Context): OperatorScheduleProblem[] {
  const outgoing = new Int32Array(launches.length);
  for (const tail of arcs.from) {
    outgoing[tail] = outgoing[tail]! + 1;
  }
  const from: number[] = [];
  const to: number[] = [];
  for (const [at, { stream, waits }] of launches.entries()) {
    for (const wait of waits) {
      const source = position[wait]!;
      const usual = source < at && (launches[source] as Launch).stream !== stream;
      if (usual && outgoing[source]! > 1) {
        from.push(source);
        to.push(at);
      }
    }
  }
  const ways = countWays(arcs, Int32Array.from(from), Int32Array.from(to));
  const problems: OperatorScheduleProblem[] = [];
  ways.forEach((count, i) => {
    if (count === 2) {
      const operator = (launches[to[i]!] as Launch).operator;
      const wait = (launches[from[i]!] as Launch).operator;
      problems.push({ kind: "redundant-wait", operator, wait });
    }
  });
  return problems;
}
