/** What keys do on a timeline. */
import { type EventTable, nearestInLane } from "./events.js";
import type { TimelineKey } from "./timeline-keys.js";
import { lookAt, showTimes, type TimelineView } from "./timeline-view.js";

/** Share of the width that a key moves, and how much keys and buttons zoom. */
const MOVE = 0.2;
const ZOOM = 1.6;

/** Zooms in or out, around the event that is looked at if it is in sight. */
export function zoomTimeline({ surface, zoom }: TimelineView, isIn: boolean): void {
  surface.call(zoom.scaleBy, isIn ? ZOOM : 1 / ZOOM);
}

/** Does what a key means. Without an event that is looked at, the first in sight is meant. */
export function actOn(view: TimelineView, key: TimelineKey): void {
  switch (key.kind) {
    case "zoom":
      zoomTimeline(view, key.isIn);
      return;
    case "move":
      moveBy(view, key.by);
      return;
    case "step":
    case "lane":
      lookAt(view, nextEvent(view, key.kind, key.by));
      return;
    case "closer":
      showWhole(view);
      return;
    case "all":
      showTimes(view, 0, view.whole);
      return;
    case "leave":
      lookAt(view, -1);
      return;
  }
}

function moveBy(view: TimelineView, by: number): void {
  const { from, to } = view.frame;
  const wanted = by * MOVE * (to - from);
  const possible = Math.min(view.whole - to, Math.max(-from, wanted));
  showTimes(view, from + possible, to + possible);
}

function nextEvent({ table, selected, frame }: TimelineView, kind: "step" | "lane", by: number) {
  if (selected < 0) {
    return firstInSight(table, frame.from);
  }
  return kind === "step" ? stepFrom(table, selected, by) : laneFrom(table, selected, by);
}

function firstInSight(table: EventTable, from: number): number {
  const lane = table.lanes.findIndex(({ count }) => count > 0);
  return nearestInLane(table, lane, from);
}

function stepFrom(table: EventTable, at: number, by: number): number {
  const { first, count } = table.lanes[table.laneOf[at] ?? 0]!;
  return Math.min(first + count - 1, Math.max(first, at + by));
}

/** The nearest event of the next lane with any, up or down; the same event where there is none. */
function laneFrom(table: EventTable, at: number, by: number): number {
  const middle = ((table.starts[at] ?? 0) + (table.ends[at] ?? 0)) / 2;
  let lane = (table.laneOf[at] ?? 0) + by;
  while (table.lanes[lane]?.count === 0) {
    lane += by;
  }
  return table.lanes[lane] === undefined ? at : nearestInLane(table, lane, middle);
}

/** Shows the event that is looked at with as much again on both sides. */
function showWhole(view: TimelineView): void {
  const { table, selected, whole } = view;
  if (selected >= 0) {
    const [start = 0, end = 0] = [table.starts[selected], table.ends[selected]];
    const around = Math.max(1, 2 * (end - start));
    showTimes(view, Math.max(0, start - around), Math.min(whole, end + around));
  }
}
