/** Curves of a page. */
import type uPlotType from "uplot";
import { sumsOf } from "../columns.js";
import type { CurveData, PageUnit } from "../page-data.js";
import { alignedSeries } from "./aligned-series.js";
import { uPlot } from "./libraries.js";
import { type FormatNumber, quantityFormat } from "./quantities.js";
import { lineColor, onThemeChange, themeColor } from "./theme.js";

/** Shows other times. */
export type MoveCurves = (from: number, to: number) => void;

const HEIGHT = 230;

/** Curves that are shown before the reader asks for more. */
const SHOWN = 16;

/** Dashes in turn, so that curves differ by more than color. */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]] as const;

/** Ticks of bytes stand at powers of two. */
const POWERS = Array.from({ length: 53 }, (_, power) => 2 ** power);

/** Draws curves into an element; returns how to move them. `end` is that of the timeline. */
export function openCurves(
  host: HTMLElement,
  data: CurveData,
  unit: PageUnit,
  end: number | undefined,
): MoveCurves {
  const { followsTimeline, isStepped } = data;
  const curves = data.series.map(({ dx, y }) => ({ x: sumsOf(dx), y }));
  const [x, ys] = alignedSeries(curves, isStepped, followsTimeline ? end : undefined);
  const size = () => ({ width: host.clientWidth, height: HEIGHT });
  const plot = new uPlot({ ...size(), ...optionsOf(data, unit) }, [x, ...ys], host);
  new ResizeObserver(() => plot.setSize(size())).observe(host);
  onThemeChange(() => plot.redraw(false, true));
  return (from, to) => {
    if (followsTimeline) {
      plot.setScale("x", { min: from, max: to });
    }
  };
}

function optionsOf(data: CurveData, unit: PageUnit): Omit<uPlotType.Options, "width" | "height"> {
  const formatX = quantityFormat(data.x.quantity, unit);
  const formatY = quantityFormat(data.y.quantity, unit);
  const range: uPlotType.Range.Function = (_, low, high) => [low, high];
  return {
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { time: false, ...(data.followsTimeline ? { range } : {}) },
      y: { range: (_, low, high) => [Math.min(0, low), high === 0 ? 1 : high * 1.05] },
    },
    axes: [
      axisOf(data.x.label, formatX),
      {
        ...axisOf(data.y.label, formatY),
        size: 80,
        ...(data.y.quantity === "bytes" ? { incrs: POWERS } : {}),
      },
    ],
    series: [
      { label: data.x.label, value: valueFormat(formatX) },
      ...data.series.map(({ name }, at) => ({
        ...seriesOf(name, at, data.isStepped),
        value: valueFormat(formatY),
      })),
    ],
  };
}

function axisOf(label: string, format: FormatNumber): uPlotType.Axis {
  return {
    label,
    stroke: () => themeColor("text"),
    grid: { stroke: () => themeColor("line"), width: 1 },
    ticks: { stroke: () => themeColor("line"), width: 1 },
    values: (_, ticks) => ticks.map(format),
  };
}

function seriesOf(label: string, at: number, isStepped: boolean): uPlotType.Series {
  return {
    label,
    show: at < SHOWN,
    stroke: () => lineColor(at),
    width: 1.5,
    dash: [...DASHES[at % DASHES.length]!],
    points: { show: !isStepped },
    ...(isStepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
  };
}

function valueFormat(format: FormatNumber): (_: uPlotType, value: number | null) => string {
  return (_, value) => (value === null || value === undefined ? "--" : format(value));
}
