/** A timeline that can be moved, zoomed, searched, and walked through with keys. */
import type { PageUnit, TimelineData } from "../page-data.js";
import { timeAt } from "./draw-timeline.js";
import { describeEvent } from "./event-words.js";
import { eventAt, eventTable, findEvents } from "./events.js";
import { timeFormat } from "./quantities.js";
import { currentTheme, onThemeChange } from "./theme.js";
import { actOn, zoomTimeline } from "./timeline-actions.js";
import { keyOf } from "./timeline-keys.js";
import {
  lookAt,
  type RangeListener,
  redrawTimeline,
  resizeTimeline,
  showTimes,
  type TimelineView,
  timelineView,
} from "./timeline-view.js";

/** Pixels beside a bar that still mean it. */
const SLACK = 4;

/** Draws a timeline into its frame and makes it answer. */
export function openTimeline(
  figure: HTMLElement,
  data: TimelineData,
  unit: PageUnit,
  onRange: RangeListener,
): void {
  const canvas = figure.querySelector("canvas")!;
  const status = figure.querySelector<HTMLElement>(".status")!;
  const view = timelineView(eventTable(data), unit, canvas, { status, onRange });
  view.surface.call(view.zoom).on("dblclick.zoom", null);
  resizeTimeline(view);
  new ResizeObserver(() => resizeTimeline(view)).observe(canvas);
  onThemeChange(() => {
    view.theme = currentTheme();
    redrawTimeline(view);
  });
  listenToKeys(view);
  listenToPointer(view, figure.querySelector<HTMLElement>(".tip")!);
  listenToButtons(view, figure);
  listenToSearch(view, figure.querySelector("input")!);
}

function listenToKeys(view: TimelineView): void {
  view.canvas.addEventListener("keydown", (event) => {
    const key = keyOf(event);
    if (key !== undefined && view.table.starts.length > 0) {
      event.preventDefault();
      actOn(view, key);
    }
  });
}

function listenToPointer(view: TimelineView, tip: HTMLElement): void {
  const { canvas, table } = view;
  const format = timeFormat(view.unit);
  canvas.addEventListener("pointermove", (event) => {
    const at = event.buttons === 0 ? eventUnder(view, event) : -1;
    tip.hidden = at < 0;
    if (at >= 0) {
      tip.textContent = describeEvent(table, at, format).join("\n");
      placeTip(tip, event, canvas);
    }
  });
  for (const kind of ["pointerleave", "keydown"]) {
    canvas.addEventListener(kind, () => {
      tip.hidden = true;
    });
  }
  canvas.addEventListener("click", (event) => lookAt(view, eventUnder(view, event)));
}

function eventUnder({ frame, table }: TimelineView, { offsetX, offsetY }: MouseEvent): number {
  const lane = Math.floor((offsetY - frame.top) / frame.laneHeight);
  const slack = timeAt(frame, SLACK) - timeAt(frame, 0);
  return offsetX < frame.left ? -1 : eventAt(table, lane, timeAt(frame, offsetX), slack);
}

function placeTip(tip: HTMLElement, { offsetX, offsetY }: MouseEvent, canvas: HTMLElement): void {
  const isRight = offsetX > canvas.clientWidth / 2;
  tip.style.left = isRight ? "auto" : `${offsetX + 14}px`;
  tip.style.right = isRight ? `${canvas.clientWidth - offsetX + 14}px` : "auto";
  tip.style.top = `${offsetY + 14}px`;
}

function listenToButtons(view: TimelineView, figure: HTMLElement): void {
  figure.addEventListener("click", ({ target }) => {
    const { view: part, zoom } = (target as HTMLElement).dataset;
    if (part !== undefined) {
      const { from, to } = view.table.data.views[Number(part)] ?? { from: 0, to: view.whole };
      showTimes(view, from, to);
    } else if (zoom !== undefined) {
      zoomTimeline(view, zoom === "in");
    }
  });
}

/** Typing looks at the first event with the text in its name, Enter at the next. */
function listenToSearch(view: TimelineView, search: HTMLInputElement): void {
  const find = (after: number): void => {
    const found = search.value === "" ? [] : findEvents(view.table, search.value);
    const next = found.find((at) => at > after) ?? found[0] ?? -1;
    const none = search.value === "" ? "" : "nothing has this in its name";
    lookAt(view, next, next < 0 ? none : `${found.indexOf(next) + 1} of ${found.length}: `);
  };
  search.addEventListener("input", () => find(-1));
  search.addEventListener("keydown", ({ key }) => {
    if (key === "Enter") {
      find(view.selected);
    }
  });
}
