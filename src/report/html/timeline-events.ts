/** Events of schedules in the columns of `TimelineData`. */
import { deltasOf } from "./columns.js";
import type { TimelineData } from "./page-data.js";

/** Most lanes of a timeline: more cannot be told apart on a screen. */
export const MOST_LANES = 256;

/** One event. */
export interface LaneEvent {
  readonly lane: number;
  readonly start: number;
  readonly end: number;
  readonly label: string;
  /** The micro-batch, if it is of one. */
  readonly number?: number;
  readonly color: number;
  /** What others name it by, when they wait for it. */
  readonly key: string;
  /** Keys of events that it waits for; those that are not there are left out. */
  readonly waits: readonly string[];
  /** Whether it is one of those that decide the end. */
  readonly isOnChain: boolean;
}

/** Lanes and what is shown of the whole. */
export interface LaneFrame {
  readonly lanes: readonly string[];
  readonly colors: readonly string[];
  readonly views: TimelineData["views"];
}

/**
 * The events of at most `MOST_LANES` lanes, the first ones.
 *
 * An event that ends before it starts, of a schedule that is not valid, counts as of no length.
 * Cost: O(events log events + waits).
 */
export function timelineOf(events: readonly LaneEvent[], frame: LaneFrame): TimelineData {
  const lanes = frame.lanes.slice(0, MOST_LANES);
  const byLane: LaneEvent[][] = lanes.map(() => []);
  for (const event of events) {
    byLane[event.lane]?.push(event);
  }
  const columns = byLane.map((lane) => lane.sort((a, b) => a.start - b.start || a.end - b.end));
  const shown = columns.flat();
  const waits = waitsOf(shown);
  const labels = [...new Set(shown.map(({ label }) => label))];
  const positions = new Map(labels.map((label, at) => [label, at]));
  const numbers = shown.flatMap(({ number }) => number ?? []);
  return {
    lanes,
    counts: columns.map(({ length }) => length),
    end: events.reduce((most, { end }) => Math.max(most, end), 0),
    starts: columns.flatMap((lane) => deltasOf(lane.map(({ start }) => start))),
    durations: shown.map(({ start, end }) => Math.max(0, end - start)),
    labels,
    label: shown.map(({ label }) => positions.get(label) ?? 0),
    ...(numbers.length === shown.length && numbers.length > 0 ? { numbers } : {}),
    color: shown.map(({ color }) => color),
    colors: frame.colors,
    waitCounts: waits.map(({ length }) => length),
    waits: waits.flat(),
    chain: shown.flatMap(({ isOnChain }, at) => (isOnChain ? [at] : [])),
    views: frame.views,
  };
}

/** Positions of the events that each waits for. */
function waitsOf(events: readonly LaneEvent[]): readonly (readonly number[])[] {
  const positions = new Map<string, number[]>();
  for (const [at, { key }] of events.entries()) {
    positions.set(key, [...(positions.get(key) ?? []), at]);
  }
  return events.map(({ waits }) => waits.flatMap((key) => positions.get(key) ?? []));
}
