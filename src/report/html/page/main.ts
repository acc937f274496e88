/** The script of a page: reads what there is to draw, and draws it. */
import type { PageData } from "../page-data.js";
import { openCurves } from "./curves.js";
import { openGraph } from "./graph-view.js";
import { openTimeline } from "./timeline.js";

/** Marks that tell developer tools and benches when drawing began, and when all of it was on the screen. */
const MARKS = { begin: "report-begin", drawn: "report-drawn" } as const;

function start(): void {
  performance.mark(MARKS.begin);
  document.documentElement.classList.add("js");
  const text = document.getElementById("report-data")?.textContent ?? "";
  const { unit, timeline, curves } = JSON.parse(text) as PageData;
  const moves = curves.flatMap((data) => {
    const host = document.getElementById(data.id);
    return host === null ? [] : [openCurves(host, data, unit, timeline?.end)];
  });
  const figure = document.getElementById("timeline");
  if (timeline !== undefined && figure !== null) {
    openTimeline(figure, timeline, unit, (from, to) => {
      for (const move of moves) {
        move(from, to);
      }
    });
  }
  for (const svg of document.querySelectorAll<SVGSVGElement>("svg.graph")) {
    openGraph(svg);
  }
  // The first frame gives sizes, and is painted before the second begins.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark(MARKS.drawn)));
}

start();
