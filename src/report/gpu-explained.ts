import { type Align, textTable } from "../core/text-table.js";
import { formatNs, formatShare } from "./format.js";
import type { ChartLayout } from "./gantt.js";
import type { ChainTime, GpuBound, GpuExplanation } from "./gpu-explanation.js";

const NUMBERS: readonly Align[] = ["left", "right", "right"];

/** Levels of a bar, empty to full. */
const LEVELS = { box: " ▁▂▃▄▅▆▇█", ascii: " .:-=+*#@" } as const;

const BOUNDS: Readonly<
  Record<GpuBound["kind"], { readonly name: string; readonly helps: string }>
> = {
  criticalPath: {
    name: "longest path of operators",
    helps: "only quicker operators on that path would help, no schedule",
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

type ChainPart = readonly [keyof ChainTime, string];

const SLOWED: ChainPart = ["slowedNs", "operators slowed by others beside them"];

const LOSSES: readonly ChainPart[] = [
  SLOWED,
  ["roomNs", "waiting for room on the SMs"],
  ["eventsNs", "events between streams"],
  ["launchGapsNs", "gaps between launches of a stream"],
];

/** Use of the device over time, bounds, and where the time of the critical chain goes. */
export function renderGpuExplained(
  { bounds, chain, usePercent }: GpuExplanation,
  latencyNs: number,
  layout: ChartLayout,
): readonly string[] {
  const row = (words: string, ns: number): string[] => [
    words,
    formatNs(ns),
    formatShare(latencyNs === 0 ? 0 : ns / latencyNs),
  ];
  const alone: ChainPart = ["aloneNs", "operators, as quick as alone"];
  return [
    "use of the device over the same time",
    "",
    renderBar("SMs", usePercent.capacity, layout),
    renderBar("arithmetic", usePercent.arithmetic, layout),
    renderBar("bandwidth", usePercent.bandwidth, layout),
    "",
    "why it is not shorter",
    "",
    textTable(
      ["no schedule is shorter than", "", "of the time"],
      bounds.map(({ kind, ns }) => row(BOUNDS[kind].name, ns)),
      NUMBERS,
    ),
    "",
    textTable(
      ["the end waits for", "", "of the time"],
      [alone, ...LOSSES].map(([key, words]) => row(words, chain[key])),
      NUMBERS,
    ),
    "",
    ...verdict(bounds[0], chain, latencyNs),
  ];
}

function verdict(
  bound: GpuBound | undefined,
  chain: ChainTime,
  latencyNs: number,
): readonly string[] {
  if (bound === undefined || latencyNs === 0) {
    return ["there is nothing to run"];
  }
  const { name, helps } = BOUNDS[bound.kind];
  const gap = Math.max(0, latencyNs - bound.ns) / latencyNs;
  const first = `${formatShare(bound.ns / latencyNs)} of the time is the ${name}: ${helps}`;
  if (gap < 0.005) {
    return [first, "the schedule is as short as that allows"];
  }
  const [key, words] = LOSSES.reduce((a, b) => (chain[b[0]] > chain[a[0]] ? b : a), SLOWED);
  const most = formatShare(chain[key] / latencyNs);
  return [first, `${formatShare(gap)} is more than that; most is lost to ${words} (${most})`];
}

/** A row of cells, each as high as its part of the slices. */
function renderBar(
  name: string,
  percents: readonly number[],
  { width, style }: ChartLayout,
): string {
  const mean = percents.reduce((sum, each) => sum + each, 0) / Math.max(1, percents.length);
  const label = `${name.padEnd(11)}${formatShare(mean / 100).padStart(7)}  `;
  const cells = Math.max(10, width - label.length);
  const levels = LEVELS[style];
  const bar = Array.from({ length: percents.length === 0 ? 0 : cells }, (_, cell) => {
    const slice = Math.floor(((cell + 0.5) * percents.length) / cells);
    const level = Math.round(((percents[slice] ?? 0) / 100) * (levels.length - 1));
    return levels[Math.min(levels.length - 1, level)] ?? " ";
  });
  return `${label}${bar.join("")}`.trimEnd();
}
