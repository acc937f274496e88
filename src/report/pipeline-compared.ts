/** A comparison of two pipeline schedules, for people: figures, devices, and what would change. */
import { formatCell, formatName, formatNs, formatShare } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { Placement } from "../placement/placement.js";
import { memoryOf, timeOf } from "./pipeline.js";
import type {
  ComparedDevice,
  FigurePair,
  NamedInstance,
  PipelineComparison,
} from "./pipeline-comparison.js";

/** The names of both, and the placements that their times are of. */
export interface ComparedNames {
  /** As the user named the files. */
  readonly theirs: string;
  readonly ours: string;
  readonly placements: { readonly theirs: Placement; readonly ours: Placement };
  /** What theirs took when it ran, in nanoseconds; absent: not measured. */
  readonly measuredNs?: number | undefined;
}

/** The report of a comparison. */
export function renderPipelineCompared(
  comparison: PipelineComparison,
  names: ComparedNames,
  columns: number,
): string {
  const { differences, devices } = comparison;
  return [
    `theirs  ${formatName(names.theirs)}`,
    `ours    ${formatName(names.ours)}`,
    ...differences.map((each) => `note    ${each}`),
    "",
    figureTable(comparison, names, columns),
    "",
    deviceTable(devices, names, columns),
    "",
    "what would change:",
    ...changesOf(comparison, names).map((each) => `- ${each}`),
  ].join("\n");
}

function figureTable(
  comparison: PipelineComparison,
  { placements }: ComparedNames,
  columns: number,
): string {
  const [theirTime, ourTime] = [timeOf(placements.theirs), timeOf(placements.ours)];
  const { periodPerMicroBatch, boundPerMicroBatch, makespan, bubbleRate, inFlight } = comparison;
  const times = (name: string, { theirs, ours, change }: FigurePair): readonly string[] => [
    name,
    theirTime(theirs),
    ourTime(ours),
    changeText(change),
  ];
  const shares = (name: string, { theirs, ours }: FigurePair): readonly string[] => [
    name,
    formatShare(theirs),
    formatShare(ours),
    "",
  ];
  const rows = [
    times("period per micro-batch", periodPerMicroBatch),
    times("its bound", boundPerMicroBatch),
    shares("bubbles, steady state", bubbleRate.steady),
    times("makespan", makespan),
    shares("bubbles, whole", bubbleRate.whole),
    ["in flight", String(inFlight.theirs), String(inFlight.ours), changeText(inFlight.change)],
  ];
  const align = ["left", "right", "right", "right"] as const;
  return textTable(["", "theirs", "ours", "change"], rows, align, columns);
}

function deviceTable(
  devices: readonly ComparedDevice[],
  { placements }: ComparedNames,
  columns: number,
): string {
  const [theirAmount, ourAmount] = [memoryOf(placements.theirs), memoryOf(placements.ours)];
  const rows = devices.map(({ name, idle, peakMemory, order }) => [
    formatCell(name),
    formatShare(idle.theirs),
    formatShare(idle.ours),
    theirAmount(peakMemory.theirs),
    ourAmount(peakMemory.ours),
    order === undefined ? "-" : `${order.moved} of ${order.count}`,
  ]);
  const header = ["device", "idle", "ours", "peak memory", "ours", "blocks to move"];
  return textTable(header, rows, ["name", ...header.slice(1).map(() => "right" as const)], columns);
}

function changeText(change: number | undefined): string {
  const isSmall = change === undefined || Math.abs(change) < 0.0005;
  return isSmall ? (change === undefined ? "-" : "none") : signed(change);
}

function signed(change: number): string {
  return `${change < 0 ? "-" : "+"}${formatShare(Math.abs(change))}`;
}

/** Sentences, the most important first. */
function changesOf(comparison: PipelineComparison, names: ComparedNames): readonly string[] {
  const { periodPerMicroBatch: period, makespan, devices, idlesMore } = comparison;
  const time = timeOf(names.placements.theirs);
  const idling = devices.find(({ name }) => name === idlesMore);
  const { measuredNs } = names;
  return [
    timeSentence("a micro-batch in the steady state", period, time),
    timeSentence("the whole", makespan, time),
    ...(measuredNs === undefined
      ? []
      : [
          `theirs took ${formatNs(measuredNs)} when it ran: what is above its makespan is transfers and times that vary`,
        ]),
    ...(idling === undefined
      ? []
      : [
          `${formatName(idling.name)} gains most: it idles ${formatShare(idling.idle.theirs)} of the time in theirs, ${formatShare(idling.idle.ours)} in ours`,
        ]),
    ...memorySentences(devices, memoryOf(names.placements.theirs)),
    ...orderSentences(devices),
  ];
}

function timeSentence(
  what: string,
  { theirs, ours, change }: FigurePair,
  time: (value: number) => string,
): string {
  if (change === undefined) {
    return `${what}: not comparable`;
  }
  const isSame = Math.abs(change) < 0.0005;
  return isSame
    ? `${what} takes ${time(theirs)} in both`
    : `${what} takes ${time(ours)} instead of ${time(theirs)} (${formatShare(Math.abs(change))} ${change < 0 ? "less" : "more"})`;
}

/** Devices that are listed. */
const LISTED = 8;

function memorySentences(
  devices: readonly ComparedDevice[],
  amount: (memory: number) => string,
): readonly string[] {
  const changed = devices.filter(({ peakMemory }) => (peakMemory.change ?? 0) !== 0);
  const [more, less] = [1, -1].map((sign) =>
    changed
      .filter(({ peakMemory }) => Math.sign(peakMemory.ours - peakMemory.theirs) === sign)
      .map(
        ({ name, peakMemory: { theirs, ours } }) =>
          `${formatName(name)} ${amount(theirs)} to ${amount(ours)}`,
      ),
  );
  return [
    ...(more?.length ? [`more memory at the peak: ${listed(more)}`] : []),
    ...(less?.length ? [`less memory at the peak: ${listed(less)}`] : []),
  ];
}

function orderSentences(devices: readonly ComparedDevice[]): readonly string[] {
  const ordered = devices.flatMap(({ name, order }) =>
    order === undefined ? [] : [{ name, order }],
  );
  if (ordered.length === 0) {
    return [];
  }
  const differing = ordered.flatMap(({ name, order: { first } }) =>
    first === undefined ? [] : [{ name, first }],
  );
  if (differing.length === 0) {
    return ["the blocks run in the same order on every device"];
  }
  return [
    ...differing
      .slice(0, LISTED)
      .map(
        ({ name, first: { position, theirs, ours } }) =>
          `${formatName(name)} differs from its block ${position} on: ${instanceText(theirs)} in theirs, ${instanceText(ours)} in ours`,
      ),
    ...(differing.length > LISTED ? [`${differing.length - LISTED} more devices differ`] : []),
  ];
}

function instanceText({ block, microBatch }: NamedInstance): string {
  return `${formatName(block)}.${microBatch}`;
}

function listed(items: readonly string[]): string {
  const rest = items.length - LISTED;
  return `${items.slice(0, LISTED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
