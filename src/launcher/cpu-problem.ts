/** Serving on a CPU, from measured profiles: the variants of a model are its numbers of threads per session. */

import { counted } from "../core/format.js";
import { invariant, present } from "../core/invariant.js";
import { contentionOf } from "../profile/serving/busy-law.js";
import type { ServingProfile } from "../profile/serving/serving-profile.js";
import { meanOfRecord } from "../schedule/serving/service-record.js";
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
  const { device } = present(models[0], "a model").profile;
  const served = models.map(servingModelOf);
  const { logicalCores: workers, memoryBytes } = device;
  const single = served.map(({ variants }) => variants[0]?.runs[0]?.contention ?? [1]);
  const slowdown = Array.from({ length: workers }, (_, at) =>
    Math.min(...single.map((each) => each[Math.min(at, each.length - 1)] ?? 1)),
  );
  return { device: { kind: "cpu", workers, slowdown, memoryBytes }, models: served };
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
    const { records } = timing;
    return {
      batch,
      profile: {
        ns: Float64Array.of(Math.min(...records.map(meanOfRecord))),
        share: Float64Array.of(threads),
        arithmetic: Float64Array.of(0),
        bandwidth: Float64Array.of(0),
      },
      workspaceBytes: used
        .slice(0, at + 1)
        .reduce((sum, { sessionBytes }) => sum + sessionBytes, 0),
      contention: contentionOf(timing),
      records,
    };
  });
}
