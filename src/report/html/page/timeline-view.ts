/** The part of a timeline that is shown, and the event that is looked at. */
import type { Selection } from "d3-selection";
import type { ZoomBehavior } from "d3-zoom";
import type { PageUnit } from "../page-data.js";
import { drawTimeline, RIGHT, type TimelineFrame } from "./draw-timeline.js";
import { describeEvent } from "./event-words.js";
import type { EventTable } from "./events.js";
import { d3 } from "./libraries.js";
import { timeFormat } from "./quantities.js";
import { currentTheme, type Theme } from "./theme.js";

/** Told whenever other times are shown. */
export type RangeListener = (from: number, to: number) => void;

/** A timeline on the page. */
export interface TimelineView {
  readonly table: EventTable;
  readonly unit: PageUnit;
  /** All the time there is, at least 1. */
  readonly whole: number;
  readonly canvas: HTMLCanvasElement;
  /** Says what is looked at. */
  readonly status: HTMLElement;
  readonly surface: Selection<HTMLCanvasElement, unknown, null, undefined>;
  readonly zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  readonly onRange: RangeListener;
  theme: Theme;
  frame: TimelineFrame;
  /** Position of the event that is looked at; -1: none. */
  selected: number;
}

/** Height of the axis above the lanes, and of lanes. */
const TOP = 24;
const LANE = { most: 34, least: 8, all: 640 } as const;

/** Most that a timeline is enlarged. */
const MOST_SCALE = 1e7;

/** A view of all events, before it has its size: `resizeTimeline` gives it. */
export function timelineView(
  table: EventTable,
  unit: PageUnit,
  canvas: HTMLCanvasElement,
  rest: Pick<TimelineView, "status" | "onRange">,
): TimelineView {
  const whole = Math.max(1, table.data.end);
  const view: TimelineView = {
    ...rest,
    table,
    unit,
    whole,
    canvas,
    surface: d3.select<HTMLCanvasElement, unknown>(canvas),
    zoom: d3.zoom<HTMLCanvasElement, unknown>(),
    theme: currentTheme(),
    frame: frameOf(table, canvas.clientWidth, 0, whole),
    selected: -1,
  };
  view.zoom
    .scaleExtent([1, scaleOf(table, whole)])
    .filter((event: Event) => mayZoom(event, canvas))
    .on(
      "zoom",
      ({ transform }: { readonly transform: { readonly k: number; readonly x: number } }) => {
        moveTo(view, transform.k, transform.x);
      },
    );
  return view;
}

/** Enough to see the shortest event. */
function scaleOf({ data }: EventTable, whole: number): number {
  const shortest = data.durations.reduce((a, b) => (b > 0 && b < a ? b : a), whole);
  return Math.min(MOST_SCALE, Math.max(4, (2 * whole) / shortest));
}

/** The wheel scrolls the page unless the picture has the focus. */
function mayZoom(event: Event, canvas: HTMLCanvasElement): boolean {
  if (event.type === "wheel") {
    const { ctrlKey, metaKey } = event as WheelEvent;
    return ctrlKey || metaKey || document.activeElement === canvas;
  }
  return event.type.startsWith("touch") || (event as MouseEvent).button === 0;
}

function frameOf(table: EventTable, width: number, from: number, to: number): TimelineFrame {
  const lanes = Math.max(1, table.lanes.length);
  const laneHeight = Math.max(LANE.least, Math.min(LANE.most, Math.floor(LANE.all / lanes)));
  const longest = table.lanes.reduce((most, { name }) => Math.max(most, name.length), 0);
  const left = Math.min(150, 14 + longest * 6.3);
  return { width, height: TOP + lanes * laneHeight + 4, left, top: TOP, laneHeight, from, to };
}

function moveTo(view: TimelineView, scale: number, shift: number): void {
  const { left, width } = view.frame;
  const time = (pixel: number): number =>
    (((pixel - shift) / scale - left) / (width - left - RIGHT)) * view.whole;
  view.frame = { ...view.frame, from: time(left), to: time(width - RIGHT) };
  redrawTimeline(view);
  view.onRange(view.frame.from, view.frame.to);
}

/** Draws what is shown. */
export function redrawTimeline({
  canvas,
  table,
  frame,
  theme,
  unit,
  selected,
}: TimelineView): void {
  drawTimeline(canvas.getContext("2d")!, { table, frame, theme, unit, selected });
}

/** Shows the times between two. */
export function showTimes(view: TimelineView, from: number, to: number): void {
  const { left, width } = view.frame;
  const scale = view.whole / Math.max(to - from, view.whole / MOST_SCALE);
  const transform = d3.zoomIdentity
    .translate(left, 0)
    .scale(scale)
    .translate(-left - (from / view.whole) * (width - left - RIGHT), 0);
  view.surface.call(view.zoom.transform, transform);
}

/** Takes the size that the page gives; the same times are shown. */
export function resizeTimeline(view: TimelineView): void {
  const { canvas, table } = view;
  const { from, to } = view.frame;
  const ratio = globalThis.devicePixelRatio || 1;
  view.frame = frameOf(table, canvas.clientWidth, from, to);
  const { width, height, left } = view.frame;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.getContext("2d")!.setTransform(ratio, 0, 0, ratio, 0, 0);
  const edges: [[number, number], [number, number]] = [
    [left, 0],
    [width - RIGHT, height],
  ];
  view.zoom.extent(edges).translateExtent(edges);
  showTimes(view, from, to);
}

/** Looks at an event, and moves it into sight; -1 looks at none. `note` is said first. */
export function lookAt(view: TimelineView, at: number, note: string = ""): void {
  const { table, unit, whole, status } = view;
  const { from, to } = view.frame;
  view.selected = at;
  status.textContent =
    at < 0 ? note : `${note}${describeEvent(table, at, timeFormat(unit)).join("; ")}`;
  const [start = 0, end = 0] = [table.starts[at], table.ends[at]];
  if (at < 0 || (start <= to && end >= from)) {
    redrawTimeline(view);
    return;
  }
  const half = (to - from) / 2;
  const middle = Math.min(whole - half, Math.max(half, (start + end) / 2));
  showTimes(view, middle - half, middle + half);
}
