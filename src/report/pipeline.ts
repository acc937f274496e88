/**
 * A pipeline schedule for people: the figures, memory per device, and a Gantt chart of the warm-up,
 * one repetend and the cool-down, each on its own time axis.
 */
import type { PipelineSection } from "../artifact/pipeline-section.js";
import {
  counted,
  formatApart,
  formatBytes,
  formatCell,
  formatName,
  formatNs,
  formatShare,
} from "../core/format.js";
import { renderTable, type Table } from "../core/text-table.js";
import { areAlike } from "../placement/micro-batches.js";
import type { Placement } from "../placement/placement.js";
import { type ChartLayout, renderGantt } from "./gantt.js";

/** The report of a section. Requires: the placement is the section's own. */
export function renderPipeline(
  section: PipelineSection,
  placement: Placement,
  layout: ChartLayout,
): string {
  const links = linkTable(section, placement);
  return [
    ...pipelineFigures(section, placement).map(([name, text]) => `${name.padEnd(9)}  ${text}`),
    "",
    renderTable(deviceTable(section, placement), layout.width),
    ...(links === undefined ? [] : ["", renderTable(links, layout.width)]),
    ...charts(section, placement, layout).flatMap((chart) => ["", chart]),
  ].join("\n");
}

/** A time of the placement for people. */
export type FormatTime = (time: number) => string;

/** The format of a placement's times: nanoseconds with a unit, steps with two digits. */
export function timeOf({ timeUnit }: Placement): FormatTime {
  return timeUnit === "ns" ? formatNs : (time) => String(Math.round(time * 100) / 100);
}

/** What a search in full has proved of a period, where it is not optimal; `undefined`: nothing. */
export function leastUpToWords(leastUpTo: number | undefined): string | undefined {
  return leastUpTo === undefined ? undefined : `least for up to ${leastUpTo} per period`;
}

/** The excess of a value over its bound; empty if it meets the bound. */
function gap(value: number, bound: number): string {
  const share = bound > 0 && value > bound ? value / bound - 1 : 0;
  return share === 0 ? "" : `, gap ${share < 0.0005 ? "below 0.1 %" : formatShare(share)}`;
}

/** What the schedule was to be least in, where not in its makespan. */
function objectiveFigure(
  { objective }: PipelineSection,
  time: FormatTime,
): readonly (readonly [string, string])[] {
  if (objective === undefined) {
    return [];
  }
  const { kind, value, lowerBound } = objective;
  const [text, bound] = formatApart(time, value, lowerBound);
  const what = kind === "span" ? "of the longest device" : "idle within the spans of all devices";
  return [[kind, `${text} ${what} (bound ${bound}${gap(value, lowerBound)})`]];
}

/** The figures of a section: a name and the text for each. */
export function pipelineFigures(
  section: PipelineSection,
  placement: Placement,
): readonly (readonly [string, string])[] {
  const time = timeOf(placement);
  const { period, microBatchesPerPeriod: q, periodLowerBound, boundEach, boundedBy } = section;
  const least =
    boundEach === undefined ? periodLowerBound : (boundEach.numerator * q) / boundEach.denominator;
  const searched = leastUpToWords(section.leastUpTo);
  const proof = searched === undefined ? "" : `; ${searched}`;
  const per = q === 1 ? "" : ` for ${q} micro-batches, ${time(period / q)} each`;
  const place = boundedBy.device === undefined ? "" : ` of ${formatName(boundedBy.device)}`;
  const beside = boundedBy.beside?.map(formatName).join(", ");
  const besides = beside === undefined ? "" : `, and ${beside} besides`;
  const [makespan, makespanBound] = formatApart(time, section.makespan, section.makespanLowerBound);
  const [periodText, boundText] = formatApart(time, period, least);
  const chosen = placement.choices?.map(
    ({ name, chosen: option }) => `${formatName(name)} ${formatName(option)}`,
  );
  const aside = (placement.overlapsAside ?? []).map(({ blocks }) =>
    blocks.map((at) => formatName(placement.blocks[at]?.id ?? "")).join(" and "),
  );
  return [
    ["algorithm", section.algorithm],
    ...(chosen === undefined ? [] : [["chosen", chosen.join(", ")] as const]),
    ...(aside.length === 0
      ? []
      : [["apart", `${aside.join(", ")}: their options do not suit`] as const]),
    ["period", `${periodText}${per} (${section.status}${gap(period, least)}${proof})`],
    ["bound", `${boundText}, by ${boundedBy.kind}${place}${besides}`],
    [
      "makespan",
      `${makespan} for ${counted(section.microBatches, "micro-batch", "es")} (${section.makespanStatus}, bound ${makespanBound}${gap(section.makespan, section.makespanLowerBound)})`,
    ],
    ...objectiveFigure(section, time),
    ["in flight", `${counted(section.inFlight, "micro-batch", "es")} at most`],
    [
      "bubbles",
      `${formatShare(section.bubbleRate.steady)} of the steady state, ${formatShare(section.bubbleRate.whole)} of the whole`,
    ],
  ];
}

