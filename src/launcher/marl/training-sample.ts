/** Requests to learn from: pieces of training samples, with what the starting policy makes of them. */
import { drawArrivals } from "../../arrivals/draw-arrivals.js";
import type { Random } from "../../core/random.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import { simulateServing } from "../../schedule/serving/simulate-serving.js";
import { ratesOf, type ServingJob } from "../serving-job.js";
import { RequestCost, type RequestTimes } from "./request-cost.js";

/** A piece of a sample, from 0 on. */
export interface TrainingPiece {
  readonly arrivals: readonly Float64Array[];
  /** By tick: what requests cost under the starting policy (`RequestCost`). */
  readonly usualCost: Float64Array;
  /** Of times that vary. */
  readonly seed: number;
}

/** Pieces that are taken from one sample before the next is drawn. */
const PIECES = 8;

/** Draws pieces of `ticks` ticks, at random places of training samples, one after the other. */
export function* trainingPieces(
  job: ServingJob,
  start: { readonly policy: LauncherPolicy; readonly tickNs: number },
  { seed, ticks, random }: { seed: number; ticks: number; random: Random },
): Generator<TrainingPiece, never> {
  const lengthNs = ticks * start.tickNs;
  for (let episode = 0; ; episode++) {
    const sample = drawArrivals(job.workload, { seed, purpose: "training", episode });
    for (let piece = 0; piece < PIECES; piece++) {
      const from = Math.floor(random.next() * Math.max(0, job.workload.durationNs - lengthNs));
      const arrivals = pieceOf(sample, from, from + lengthNs);
      const luck = seed + episode * PIECES + piece;
      const run = simulateServing(job.problem, arrivals, start.policy, { seed: luck });
      const { endNs, isRefused = [] } = run;
      const usualCost = costsOf(job, { arrivals, endNs, isRefused }, start, ticks);
      yield { arrivals, usualCost, seed: luck };
    }
  }
}

function costsOf(
  job: ServingJob,
  times: RequestTimes,
  { tickNs }: { readonly tickNs: number },
  ticks: number,
): Float64Array {
  const cost = requestCostOf(job);
  return Float64Array.from({ length: ticks }, (_, tick) => cost.until((tick + 1) * tickNs, times));
}

/** The integrator for the requests of a job. */
export function requestCostOf(job: ServingJob): RequestCost {
  return new RequestCost(ratesOf(job), job.objectives);
}

/** The requests from one moment to another, which becomes their 0. */
export function pieceOf(
  sample: readonly Float64Array[],
  fromNs: number,
  toNs: number,
): readonly Float64Array[] {
  return sample.map((times) =>
    times.filter((time) => time >= fromNs && time < toNs).map((time) => time - fromNs),
  );
}
