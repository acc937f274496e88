/** Serving on a CPU, from measured profiles: the variants of a model are its numbers of threads per session. */

import { counted } from "../core/format.js";
import { invariant, present } from "../core/invariant.js";
import type { ServingProfile, ServingTiming } from "../profile/serving/serving-profile.js";
import { spreadOf } from "../schedule/serving/service-times.js";
import type { BatchRun, ServingModel, ServingProblem } from "../schedule/serving/serving-model.js";

/** A model with its profile, and the batch sizes that may be used. */
export interface MeasuredModel {
  readonly name: string;
  readonly profile: Omit<ServingProfile, "key" | "model">;
  readonly batches: readonly number[];
}

/**
 * The problem of serving measured models together. The machine is that of the first profile.
 *
 * A session holds its weights and tensors for every batch size that it is made for, so a task's memory is that
 * of all batch sizes up to its own. Tasks of different models disturb each other as tasks of one model do:
 * by the number of busy threads.
 */
export function cpuProblemOf(models: readonly MeasuredModel[]): ServingProblem {
  const { device, wakeNs } = present(models[0], "a model").profile;
  const served = models.map(servingModelOf);
  const { logicalCores: workers, memoryBytes } = device;
  const single = served.map(({ variants }) => variants[0]?.runs[0]?.contention ?? [1]);
  const slowdown = Array.from({ length: workers }, (_, at) =>
    Math.min(...single.map((each) => each[Math.min(at, each.length - 1)] ?? 1)),
  );
  return { device: { kind: "cpu", workers, slowdown, wakeNs, memoryBytes }, models: served };
}

function servingModelOf({ name, profile, batches }: MeasuredModel): ServingModel {
  const threads = [...new Set(profile.timings.map((each) => each.threads))];
  return {
    name,
    residentBytes: 0,
    variants: threads.map((count) => ({
      name: threadsName(count),
      runs: runsOf(profile, batches, count),
    })),
  };
}

/** The name of a variant: `1 thread`. */
export function threadsName(count: number): string {
  return counted(count, "thread");
}

/** The threads of a variant of a CPU. Requires: a name of `threadsName`. */
export function threadsOfVariant(name: string): number {
  const [count] = name.split(" ");
  invariant(Number(count) >= 1, "a variant on a CPU is named by its threads");
  return Number(count);
}

function runsOf(
  profile: MeasuredModel["profile"],
  batches: readonly number[],
  threads: number,
): readonly BatchRun[] {
  const used = profile.batches.filter(({ batch }) => batches.includes(batch));
  return used.map(({ batch }, at) => {
    const timing = present(
      profile.timings.find((each) => each.threads === threads && each.batch === batch),
      "timing of every batch",
    );
    const { meanNs, spread } = spreadOf(timing.quantilesNs);
    return {
      batch,
      profile: {
        ns: Float64Array.of(meanNs),
        share: Float64Array.of(threads),
        arithmetic: Float64Array.of(0),
        bandwidth: Float64Array.of(0),
      },
      workspaceBytes: used
        .slice(0, at + 1)
        .reduce((sum, { sessionBytes }) => sum + sessionBytes, 0),
      contention: contentionOf(timing),
      spread,
    };
  });
}

/** By busy threads from 1 on: between measured numbers of sessions on the straight line. */
function contentionOf({ threads, meanNs, busy }: ServingTiming): readonly number[] {
  const points = [{ at: threads, times: 1 }];
  for (const { sessions, meanNs: pace } of busy) {
    // More sessions never make each other faster: what looks like it is noise.
    const least = points.at(-1)?.times ?? 1;
    points.push({ at: sessions * threads, times: Math.max(least, pace / meanNs) });
  }
  const last = points.at(-1)?.at ?? threads;
  return Array.from({ length: last }, (_, index) => {
    const busyThreads = index + 1;
    const above = points.find(({ at }) => at >= busyThreads);
    const below = points.findLast(({ at }) => at <= busyThreads);
    if (above === undefined || below === undefined || above.at === below.at) {
      return above?.times ?? 1;
    }
    const share = (busyThreads - below.at) / (above.at - below.at);
    return below.times + share * (above.times - below.times);
  });
}
