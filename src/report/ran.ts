/**
 * A schedule of one device that was run, for people: measured alongside the ways that need no
 * schedule.
 */

import { counted, formatName, formatNs, formatShare, formatSpeedUp } from "../core/format.js";
import { type Align, textTable } from "../core/text-table.js";
import type { GpuBaselineTiming, GpuScheduleTiming } from "../profile/gpu/gpu-profile.js";
import type { Timing } from "../profile/profile.js";
import { comparePrediction } from "./prediction.js";
import { type RanOutputs, renderRunOutputs } from "./run-outputs.js";

/** One way to run the model on a CPU, measured. */
export interface RanWay {
  readonly name: string;
  readonly latency: Timing;
  readonly outputs: { readonly identical: boolean; readonly maxRelative: number };
}

/** The part that all runs of a schedule have in common. */
interface Ran extends RanOutputs {
  readonly algorithm: string;
  readonly streams: number;
  /** Absent: nothing is predicted of this run. */
  readonly predictedNs: number | undefined;
  /** Measured when the schedule was compiled; absent: it was not. */
  readonly compiledNs: number | undefined;
  readonly noise: number;
  readonly rounds: number;
}

/** A run on the CPU. */
export interface RanOnCpu extends Ran {
  readonly threadsPerStream: number;
  /** Outputs that are the same in every run, and were compared. */
  readonly compared: number;
  readonly schedule: RanWay;
  readonly baselines: readonly RanWay[];
}

/** A run on a GPU. */
export interface RanOnGpu extends Ran {
  readonly device: string;
  readonly schedule: Pick<GpuScheduleTiming, "latency" | "outputs">;
  readonly baselines: readonly GpuBaselineTiming[];
  readonly throughput: number;
  readonly isVerified: boolean;
}

const HEADER = ["", "median", "p10 to p90", "speed-up", "outputs"];
const ALIGN: readonly Align[] = ["name", "right", "right", "right", "left"];

/** The report of a run on the CPU. */
export function renderRan(ran: RanOnCpu, columns: number): string {
  const { schedule, baselines, threadsPerStream } = ran;
  const base = baselines.find(({ name }) => name === "sequential")?.latency.medianNs ?? 0;
  const row = (name: string, { latency, outputs }: RanWay): string[] => [
    name,
    ...timesOf(latency, base),
    ran.compared === 0
      ? "not compared"
      : outputs.identical
        ? "identical"
        : `within ${outputs.maxRelative.toExponential(1)}`,
  ];
  const own = threadsPerStream > 1 ? "all-cores" : "sequential";
  // One stream is the whole model in one session: that baseline is the schedule, measured once.
  const others = baselines.filter(({ name }) => ran.streams > 1 || name !== own);
  const rows = others.map((each) => row(`ONNX Runtime, ${formatName(each.name)}`, each));
  return [
    textTable(HEADER, [row(scheduleName(ran), schedule), ...rows], ALIGN, columns),
    "",
    ...figuresOf(ran, schedule.latency),
    noiseOf(ran),
    ...renderRunOutputs(ran),
  ].join("\n");
}

const GPU_NAMES = {
  sequential: "one stream, CUDA graph",
  "sequential-again": "the same again",
  eager: "one stream, no graph",
} as const;

/** The report of a run on a GPU. */
export function renderGpuRan(ran: RanOnGpu, columns: number): string {
  const { schedule, baselines } = ran;
  const base = baselines.find(({ name }) => name === "sequential")?.latency.medianNs ?? 0;
  const outputs = ran.isVerified
    ? `within ${schedule.outputs.distance.toExponential(1)}`
    : "not verified";
  const rows = baselines.map(({ name, latency }) => [
    GPU_NAMES[name],
    ...timesOf(latency, base),
    "",
  ]);
  const own = [scheduleName(ran), ...timesOf(schedule.latency, base), outputs];
  return [
    `on ${formatName(ran.device)}`,
    textTable(HEADER, [own, ...rows], ALIGN, columns),
    "",
    ...figuresOf(ran, schedule.latency),
    `throughput ${Math.round(ran.throughput)} inferences per second`,
    noiseOf(ran),
    ...renderRunOutputs(ran),
  ].join("\n");
}

/** A short name of the run: `schedule (sequential, 2 threads per operator)`. */
function scheduleName({
  algorithm,
  streams,
  threadsPerStream = 1,
}: Ran & Partial<Pick<RanOnCpu, "threadsPerStream">>): string {
  const how =
    threadsPerStream > 1 ? `${threadsPerStream} threads per operator` : counted(streams, "stream");
  return `schedule (${formatName(algorithm)}, ${how})`;
}

function timesOf({ medianNs, p10Ns, p90Ns }: Timing, base: number): string[] {
  return [
    formatNs(medianNs),
    `${formatNs(p10Ns)} to ${formatNs(p90Ns)}`,
    formatSpeedUp(medianNs, base),
  ];
}

function figuresOf({ predictedNs, compiledNs }: Ran, { medianNs }: Timing): readonly string[] {
  const compared =
    predictedNs === undefined || predictedNs === 0 || medianNs === 0
      ? ""
      : `, ${comparePrediction(predictedNs, medianNs)}`;
  return [
    ...(predictedNs === undefined ? [] : [`predicted  ${formatNs(predictedNs)}${compared}`]),
    ...(compiledNs === undefined ? [] : [`compiled   ${formatNs(compiledNs)} measured then`]),
  ];
}

function noiseOf({ noise, rounds }: Ran): string {
  return `noise      ${formatShare(noise)} over ${counted(rounds, "round")}`;
}
