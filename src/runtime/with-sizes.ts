import type { FailureCode } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import type { DataSize } from "../onnx/data-sizes.js";
import { type AssumedSizes, dimTrials } from "../onnx/dim-trials.js";
import { boundDimsOf } from "../onnx/lower.js";
import type { BoundDim, LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxModel } from "../onnx/model.js";
import { sizesRefused } from "./failures.js";
import type { FeedsOf } from "./observe-sizes.js";

/** Options of loading a model. */
export interface LoadOptions {
  /** Sizes that the user gave to dynamic dims. */
  readonly dims: ReadonlyMap<string, number>;
  /** Sizes of the dims that the user left open, such as those of a profile; absent: defaults. */
  readonly assumed?: AssumedSizes;
  /** Sizes that depend on data, from an earlier run or bounds; absent: none are known. */
  readonly dataSizes?: readonly DataSize[];
  /** Inputs for the run that shows sizes which depend on data; absent: they take bounds. */
  readonly feedsOf?: FeedsOf;
  /** Whether branches are decided by the sizes of the schedule (`LowerOptions`); absent: they stay. */
  readonly cannotBranch?: boolean;
  /** Folders, besides the model's own, that its external data may lie in; absent: none. */
  readonly allowExternal?: readonly string[] | undefined;
  /** Checks whether the model can be used at its sizes; absent: it can if it can be lowered. */
  readonly isUsable?: (lowered: LoweredModel) => Promise<Result<void>>;
}

/** Failures that other sizes may mend. */
const BY_SIZES: ReadonlySet<FailureCode> = new Set([
  "shape-impossible",
  "onnxruntime-refused-model",
  "onnxruntime-run-failed",
]);

/** Nodes that all trials together may lower: a large model is tried with fewer sizes. */
const MOST_NODES = 400_000;

/**
 * A model lowered with the first sizes at which that succeeds and the result is usable: those of
 * `options.assumed` only, if there are any; else the defaults, then those of `dimTrials`.
 *
 * Fails: as `lower` and `isUsable` do for the first sizes; the hint names the sizes that were tried.
 */
export async function withSizes(
  model: OnnxModel,
  { dims, assumed, isUsable }: LoadOptions,
  lower: (assumed: AssumedSizes) => Promise<Result<LoweredModel>>,
): Promise<Result<LoweredModel>> {
  const usable = async (sizes: AssumedSizes): Promise<Result<LoweredModel>> => {
    const lowered = await lower(sizes);
    const checked =
      lowered.ok && isUsable !== undefined ? await isUsable(lowered.value) : ok(undefined);
    return checked.ok ? lowered : checked;
  };
  const first = await usable(assumed ?? new Map());
  if (first.ok || assumed !== undefined || !first.error.every(({ code }) => BY_SIZES.has(code))) {
    return first;
  }
  const bound = boundDimsOf(model, dims);
  const open = bound.ok ? bound.value.filter(({ source }) => source !== "option") : [];
  const trials = dimTrials(open);
  const most = Math.max(2, Math.floor(MOST_NODES / Math.max(1, model.graph.nodes.length)));
  const refused = [assumptionText(open)];
  for (const trial of trials.slice(0, most)) {
    const outcome = await usable(trial);
    if (outcome.ok) {
      return outcome;
    }
    refused.push([...trial].map(([name, size]) => `${name}=${size}`).join(" "));
  }
  return open.length === 0 ? first : fail([sizesRefused(first.error[0], refused)]);
}

function assumptionText(dims: readonly BoundDim[]): string {
  return dims.map(({ name, size }) => `${name}=${size}`).join(" ");
}