/**
 * The format of a placement's memory: bytes with a unit if a model was placed, else plain numbers.
 */
export function memoryOf({ timeUnit, blocks }: Placement): (memory: number) => string {
  const isOfModel = timeUnit === "ns" && blocks.some(({ operators }) => operators.length > 0);
  return isOfModel ? formatBytes : String;
}

/** Time for which blocks run between `from` and one period later. */
function busyFrom({ instances, period }: PipelineSection, from: number): number {
  return instances.reduce((sum, { start, end }) => {
    return sum + Math.max(0, Math.min(end, from + period) - Math.max(start, from));
  }, 0);
}

/** The repetend to draw, of those that begin `first` to `last` periods after the anchor. */
function steadyOf(section: PipelineSection, first: number, last: number): Window {
  const { anchor, period, makespan } = section;
  const [begin, next] = [anchor + first * period, anchor + (first + 1) * period];
  const isSecond = last > first && busyFrom(section, begin) < busyFrom(section, next);
  const from = Math.max(0, isSecond ? next : begin);
  const times = `repetend (${counted(last - first + 1, "time")})`;
  const title = isSecond ? `${times}, the second` : times;
  return { title, from, to: Math.min(makespan, from + period) };
}

/** Load, memory and limit of each device. */
export function deviceTable({ devices }: PipelineSection, placement: Placement): Table {
  const time = timeOf(placement);
  const amount = memoryOf(placement);
  const rows = devices.map(({ name, load, peakMemory, memoryLimit }) => [
    formatCell(name),
    time(load),
    amount(peakMemory),
    memoryLimit === undefined ? "none" : amount(memoryLimit),
  ]);
  const load = areAlike(placement) ? "load" : "load of the step";
  const header = ["device", load, "peak memory", "limit"];
  return { header, rows, align: ["name", "right", "right", "right"] };
}

/** Load of each link that carries one transfer at a time, and its share of the period; `undefined`: there are none. */
export function linkTable(
  { links, period, microBatchesPerPeriod }: PipelineSection,
  placement: Placement,
): Table | undefined {
  const time = timeOf(placement);
  const rows = links?.map(({ name, load }) => [
    formatCell(name),
    time(load),
    formatShare((load * (areAlike(placement) ? microBatchesPerPeriod : 1)) / period),
  ]);
  const header = ["link", "load", "in use"];
  return rows && { header, rows, align: ["name", "right", "right"] };
}

/** A part of the schedule to draw. */
export interface Window {
  readonly title: string;
  readonly from: number;
  readonly to: number;
}

function charts(
  section: PipelineSection,
  placement: Placement,
  layout: ChartLayout,
): readonly string[] {
  const devicesOf = new Map(placement.blocks.map(({ id, devices }) => [id, devices]));
  const rows = placement.devices.map(({ name }) => formatName(name));
  const time = timeOf(placement);
  const formatTime = (value: number): string => time(Math.round(value));
  return windowsOf(section).map(({ title, from, to }) => {
    const bars = section.instances
      .filter(({ start, end }) => start < to && end > from)
      .flatMap(({ block, microBatch, start, end }) =>
        (devicesOf.get(block) ?? []).map((row) => ({
          row,
          start: Math.max(start, from) - from,
          end: Math.min(end, to) - from,
          label: `${formatName(block)}.${microBatch}`,
        })),
      );
    const head = `${title}, ${formatTime(from)} to ${formatTime(to)}`;
    return `${head}\n${renderGantt({ rows, bars, end: to - from, origin: from, formatTime }, layout)}`;
  });
}

/**
 * Warm-up, a steady repetend and cool-down; the whole where no period is complete. The first
 * repetend may begin without blocks that reach into it from the period before: then the second is
 * drawn.
 */
export function windowsOf(section: PipelineSection): readonly Window[] {
  const { instances, anchor, period, makespan } = section;
  const turns = instances
    .filter(({ phase }) => phase === "repetend")
    .map(({ start }) => Math.floor((start - anchor) / period));
  if (turns.length === 0) {
    return [{ title: "whole schedule", from: 0, to: makespan }];
  }
  const first = turns.reduce((least, turn) => Math.min(least, turn), Number.POSITIVE_INFINITY);
  const last = turns.reduce((most, turn) => Math.max(most, turn), Number.NEGATIVE_INFINITY);
  const from = Math.max(0, anchor + first * period);
  const until = Math.min(makespan, anchor + (last + 1) * period);
  const windows = [
    { title: "warm-up", from: 0, to: from },
    steadyOf(section, first, last),
    { title: "cool-down", from: until, to: makespan },
  ];
  return windows.filter((window) => window.to > window.from);
}
