/** The libraries that stand in the page before its own script. */
import type { ticks } from "d3-array";
import type { select } from "d3-selection";
import type { zoom, zoomIdentity } from "d3-zoom";
import type uPlotType from "uplot";

/** What is used of d3. */
export interface D3 {
  readonly select: typeof select;
  readonly ticks: typeof ticks;
  readonly zoom: typeof zoom;
  readonly zoomIdentity: typeof zoomIdentity;
}

const loaded = globalThis as unknown as { readonly d3: D3; readonly uPlot: typeof uPlotType };

/** d3. */
export const d3: D3 = loaded.d3;

/** uPlot. */
export const uPlot: typeof uPlotType = loaded.uPlot;
