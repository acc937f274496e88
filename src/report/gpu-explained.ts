import { formatNs, formatShare } from "../core/format.js";
import { type Align, renderTable, type Table } from "../core/text-table.js";
import type { ChartLayout } from "./gantt.js";
import type { ChainTime, GpuBound, GpuExplanation, GpuLoss } from "./gpu-explanation.js";

const NUMBERS: readonly Align[] = ["name", "right", "right"];

/** Levels of a bar, empty to full. */
const LEVELS = { box: " ▁▂▃▄▅▆▇█", ascii: " .:-=+*#@" } as const;

const BOUNDS: Readonly<
  Record<GpuBound["kind"], { readonly name: string; readonly helps: string }>
> = {
  criticalPath: {
    name: "longest path of operators, with its gaps",
    helps: "only quicker or fewer operators on that path would help, no schedule",
  },
  capacity: {
    name: "room on the SMs",
    helps: "only operators that hold fewer SMs, or for less time, would help, no schedule",
  },
  arithmetic: { name: "arithmetic", helps: "only less arithmetic would help, no schedule" },
  bandwidth: {
    name: "memory bandwidth",
    helps: "only less traffic to memory would help, no schedule",
  },
};

const CHAIN: readonly (readonly [keyof ChainTime, string])[] = [
  ["aloneNs", "operators, as quick as alone"],
  ["slowedNs", "operators slowed by concurrent ones"],
  ["roomNs", "waiting for room on the SMs"],
  ["eventsNs", "events between streams"],
  ["launchGapsNs", "gaps between launches of a stream"],
];

const LOSSES: Readonly<Record<GpuLoss["kind"], string>> = {
  slowed: "operators slowed by concurrent ones",
  room: "waiting for room on the SMs",
  events: "events, which take longer than gaps within a stream",
};

/** Use of the device over time, bounds, and where the time of the critical chain goes. */
export function renderGpuExplained(
  explanation: GpuExplanation,
  latencyNs: number,
  layout: ChartLayout,
): readonly string[] {
  const { usePercent } = explanation;
  const [bounds, chain] = gpuTables(explanation, latencyNs);
  return [
    "use of the device over the same time",
    "",
    renderBar("SMs", usePercent.capacity, layout),
    renderBar("arithmetic", usePercent.arithmetic, layout),
    renderBar("bandwidth", usePercent.bandwidth, layout),
    "",
    "why it is not shorter",
    "",
    renderTable(bounds, layout.width),
    "",
    renderTable(chain, layout.width),
    "",
    ...gpuVerdict(explanation, latencyNs),
  ];
}

/** The lower bounds, and the parts of the time of the chain that the end waits for. */
export function gpuTables(
  { bounds, chain }: GpuExplanation,
  latencyNs: number,
): readonly [Table, Table] {
  const row = (words: string, ns: number): string[] => [
    words,
    formatNs(ns),
    formatShare(latencyNs === 0 ? 0 : ns / latencyNs),
  ];
  return [
    {
      header: ["no schedule is shorter than", "", "of the time"],
      rows: bounds.map(({ kind, ns }) => row(BOUNDS[kind].name, ns)),
      align: NUMBERS,
    },
    {
      header: ["the end waits for", "", "of the time"],
      rows: CHAIN.map(([key, words]) => row(words, chain[key])),
      align: NUMBERS,
    },
  ];
}

/** How much of each resource is used on average. */
export function useTable({ usePercent }: GpuExplanation): Table {
  const rows = [
    ["SMs", usePercent.capacity],
    ["arithmetic", usePercent.arithmetic],
    ["bandwidth", usePercent.bandwidth],
  ] as const;
  return {
    header: ["resource", "used on average"],
    rows: rows.map(([name, percents]) => [name, formatShare(meanOf(percents) / 100)]),
    align: ["left", "right"],
  };
}

/** What keeps the schedule from being shorter, in lines; those that belong to the one above are indented. */
export function gpuVerdict(explanation: GpuExplanation, latencyNs: number): readonly string[] {
  const bound = explanation.bounds[0];
  if (bound === undefined || latencyNs === 0) {
    return ["there is nothing to run"];
  }
  const { name, helps } = BOUNDS[bound.kind];
  const share = bound.ns / latencyNs;
  const first = [`${formatShare(share)} of the time is the ${name}:`, `  ${helps}`];
  return share > 0.995
    ? [...first, "the schedule is as short as that allows"]
    : [
        ...first,
        `${formatShare(1 - share)} is more than that:`,
        ...reasonFor(bound, explanation, latencyNs).map((line) => `  ${line}`),
      ];
}

/** The breakdown of the time beyond the largest bound. */
function reasonFor(
  { kind, ns }: GpuBound,
  { losses, usePercent }: GpuExplanation,
  latencyNs: number,
): readonly string[] {
  const [loss] = losses;
  if (kind === "criticalPath") {
    return loss === undefined
      ? []
      : [`most is lost to ${LOSSES[loss.kind]} (${formatShare(loss.ns / latencyNs)})`];
  }
  const unused = leastUsed(usePercent[kind], latencyNs);
  if (kind !== "capacity") {
    return [`the ${BOUNDS[kind].name} is not always used in full${unused}`];
  }
  const empty = Math.max(0, 1 - meanOf(usePercent.capacity) / 100);
  const held = Math.max(0, 1 - ns / latencyNs - empty);
  return [
    `${formatShare(empty)} of the room is empty${unused}`,
    `${formatShare(held)} is held longer because operators slow each other down`,
  ];
}

/** The eighth of the time in which a resource is used least, in words. */
function leastUsed(percents: readonly number[], latencyNs: number): string {
  const size = Math.max(1, Math.floor(percents.length / 8));
  let least = { at: 0, mean: Number.POSITIVE_INFINITY };
  for (let at = 0; at + size <= percents.length; at++) {
    const mean = meanOf(percents.slice(at, at + size));
    least = mean < least.mean ? { at, mean } : least;
  }
  const timeOf = (slice: number): string => formatNs((latencyNs * slice) / percents.length);
  return percents.length === 0
    ? ""
    : ` (least from ${timeOf(least.at)} to ${timeOf(least.at + size)}: ${formatShare(least.mean / 100)} used)`;
}

function meanOf(percents: readonly number[]): number {
  return percents.reduce((sum, each) => sum + each, 0) / Math.max(1, percents.length);
}

/** A row of cells, each as high as its part of the slices. */
function renderBar(
  name: string,
  percents: readonly number[],
  { width, style }: ChartLayout,
): string {
  const label = `${name.padEnd(11)}${formatShare(meanOf(percents) / 100).padStart(7)}  `;
  const cells = Math.max(10, width - label.length);
  const levels = LEVELS[style];
  const bar = Array.from({ length: percents.length === 0 ? 0 : cells }, (_, cell) => {
    const slice = Math.floor(((cell + 0.5) * percents.length) / cells);
    const level = Math.round(((percents[slice] ?? 0) / 100) * (levels.length - 1));
    return levels[Math.min(levels.length - 1, level)] ?? " ";
  });
  return `${label}${bar.join("")}`.trimEnd();
}
