/** Requests of a workload, drawn: the same seed gives the same ones on every machine. */
import { type Random, seededRandom } from "../core/random.js";
import { exponential } from "./exponential.js";
import { sineOfTurns } from "./sine.js";
import type { ArrivalProcess, BurstState, Workload } from "./workload.js";

/**
 * What requests are drawn for. A policy is trained on some, chosen by others, and judged by others
 * again; no request of a purpose is ever drawn for another one. Of a trace the first half is for training, the next
 * quarter for validation and the last for judging.
 */
export const ARRIVAL_PURPOSES = ["training", "validation", "held-out"] as const;

/** One of `ARRIVAL_PURPOSES`. */
export type ArrivalPurpose = (typeof ARRIVAL_PURPOSES)[number];

/** Ends of the parts of a trace, by purpose, as a share of its requests. */
const TRACE_PARTS = [0, 0.5, 0.75, 1] as const;

/** Which of the endless many samples of a workload. */
export interface ArrivalSample {
  readonly seed: number;
  readonly purpose: ArrivalPurpose;
  /** From 0. */
  readonly episode: number;
}

/**
 * The arrivals of every model: integer nanoseconds, ascending, all before `durationNs`.
 *
 * A model's requests depend on the sample, its own process and its place among the models, so what
 * is compared on one sample meets the same requests.
 * Cost: O(requests).
 */
export function drawArrivals(workload: Workload, sample: ArrivalSample): readonly Float64Array[] {
  const purpose = ARRIVAL_PURPOSES.indexOf(sample.purpose);
  const random = seededRandom(sample.seed).fork(purpose).fork(sample.episode);
  return workload.models.map(({ process: source }, at) => {
    const part = source.kind === "trace" ? partOf(source.gapsNs, purpose) : source;
    const times: number[] = [];
    addArrivals(part, workload.durationNs, random.fork(at), times);
    return Float64Array.from(times);
  });
}

/** The part of a trace that is for one purpose. */
function partOf(gapsNs: Float64Array, purpose: number): ArrivalProcess {
  const end = (at: number): number => Math.round((TRACE_PARTS[at] ?? 1) * gapsNs.length);
  return { kind: "trace", gapsNs: gapsNs.subarray(end(purpose), end(purpose + 1)) };
}

function addArrivals(
  source: ArrivalProcess,
  durationNs: number,
  random: Random,
  times: number[],
): void {
  switch (source.kind) {
    case "constant":
      addEven(1e9 / source.ratePerSecond, durationNs, random, times);
      return;
    case "poisson":
      addPoisson(source.ratePerSecond, { from: 0, to: durationNs }, random, times);
      return;
    case "mmpp":
      addBursts(source.states, durationNs, random, times);
      return;
    case "diurnal":
      addSwinging(source, durationNs, random, times);
      return;
    case "trace":
      addRecorded(source.gapsNs, durationNs, random, times);
  }
}

/** The first comes at a random point of a gap, so that models of one rate do not arrive together. */
function addEven(gap: number, durationNs: number, random: Random, times: number[]): void {
  const first = random.next() * gap;
  for (let at = 0; first + at * gap < durationNs; at++) {
    times.push(Math.floor(first + at * gap));
  }
}

/** Poisson at the highest rate, of which each request stays with the share that the rate has then. */
function addSwinging(
  { ratePerSecond, swing, periodNs }: Extract<ArrivalProcess, { readonly kind: "diurnal" }>,
  durationNs: number,
  random: Random,
  times: number[],
): void {
  const most = 1 + swing;
  const all: number[] = [];
  addPoisson(ratePerSecond * most, { from: 0, to: durationNs }, random, all);
  for (const time of all) {
    if (random.next() * most < 1 + swing * sineOfTurns(time / periodNs)) {
      times.push(time);
    }
  }
}

/** A span of time, in nanoseconds. */
interface Span {
  readonly from: number;
  readonly to: number;
}

function addPoisson(rate: number, { from, to }: Span, random: Random, times: number[]): void {
  const gap = 1e9 / rate;
  for (let time = from + gap * exponential(random); time < to; time += gap * exponential(random)) {
    times.push(Math.floor(time));
  }
}

/** Begins in the midst of a state, which is long since the last change: as if it had always been so. */
function addBursts(
  states: readonly BurstState[],
  durationNs: number,
  random: Random,
  times: number[],
): void {
  const whole = states.reduce((sum, { meanNs }) => sum + meanNs, 0);
  let pick = random.next() * whole;
  let at = 0;
  while (at < states.length - 1 && pick >= (states[at]?.meanNs ?? 0)) {
    pick -= states[at]?.meanNs ?? 0;
    at++;
  }
  for (let from = 0; from < durationNs; at = (at + 1) % states.length) {
    const { meanNs = 1, ratePerSecond = 0 } = states[at] ?? {};
    const to = from + Math.max(1, meanNs * exponential(random));
    if (ratePerSecond > 0) {
      addPoisson(ratePerSecond, { from, to: Math.min(to, durationNs) }, random, times);
    }
    from = to;
  }
}

/** Begins at a random gap and goes round, as Perf Analyzer does at the end of its file. */
function addRecorded(
  gapsNs: Float64Array,
  durationNs: number,
  random: Random,
  times: number[],
): void {
  let at = random.integer(gapsNs.length);
  let time = (gapsNs[at] ?? 0) * random.next();
  while (time < durationNs) {
    times.push(Math.floor(time));
    at = (at + 1) % gapsNs.length;
    time += gapsNs[at] ?? 0;
  }
}
