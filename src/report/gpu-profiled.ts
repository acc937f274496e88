import { formatCell, formatName, formatNs, formatShare, formatSpeedUp } from "../core/format.js";
import { productOf } from "../core/product.js";
import { textTable } from "../core/text-table.js";
import {
  type GpuOperatorTiming,
  type GpuProfile,
  sumOverGraph,
} from "../profile/gpu/gpu-profile.js";

const SLOWEST = 10;

/** A GPU profile for people: launch costs, the slowest operators with their kernels, schedules. */
export function renderGpuProfiled(profile: GpuProfile, columns: number): string {
  const { device, key, launchCosts, operators, pairs } = profile;
  const total = operators.reduce((sum, each) => sum + timeOf(each), 0);
  const gains = pairs.map(({ apart, together }) => apart.medianNs / Math.max(1, together.medianNs));
  const best = gains.length === 0 ? undefined : Math.max(...gains);
  return [
    `device  ${formatName(device.name)}, ${device.multiprocessors} multiprocessors at ${device.clockMhzBefore} to ${device.clockMhzAfter} MHz`,
    `with    CUDA ${key.driver}, ${key.libraries.join(", ")}, ${key.precision}${queues(device)}`,
    `launch  ${formatNs(launchCosts.chainNs)} a kernel on one stream, ${formatNs(launchCosts.hopNs)} from stream to stream`,
    ...launchLines(launchCosts),
    ...layoutLines(profile.layouts),
    `run     operators add up to ${formatNs(total)}${overGraph(profile)}`,
    ...(best === undefined ? [] : [`pairs   ${pairs.length}, up to ${best.toFixed(2)}x together`]),
    "",
    slowestTable(operators, total, columns),
    ...scheduleTable(profile, columns),
  ].join("\n");
}

function queues({ connections }: GpuProfile["device"]): string {
  return connections === undefined ? "" : `, ${connections} hardware queues`;
}

/** What more is known of launching than a step and a hop. */
function launchLines({
  dispatchNs,
  insideNs,
  gapNs,
  forks = [],
}: GpuProfile["launchCosts"]): readonly string[] {
  const widest = forks.at(-1);
  return [
    ...(insideNs === undefined || gapNs === undefined
      ? []
      : [`        of these ${formatNs(insideNs)} inside of it, ${formatNs(gapNs)} up to the next`]),
    ...(dispatchNs === undefined ? [] : [`        kernels start ${formatNs(dispatchNs)} apart`]),
    ...(widest === undefined
      ? []
      : [`        a fork and a join of ${widest.branches} take ${formatNs(widest.ns)} in all`]),
  ];
}

/** The layout that was taken, with its time and that of the other one. */
function layoutLines(layouts: GpuProfile["layouts"]): readonly string[] {
  if (layouts === undefined) {
    return [];
  }
  const { taken, rowsNs, channelsLastNs } = layouts;
  const [rows, last] = [`rows ${formatNs(rowsNs)}`, `channels last ${formatNs(channelsLastNs)}`];
  const [own, other] = taken === "rows" ? [rows, last] : [last, rows];
  return [`layout  ${own} on one stream, ${other}`];
}

function overGraph(profile: GpuProfile): string {
  const ratio = sumOverGraph(profile);
  return ratio === undefined ? "" : `, ${ratio.toFixed(2)} of the one-stream graph`;
}

function timeOf({ nodes }: GpuOperatorTiming): number {
  return nodes.reduce((sum, { medianNs }) => sum + medianNs, 0);
}

function slowestTable(
  operators: readonly GpuOperatorTiming[],
  total: number,
  columns: number,
): string {
  const rows = [...operators]
    .sort((a, b) => timeOf(b) - timeOf(a) || (a.name < b.name ? -1 : 1))
    .slice(0, SLOWEST)
    .map((each) => {
      const kernels = each.nodes.flatMap((node) => node.kernels);
      const blocks = kernels.reduce((most, { grid }) => Math.max(most, productOf(grid)), 0);
      const share = formatShare(total === 0 ? 0 : timeOf(each) / total);
      const name = formatCell(each.name);
      return [name, formatNs(timeOf(each)), share, String(kernels.length), String(blocks)];
    });
  return textTable(
    ["slowest operators", "median", "share", "kernels", "thread blocks"],
    rows,
    ["name", "right", "right", "right", "right"],
    columns,
  );
}

function scheduleTable({ measurement }: GpuProfile, columns: number): readonly string[] {
  if (measurement === undefined) {
    return [];
  }
  const { baselines, schedules, noiseRatio, rounds } = measurement;
  const base = baselines[0]?.latency.medianNs ?? 0;
  const rows = [
    ...schedules.map(({ algorithm, streams, latency }) => [
      formatName(algorithm),
      String(streams),
      formatNs(latency.medianNs),
      formatSpeedUp(latency.medianNs, base),
    ]),
    ...baselines.map(({ name, latency }) => [
      `one stream, ${name === "eager" ? "no graph" : "graph"}`,
      "1",
      formatNs(latency.medianNs),
      formatSpeedUp(latency.medianNs, base),
    ]),
  ];
  return [
    "",
    textTable(
      ["schedule", "streams", "median", "speed-up"],
      rows,
      ["name", "right", "right", "right"],
      columns,
    ),
    `noise   ${formatShare(noiseRatio)} over ${rounds} rounds`,
  ];
}
