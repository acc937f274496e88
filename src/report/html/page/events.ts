/** The events of a timeline, for drawing and finding. */
import { sumsOf } from "../columns.js";
import type { TimelineData } from "../page-data.js";

/** One lane: positions of its events are `first` and the following. */
export interface EventLane {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

/** All events; typed arrays have one entry for each. */
export interface EventTable {
  readonly data: TimelineData;
  readonly lanes: readonly EventLane[];
  readonly laneOf: Int32Array;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** The latest end in the lane so far: ascending in each lane, also where events overlap. */
  readonly reach: Float64Array;
  /** Position in `data.waits` of the first that an event waits for; one more entry at the end. */
  readonly firstWait: Int32Array;
  readonly onChain: Uint8Array;
}

/** Reads the columns. */
export function eventTable(data: TimelineData): EventTable {
  const size = data.label.length;
  const table = {
    data,
    lanes: [] as EventLane[],
    laneOf: new Int32Array(size),
    starts: new Float64Array(size),
    ends: new Float64Array(size),
    reach: new Float64Array(size),
    firstWait: Int32Array.from([0, ...sumsOf(data.waitCounts)]),
    onChain: new Uint8Array(size),
  };
  let first = 0;
  for (const [lane, name] of data.lanes.entries()) {
    const count = data.counts[lane] ?? 0;
    table.lanes.push({ name, first, count });
    fillLane(table, lane, first, count);
    first += count;
  }
  for (const at of data.chain) {
    table.onChain[at] = 1;
  }
  return table;
}

function fillLane(table: EventTable, lane: number, first: number, count: number): void {
  let start = 0;
  let reach = Number.NEGATIVE_INFINITY;
  for (let at = first; at < first + count; at++) {
    start += table.data.starts[at] ?? 0;
    const end = start + (table.data.durations[at] ?? 0);
    reach = Math.max(reach, end);
    table.laneOf[at] = lane;
    table.starts[at] = start;
    table.ends[at] = end;
    table.reach[at] = reach;
  }
}

/** The text of an event. */
export function eventText({ data }: EventTable, at: number): string {
  const label = data.labels[data.label[at] ?? -1] ?? "";
  const number = data.numbers?.[at];
  return number === undefined ? label : `${label}.${number}`;
}

/** Positions of the events that one waits for. */
export function waitsOfEvent({ data, firstWait }: EventTable, at: number): readonly number[] {
  return data.waits.slice(firstWait[at] ?? 0, firstWait[at + 1] ?? 0);
}

/** The first event of a lane that reaches to a time or beyond; that behind the last one if none does. */
export function firstReaching(
  { reach }: EventTable,
  { first, count }: EventLane,
  time: number,
): number {
  let low = first;
  let high = first + count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((reach[middle] ?? 0) >= time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** The event of a lane at a time, or else the nearest within `slack` of it; -1: none. */
export function eventAt(table: EventTable, lane: number, time: number, slack: number): number {
  const row = table.lanes[lane];
  let found = -1;
  let least = slack;
  if (row === undefined) {
    return found;
  }
  for (let at = firstReaching(table, row, time - slack); at < row.first + row.count; at++) {
    const start = table.starts[at] ?? 0;
    const away = Math.max(0, start - time, time - (table.ends[at] ?? 0));
    if (start - time > least) {
      break;
    }
    if (found < 0 ? away <= least : away < least) {
      found = at;
      least = away;
    }
  }
  return found;
}

/** The event of another lane that is nearest in time; -1 for a lane without events. */
export function nearestInLane(table: EventTable, lane: number, time: number): number {
  return eventAt(table, lane, time, Number.POSITIVE_INFINITY);
}

/** Events whose text contains `words`, in any case. */
export function findEvents(table: EventTable, words: string): readonly number[] {
  const wanted = words.toLowerCase();
  return Array.from(table.starts.keys()).filter((at) =>
    eventText(table, at).toLowerCase().includes(wanted),
  );
}
