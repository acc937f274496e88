/**
 * A pipeline schedule for people: the figures, memory per device, and a Gantt chart of the warm-up,
 * one repetend and the cool-down, each on its own time axis.
 */
import type { PipelineSection } from "../artifact/pipeline-section.js";
import {
  counted,
  formatBytes,
  formatCell,
  formatName,
  formatNs,
  formatShare,
} from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { Placement } from "../placement/placement.js";
import { type ChartLayout, renderGantt } from "./gantt.js";

/** The report of a section. Requires: the placement is the section's own. */
export function renderPipeline(
  section: PipelineSection,
  placement: Placement,
  layout: ChartLayout,
): string {
  const time = timeOf(placement);
  return [
    ...figures(section, time),
    "",
    deviceTable(section, placement, layout.width),
    ...charts(section, placement, layout).flatMap((chart) => ["", chart]),
  ].join("\n");
}

/** A time of the placement for people. */
export type FormatTime = (time: number) => string;

/** How times of a placement are written: nanoseconds with a unit, steps with two digits. */
export function timeOf({ timeUnit }: Placement): FormatTime {
  return timeUnit === "ns" ? formatNs : (time) => String(Math.round(time * 100) / 100);
}

function figures(section: PipelineSection, time: FormatTime): readonly string[] {
  const { period, microBatchesPerPeriod: q, periodLowerBound, boundedBy } = section;
  const per = q === 1 ? "" : ` for ${q} micro-batches, ${time(period / q)} each`;
  const place = boundedBy.device === undefined ? "" : ` of ${formatName(boundedBy.device)}`;
  const gap = (value: number, bound: number): string =>
    bound > 0 && value > bound ? `, gap ${formatShare(value / bound - 1)}` : "";
  return [
    `algorithm  ${section.algorithm}`,
    `period     ${time(period)}${per} (${section.status}${gap(period, periodLowerBound)})`,
    `bound      ${time(periodLowerBound)}, by ${boundedBy.kind}${place}`,
    `makespan   ${time(section.makespan)} for ${counted(section.microBatches, "micro-batch", "es")} (${section.makespanStatus}, bound ${time(section.makespanLowerBound)}${gap(section.makespan, section.makespanLowerBound)})`,
    `in flight  ${counted(section.inFlight, "micro-batch", "es")} at most`,
    `bubbles    ${formatShare(section.bubbleRate.steady)} of the steady state, ${formatShare(section.bubbleRate.whole)} of the whole`,
  ];
}

/** How memory of a placement is written: bytes with a unit where a model was placed, else plain numbers. */
function memoryOf({ timeUnit, blocks }: Placement): (memory: number) => string {
  const isOfModel = timeUnit === "ns" && blocks.some(({ operators }) => operators.length > 0);
  return isOfModel ? formatBytes : String;
}

function deviceTable({ devices }: PipelineSection, placement: Placement, columns: number): string {
  const time = timeOf(placement);
  const amount = memoryOf(placement);
  const rows = devices.map(({ name, load, peakMemory, memoryLimit }) => [
    formatCell(name),
    time(load),
    amount(peakMemory),
    memoryLimit === undefined ? "none" : amount(memoryLimit),
  ]);
  return textTable(
    ["device", "load", "peak memory", "limit"],
    rows,
    ["name", "right", "right", "right"],
    columns,
  );
}

/** A part of the schedule to draw. */
interface Window {
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
    return `${head}\n${renderGantt({ rows, bars, end: to - from, formatTime }, layout)}`;
  });
}

/** Warm-up, the first repetend and cool-down; the whole where no period is complete. */
function windowsOf({ instances, anchor, period, makespan }: PipelineSection): readonly Window[] {
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
    {
      title: `repetend (${counted(last - first + 1, "time")})`,
      from,
      to: Math.min(until, from + period),
    },
    { title: "cool-down", from: until, to: makespan },
  ];
  return windows.filter((window) => window.to > window.from);
}
