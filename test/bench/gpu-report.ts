/** What is told of models that were measured on a GPU. */
import { present } from "../../dist/core/invariant.js";
import { median, rankCorrelation } from "../../dist/core/statistics.js";
import { searchFromProfile } from "../../dist/driver/cuda/measure-on-cuda.js";
import type { LoweredModel } from "../../dist/onnx/lowered-model.js";
import {
  type GpuProfile,
  type GpuScheduleTiming,
  listOfProfile,
  sumOverGraph,
} from "../../dist/profile/gpu/gpu-profile.js";
import { scheduleDigest } from "../../dist/profile/worker-plan-of.js";
import { type BestOther, bestOther, type OthersReport } from "./others.js";

const ALGORITHMS = ["top-compile", "opara", "nimble", "wavefront", "ios"];

/** A schedule: what the simulator predicted and what the device did. */
interface MeasuredCandidate extends Pick<GpuScheduleTiming, "streams" | "relative" | "outputs"> {
  readonly algorithm: string;
  readonly predictedNs: number;
  readonly measuredNs: number;
}

/** A model's schedules against one stream. */
export interface MeasuredModel {
  readonly model: string;
  readonly device: string;
  readonly driver: string;
  readonly libraries: readonly string[];
  readonly precision: string;
  /** What one launch computes together. */
  readonly fuse: string;
  /** Samples of each schedule. */
  readonly rounds: number;
  readonly clockMhz: readonly number[];
  /** Hardware queues that the driver was asked for. */
  readonly connections: number | undefined;
  readonly noise: number;
  readonly sequentialNs: number;
  readonly eagerNs: number;
  readonly candidates: readonly MeasuredCandidate[];
  readonly rankCorrelation: number | undefined;
  readonly medianError: number;
  /** All operators one after the other over the one-stream graph. */
  readonly sumOverGraph: number | undefined;
  /** The fastest other runtime; absent: none was measured, and no speed-up is quoted. */
  readonly best?: BestOther;
}

/** Requires: the profile has a measurement of all schedules that the search finds with it. */
export function measuredModel(
  model: string,
  lowered: LoweredModel,
  profile: GpuProfile,
  others: OthersReport,
): MeasuredModel {
  const { device, key } = profile;
  const measurement = present(profile.measurement, "measurement");
  const candidates = candidatesOf(lowered, profile);
  const latency = (at: number): number =>
    present(measurement.baselines[at], "baseline").latency.medianNs;
  const best = bestOther(others, model, key.precision, latency(0));
  return {
    model,
    device: device.name,
    driver: key.driver,
    libraries: key.libraries,
    precision: key.precision,
    fuse: listOfProfile(key),
    rounds: measurement.rounds,
    clockMhz: [device.clockMhzBefore, device.clockMhzAfter],
    connections: device.connections,
    noise: measurement.noiseRatio,
    sequentialNs: latency(0),
    eagerNs: latency(2),
    candidates,
    rankCorrelation: rankCorrelation(
      candidates.map((each) => each.predictedNs),
      candidates.map((each) => each.measuredNs),
    ),
    medianError: median(
      candidates.map(({ predictedNs, measuredNs }) => Math.abs(predictedNs / measuredNs - 1)),
    ),
    sumOverGraph: sumOverGraph(profile),
    ...(best === undefined ? {} : { best }),
  };
}

function candidatesOf(lowered: LoweredModel, profile: GpuProfile): readonly MeasuredCandidate[] {
  const search = searchFromProfile(lowered, profile, { seed: 1, algorithm: undefined });
  const found = present(search.ok ? search.value : undefined, "schedules");
  const timings = new Map(
    profile.measurement?.schedules.map((each) => [each.digest, each] as const),
  );
  return found.candidates.ranked.map(({ algorithm, schedule, predictedNs }) => {
    const timing = present(timings.get(scheduleDigest(lowered.graph, schedule)), "timing");
    const { latency, relative, outputs } = timing;
    const { streams } = schedule;
    return { algorithm, streams, predictedNs, measuredNs: latency.medianNs, relative, outputs };
  });
}

/** One line for a model, to be printed as soon as it is measured. */
export function summaryOf(row: MeasuredModel): string {
  const gains = ALGORITHMS.map((each) => `${each} ${gainOf(row, each)}`);
  const compared = row.best === undefined ? "no other runtime" : otherOf(row.best);
  return `${row.model}: ${us(row.sequentialNs)} on one stream, ${compared}; ${gains.join(", ")}`;
}

/**
 * All models as a table, and the mean of ours. A speed-up says little where the baseline is slow: where no other
 * runtime was measured beside it, none is quoted.
 */
export function tableOf(rows: readonly MeasuredModel[]): string {
  const gains = rows.flatMap((row) =>
    row.best === undefined ? [] : (speedUp(row, "top-compile") ?? []),
  );
  const mean = Math.exp(gains.reduce((sum, gain) => sum + Math.log(gain), 0) / gains.length);
  return [
    `| model | one stream | over the best other | no graph | ${ALGORITHMS.join(" | ")} | noise | sum over graph | rank correlation | median error |`,
    `|---|---|---|---|${ALGORITHMS.map(() => "---|").join("")}---|---|---|---|`,
    ...rows.map(lineOfTable),
    ...(gains.length === 0 ? [] : ["", `geometric mean of ${gains.length}: ${mean.toFixed(2)}x`]),
  ].join("\n");
}

function lineOfTable(row: MeasuredModel): string {
  const cells = [
    row.model,
    us(row.sequentialNs),
    row.best === undefined ? "not measured" : otherOf(row.best),
    us(row.eagerNs),
    ...ALGORITHMS.map((each) => gainOf(row, each)),
    `${(row.noise * 100).toFixed(1)} %`,
    row.sumOverGraph?.toFixed(2) ?? "-",
    row.rankCorrelation?.toFixed(2) ?? "-",
    `${(row.medianError * 100).toFixed(0)} %`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function otherOf({ runtime, medianUs, ratio }: BestOther): string {
  return `${ratio.toFixed(2)} of ${runtime} (${medianUs.toFixed(0)} us)`;
}

function gainOf(row: MeasuredModel, name: string): string {
  const gain = speedUp(row, name);
  return gain === undefined ? "-" : row.best === undefined ? "not quoted" : gain.toFixed(2);
}

function speedUp({ candidates, sequentialNs }: MeasuredModel, name: string): number | undefined {
  const own = candidates.find(({ algorithm }) => algorithm === name);
  return own === undefined ? undefined : sequentialNs / own.measuredNs;
}

function us(ns: number): string {
  return `${(ns / 1000).toFixed(0)} us`;
}
