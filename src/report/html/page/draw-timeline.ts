/** Draws a timeline on a canvas. */

import type { PageUnit } from "../page-data.js";
import { type EventTable, eventText, firstReaching, waitsOfEvent } from "./events.js";
import { d3 } from "./libraries.js";
import { tickFormat } from "./quantities.js";
import type { Theme } from "./theme.js";

/** Where everything stands, in pixels of the page. */
export interface TimelineFrame {
  readonly width: number;
  readonly height: number;
  /** Left edge of the bars; names of lanes stand before it. */
  readonly left: number;
  readonly top: number;
  readonly laneHeight: number;
  /** The times at the left and the right edge. */
  readonly from: number;
  readonly to: number;
}

/** What is drawn. */
export interface TimelinePicture {
  readonly table: EventTable;
  readonly frame: TimelineFrame;
  readonly theme: Theme;
  readonly unit: PageUnit;
  /** The event that is looked at; -1: none. */
  readonly selected: number;
}

/** Space right of the bars. */
export const RIGHT = 8;

const FONT = "11px system-ui, sans-serif";

/** Pixels of a character, and the least width of a bar with text. */
const CHARACTER = 6.3;
const LEAST_TEXT = 24;

/** Least height of a lane with text in it. */
const TEXT_LANE = 13;

/** Draws all. Cost: O(lanes log events + visible events). */
export function drawTimeline(context: CanvasRenderingContext2D, picture: TimelinePicture): void {
  const { frame } = picture;
  context.clearRect(0, 0, frame.width, frame.height);
  context.font = FONT;
  context.textBaseline = "middle";
  drawAxis(context, picture);
  drawLaneNames(context, picture);
  context.save();
  context.beginPath();
  context.rect(frame.left, 0, frame.width - frame.left - RIGHT, frame.height);
  context.clip();
  for (const lane of picture.table.lanes.keys()) {
    drawLane(context, picture, lane);
  }
  drawSelected(context, picture);
  context.restore();
}

/** The pixel of a time. */
export function pixelOf({ width, left, from, to }: TimelineFrame, time: number): number {
  return left + ((time - from) / (to - from)) * (width - left - RIGHT);
}

/** The time of a pixel. */
export function timeAt({ width, left, from, to }: TimelineFrame, pixel: number): number {
  return from + ((pixel - left) / (width - left - RIGHT)) * (to - from);
}

function topOf({ top, laneHeight }: TimelineFrame, lane: number): number {
  return top + lane * laneHeight;
}

function drawAxis(
  context: CanvasRenderingContext2D,
  { frame, theme, unit }: TimelinePicture,
): void {
  const { width, left, from, to, top, height } = frame;
  const ticks = d3.ticks(from, to, Math.max(2, (width - left) / 110));
  const format = tickFormat(unit, to, (ticks[1] ?? to) - (ticks[0] ?? from));
  context.textAlign = "center";
  for (const tick of ticks) {
    const x = Math.round(pixelOf(frame, tick)) + 0.5;
    context.strokeStyle = theme.line;
    context.beginPath();
    context.moveTo(x, top - 5);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = theme.soft;
    context.fillText(format(tick), Math.min(x, width - 30), top / 2 - 2);
  }
}

function drawLaneNames(
  context: CanvasRenderingContext2D,
  { table, frame, theme }: TimelinePicture,
): void {
  const { left, laneHeight } = frame;
  const every = Math.max(1, Math.ceil(12 / laneHeight));
  const room = Math.floor((left - 8) / CHARACTER);
  context.textAlign = "right";
  context.fillStyle = theme.text;
  for (const [lane, { name }] of table.lanes.entries()) {
    if (lane % every === 0) {
      context.fillText(cut(name, room), left - 6, topOf(frame, lane) + laneHeight / 2);
    }
  }
}

function drawLane(context: CanvasRenderingContext2D, picture: TimelinePicture, lane: number): void {
  const { table, frame, theme } = picture;
  const row = table.lanes[lane]!;
  const top = topOf(frame, lane) + 1;
  const height = Math.max(2, frame.laneHeight - 3);
  const hasText = frame.laneHeight >= TEXT_LANE;
  let drawnTo = Number.NEGATIVE_INFINITY;
  context.textAlign = "left";
  for (let at = firstReaching(table, row, frame.from); at < row.first + row.count; at++) {
    if (table.starts[at]! > frame.to) {
      break;
    }
    const x = pixelOf(frame, table.starts[at]!);
    const right = pixelOf(frame, table.ends[at]!);
    if (right < drawnTo + 0.3) {
      continue;
    }
    const width = Math.max(0.8, right - x - (right - x > 3 ? 1 : 0));
    context.fillStyle = theme.fills[(table.data.color[at] ?? 0) % theme.fills.length]!;
    context.fillRect(x, top, width, height);
    drawnTo = x + width;
    if (table.onChain[at] === 1) {
      context.fillStyle = theme.mark;
      context.fillRect(x, top + height - 2, width, 2);
    }
    const visible = Math.max(x, frame.left);
    if (hasText && drawnTo - visible > LEAST_TEXT) {
      context.fillStyle = theme.ink;
      const room = Math.floor((Math.min(drawnTo, frame.width) - visible - 6) / CHARACTER);
      context.fillText(cut(eventText(table, at), room), visible + 3, top + height / 2);
    }
  }
}

/** A text that fits into so many characters. */
function cut(text: string, room: number): string {
  return text.length <= room ? text : room < 3 ? "" : `${text.slice(0, room - 1)}…`;
}

/** The event that is looked at, with a line from each event that it waits for. */
function drawSelected(
  context: CanvasRenderingContext2D,
  { table, frame, theme, selected }: TimelinePicture,
): void {
  if (selected < 0) {
    return;
  }
  const { laneHeight } = frame;
  const middle = (at: number): number => topOf(frame, table.laneOf[at] ?? 0) + laneHeight / 2;
  const x = pixelOf(frame, table.starts[selected] ?? 0);
  context.strokeStyle = theme.mark;
  context.lineWidth = 1.5;
  for (const before of waitsOfEvent(table, selected)) {
    const from = pixelOf(frame, table.ends[before] ?? 0);
    const bend = Math.max(12, Math.abs(x - from) / 2);
    context.beginPath();
    context.moveTo(from, middle(before));
    context.bezierCurveTo(
      from + bend,
      middle(before),
      x - bend,
      middle(selected),
      x,
      middle(selected),
    );
    context.stroke();
  }
  const width = Math.max(2, pixelOf(frame, table.ends[selected] ?? 0) - x);
  context.lineWidth = 2;
  context.strokeRect(x, topOf(frame, table.laneOf[selected] ?? 0) + 1, width, laneHeight - 3);
  context.lineWidth = 1;
}
