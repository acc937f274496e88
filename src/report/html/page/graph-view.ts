/** Graphs that can be moved and zoomed. */
import type { Selection } from "d3-selection";
import type { ZoomBehavior } from "d3-zoom";
import { d3 } from "./libraries.js";

/** A graph on the page. */
interface GraphView {
  readonly svg: SVGSVGElement;
  /** Of the whole graph, in its own pixels. */
  readonly graph: { readonly width: number; readonly height: number; readonly begin: number };
  readonly surface: Selection<SVGSVGElement, unknown, null, undefined>;
  readonly zoom: ZoomBehavior<SVGSVGElement, unknown>;
  width: number;
  height: number;
}

/** Heights of the picture: at least, and at most as a share of the window. */
const LEAST_HEIGHT = 140;
const MOST_SHARE = 0.6;

/** Scales: below the first texts cannot be read; above the second a small graph looks coarse. */
const READABLE = 0.8;
const COARSE = 1.5;

const STEP = 1.5;

/** Makes a graph's picture answer: at first as large as can be read, from its beginning. */
export function openGraph(svg: SVGSVGElement): void {
  const content = svg.querySelector("g")!;
  const { width, height, begin } = svg.dataset;
  const view: GraphView = {
    svg,
    graph: { width: Number(width), height: Number(height), begin: Number(begin) },
    surface: d3.select<SVGSVGElement, unknown>(svg),
    zoom: d3.zoom<SVGSVGElement, unknown>(),
    width: svg.clientWidth,
    height: LEAST_HEIGHT,
  };
  view.zoom
    .filter((event: Event) => mayZoomGraph(event, svg))
    .on("zoom", ({ transform }: { readonly transform: { toString(): string } }) => {
      content.setAttribute("transform", transform.toString());
    });
  view.surface.call(view.zoom).on("dblclick.zoom", null);
  const frame = svg.parentElement!;
  new ResizeObserver(() => resizeGraph(view)).observe(frame);
  frame.addEventListener("click", ({ target }) => {
    zoomGraph(view, (target as HTMLElement).dataset["zoom"]);
  });
  svg.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && pressOnGraph(view, event.key)) {
      event.preventDefault();
    }
  });
}

function mayZoomGraph(event: Event, svg: SVGSVGElement): boolean {
  if (event.type === "wheel") {
    const { ctrlKey, metaKey } = event as WheelEvent;
    return ctrlKey || metaKey || document.activeElement === svg;
  }
  return event.type.startsWith("touch") || (event as MouseEvent).button === 0;
}

function fitOf({ graph, width, height }: GraphView): number {
  return Math.min(width / graph.width, height / graph.height);
}

function resizeGraph(view: GraphView): void {
  const { svg, graph, zoom } = view;
  if (svg.clientWidth === view.width && svg.style.height !== "") {
    return;
  }
  view.width = svg.clientWidth;
  const scale = Math.min(COARSE, Math.max(READABLE, view.width / graph.width));
  const most = globalThis.innerHeight * MOST_SHARE;
  view.height = Math.round(Math.min(most, Math.max(LEAST_HEIGHT, graph.height * scale + 16)));
  svg.setAttribute("viewBox", `0 0 ${view.width} ${view.height}`);
  svg.style.height = `${view.height}px`;
  zoom
    .extent([
      [0, 0],
      [view.width, view.height],
    ])
    .scaleExtent([Math.min(1, fitOf(view)) / 2, 8]);
  place(view, Math.min(COARSE, Math.max(READABLE, fitOf(view))));
}

/** Puts the beginning of the graph in sight at the left edge, or all of it into the middle where it fits. */
function place({ graph, width, height, surface, zoom }: GraphView, scale: number): void {
  const x = Math.max(0, (width - graph.width * scale) / 2);
  const room = height - graph.height * scale;
  const y = room > 0 ? room / 2 : Math.max(room, Math.min(0, height / 2 - graph.begin * scale));
  surface.call(zoom.transform, d3.zoomIdentity.translate(x, y).scale(scale));
}

function zoomGraph(view: GraphView, what: string | undefined): void {
  if (what === "all") {
    place(view, Math.min(COARSE, fitOf(view)));
  } else if (what !== undefined) {
    view.surface.call(view.zoom.scaleBy, what === "in" ? STEP : 1 / STEP);
  }
}

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [60, 0],
  ArrowRight: [-60, 0],
  ArrowUp: [0, 40],
  ArrowDown: [0, -40],
};

const ZOOMS: Readonly<Record<string, string>> = { "+": "in", "=": "in", "-": "out", Home: "all" };

/** Returns whether the key means something. */
function pressOnGraph(view: GraphView, key: string): boolean {
  const move = MOVES[key];
  if (move !== undefined) {
    view.surface.call(view.zoom.translateBy, move[0], move[1]);
    return true;
  }
  zoomGraph(view, ZOOMS[key]);
  return ZOOMS[key] !== undefined;
}
