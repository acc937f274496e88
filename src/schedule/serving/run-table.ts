import { invariant } from "../../core/invariant.js";
import type { StageUse } from "./device-sharing.js";
import type { ServiceRecord } from "./service-record.js";
import type { ServingProblem } from "./serving-model.js";

/** The runs of all models as numbers: a run is a variant of a model with a batch size. */
export interface RunTable extends StageUse {
  /** By stage: duration alone, and that of the stages of its run before it. */
  readonly ns: Float64Array;
  readonly before: Float64Array;
  /** By stage: the part of a pipelined task that it belongs to; -1: the task is not pipelined. */
  readonly part: Int32Array;
  /** By run: its stages are `start ... end - 1`. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly model: Int32Array;
  readonly variant: Int32Array;
  readonly batch: Int32Array;
  readonly records: readonly (readonly ServiceRecord[] | undefined)[];
  /** By run: time alone, and use of each resource times nanoseconds. */
  readonly wholeNs: Float64Array;
  readonly shareNs: Float64Array;
  readonly arithmeticNs: Float64Array;
  readonly bandwidthNs: Float64Array;
  /** The run of the smallest batch of a variant that holds so many requests. */
  readonly runFor: (model: number, variant: number, requests: number) => number;
}

/** Tables that are known: a search tries thousands of policies on one problem. */
const known = new WeakMap<ServingProblem, RunTable>();

/** Lists the runs of a problem. Cost: O(stages), the first time. */
export function runTableOf(problem: ServingProblem): RunTable {
  const table = known.get(problem) ?? tableOf(problem);
  known.set(problem, table);
  return table;
}

function tableOf({ models }: ServingProblem): RunTable {
  const runs = models.flatMap((model, at) =>
    model.variants.flatMap((variant, number) =>
      variant.runs.map((run) => ({ ...run, model: at, variant: number })),
    ),
  );
  const start: number[] = [];
  const ns: number[] = [];
  const before: number[] = [];
  const part: number[] = [];
  const share: number[] = [];
  const arithmetic: number[] = [];
  const bandwidth: number[] = [];
  const contentions: (readonly number[] | undefined)[] = [];
  const sums = runs.map(({ profile, contention, pipeline }) => {
    start.push(ns.length);
    const sum = { ns: 0, share: 0, arithmetic: 0, bandwidth: 0 };
    for (const [stage, each] of profile.ns.entries()) {
      ns.push(each);
      before.push(sum.ns);
      part.push(pipeline === undefined ? -1 : pipeline.findLastIndex((from) => from <= stage));
      share.push(profile.share[stage]!);
      arithmetic.push(profile.arithmetic[stage]!);
      bandwidth.push(profile.bandwidth[stage]!);
      contentions.push(contention);
      sum.ns += each;
      // A stage without room is a gap, whatever else it says.
      if (profile.share[stage]! > 0) {
        sum.share += each * profile.share[stage]!;
        sum.arithmetic += each * profile.arithmetic[stage]!;
        sum.bandwidth += each * profile.bandwidth[stage]!;
      }
    }
    return sum;
  });
  return {
    ns: Float64Array.from(ns),
    before: Float64Array.from(before),
    part: Int32Array.from(part),
    share: Float64Array.from(share),
    arithmetic: Float64Array.from(arithmetic),
    bandwidth: Float64Array.from(bandwidth),
    contention: contentions,
    start: Int32Array.from(start),
    end: Int32Array.from(runs, (_, at) => start[at + 1] ?? ns.length),
    model: Int32Array.from(runs, ({ model }) => model),
    variant: Int32Array.from(runs, ({ variant }) => variant),
    batch: Int32Array.from(runs, ({ batch }) => batch),
    records: runs.map(({ records }) => records),
    wholeNs: Float64Array.from(sums, (sum) => sum.ns),
    shareNs: Float64Array.from(sums, (sum) => sum.share),
    arithmeticNs: Float64Array.from(sums, (sum) => sum.arithmetic),
    bandwidthNs: Float64Array.from(sums, (sum) => sum.bandwidth),
    runFor: runFinder(models),
  };
}

function runFinder(models: ServingProblem["models"]): RunTable["runFor"] {
  let count = 0;
  const firstOf = models.map(({ variants }) =>
    variants.map(({ runs }) => {
      const first = count;
      count += runs.length;
      return { first, batches: Int32Array.from(runs, ({ batch }) => batch) };
    }),
  );
  return (model, variant, requests) => {
    const found = firstOf[model]?.[variant];
    invariant(found !== undefined, "a policy names a variant that there is");
    let at = 0;
    while (at < found.batches.length && found.batches[at]! < requests) {
      at++;
    }
    invariant(at < found.batches.length, "a policy's batch is one that the variant has");
    return found.first + at;
  };
}
