import { countWays, type IncomingArcs } from "../../core/reachability.js";
import { type OperatorGraph, type OperatorId, operatorId } from "../../ir/operator-graph.js";
import type { Launch, OperatorSchedule } from "../../schedule/operator-schedule.js";

/**
 * The fewest waits that keep a given assignment of operators to streams correct.
 *
 * An operator must come after its predecessors. One on its own stream does by stream order; one on
 * another stream needs a wait, unless it is already known to have finished: because a later
 * operator of the same stream is waited for, or because something else that this operator comes
 * after (the previous launch of its stream, another wait, and so on) comes after it.
 *
 * Example: streams {a, b} and {c, d}, dependencies a->c, a->d, b->d. c waits for a. d reads a and
 * b: a is implied twice (c came after a, and b did), so d waits for b only.
 *
 * Waiting for each predecessor on another stream, as the obvious way does, is correct but pays for
 * events that add nothing. The needed ones are exactly the cross-stream arcs of the transitive
 * reduction of "dependencies and stream order", which is unique; no choice, no tie-break.
 *
 * Source: transitive reduction, Aho, Garey, Ullman, SIAM J. Comput. 1972.
 */

/** Streams and launch order without waits; `order` is topological and names each operator once. */
export interface StreamAssignment {
  /** Operator ids in launch order. */
  readonly order: Int32Array;
  /** Stream of each operator, by id; any numbers. */
  readonly streamOf: Int32Array;
  /**
   * 1 for operators, by id, that do not signal their own end: what needs them on another stream
   * waits for the next launch of their stream instead, and so on, as long as that launch comes
   * earlier than the one that waits. For devices on which each signal costs the stream a cut.
   */
  readonly isQuiet?: Uint8Array;
}

/**
 * The schedule of an assignment: streams numbered by first launch, minimal waits and records.
 *
 * Requires: `order` is a topological order of `graph`.
 * Cost: O(V + E) and the questions of reachability for waits that may be implied.
 */
export function composeSchedule(
  graph: OperatorGraph,
  algorithm: string,
  assignment: StreamAssignment,
): OperatorSchedule {
  const { order, isQuiet } = assignment;
  const { stream, streams } = renumber(order, assignment.streamOf);
  const waits = minimalWaits(graph, { order, stream, streams, isQuiet });
  const record = new Uint8Array(order.length);
  for (const list of waits) {
    for (const id of list) {
      record[id] = 1;
    }
  }
  const launches: Launch[] = Array.from(order, (id) => ({
    operator: operatorId(id),
    stream: stream[id]!,
    waits: waits[id] as readonly OperatorId[],
    record: record[id] === 1,
  }));
  return { algorithm, streams, launches };
}

function renumber(
  order: Int32Array,
  streamOf: Int32Array,
): { readonly stream: Int32Array; readonly streams: number } {
  const stream = new Int32Array(order.length);
  const numbers = new Map<number, number>();
  for (const id of order) {
    const old = streamOf[id]!;
    const number = numbers.get(old) ?? numbers.size;
    numbers.set(old, number);
    stream[id] = number;
  }
  return { stream, streams: numbers.size };
}

/** An assignment with streams numbered densely. */
interface Numbered {
  readonly order: Int32Array;
  readonly stream: Int32Array;
  readonly streams: number;
  readonly isQuiet: Uint8Array | undefined;
}

const NONE: readonly OperatorId[] = [];

/** Minimal waits of each operator, by id, each ascending. */
function minimalWaits(graph: OperatorGraph, numbered: Numbered): (readonly OperatorId[])[] {
  const { order, stream } = numbered;
  const arcs = arcsOf(graph, numbered);
  const outgoing = new Int32Array(order.length);
  for (const tail of arcs.from) {
    outgoing[tail] = outgoing[tail]! + 1;
  }
  const needless = impliedArcs(arcs, outgoing);
  const waits: (readonly OperatorId[])[] = new Array(order.length).fill(NONE);
  for (let at = 0; at < order.length; at++) {
    const id = order[at]!;
    const kept: OperatorId[] = [];
    const end = arcs.start[at + 1]!;
    for (let arc = arcs.start[at]!; arc < end; arc++) {
      const tail = order[arcs.from[arc]!]!;
      if (stream[tail] !== stream[id] && needless[arc] === 0) {
        kept.push(operatorId(tail));
      }
    }
    if (kept.length > 0) {
      waits[id] = kept.sort((a, b) => a - b);
    }
  }
  return waits;
}

/**
 * Arcs between launch positions: from the previous launch of the stream, and from the last
 * predecessor on each other stream (earlier ones are implied by stream order).
 */
function arcsOf(graph: OperatorGraph, numbered: Numbered): IncomingArcs {
  const { order, stream, streams } = numbered;
  const count = order.length;
  const signal = signalPositions(numbered);
  const start = new Int32Array(count + 1);
  const from: number[] = [];
  const lastLaunch = new Int32Array(streams).fill(-1);
  const latest = new Int32Array(streams).fill(-1);
  const touched: number[] = [];
  for (let at = 0; at < count; at++) {
    const id = order[at]!;
    const own = stream[id]!;
    latest[own] = lastLaunch[own]!;
    touched.push(own);
    for (const predecessor of graph.operators[id]?.predecessors ?? []) {
      const other = stream[predecessor]!;
      if (other === own) {
        continue;
      }
      if (latest[other]! < 0) {
        touched.push(other);
      }
      latest[other] = Math.max(latest[other]!, signal(predecessor, at));
    }
    for (const used of touched) {
      if (latest[used]! >= 0) {
        from.push(latest[used]!);
      }
      latest[used] = -1;
    }
    touched.length = 0;
    start[at + 1] = from.length;
    lastLaunch[own] = at;
  }
  return { start, from: Int32Array.from(from) };
}

/** The launch position whose end tells a launch at `at` on another stream that an operator is done. */
function signalPositions({
  order,
  stream,
  streams,
  isQuiet,
}: Numbered): (operator: number, at: number) => number {
  const position = new Int32Array(order.length);
  const next = new Int32Array(order.length);
  const following = new Int32Array(streams).fill(order.length);
  for (let at = order.length - 1; at >= 0; at--) {
    const id = order[at]!;
    position[id] = at;
    next[at] = following[stream[id]!]!;
    following[stream[id]!] = at;
  }
  if (isQuiet === undefined) {
    return (operator) => position[operator]!;
  }
  return (operator, at) => {
    let signal = position[operator]!;
    while (isQuiet[order[signal]!] === 1 && next[signal]! < at) {
      signal = next[signal]!;
    }
    return signal;
  };
}

/** 1 for each arc that a longer path implies. An arc whose tail or head has no other arc is not. */
function impliedArcs(arcs: IncomingArcs, outgoing: Int32Array): Uint8Array {
  const asked: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  for (let at = 0; at + 1 < arcs.start.length; at++) {
    const first = arcs.start[at]!;
    const end = arcs.start[at + 1]!;
    for (let arc = first; end - first > 1 && arc < end; arc++) {
      const tail = arcs.from[arc]!;
      if (outgoing[tail]! > 1) {
        asked.push(arc);
        from.push(tail);
        to.push(at);
      }
    }
  }
  const ways = countWays(arcs, Int32Array.from(from), Int32Array.from(to));
  const implied = new Uint8Array(arcs.from.length);
  ways.forEach((count, i) => {
    implied[asked[i]!] = count === 2 ? 1 : 0;
  });
  return implied;
}
