import { fail, type Result } from "../core/result.js";
import type { AssumedSizes } from "../onnx/dim-trials.js";
import { lowerModel } from "../onnx/lower.js";
import { batchImpossible } from "../onnx/lower-failures.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxModel } from "../onnx/model.js";
import { readModel } from "../onnx/read-model.js";
import { checkBatch, setBatch } from "../onnx/set-batch.js";
import { sizeObserver } from "./observe-sizes.js";
import { ortShapeOracle } from "./shape-oracle.js";
import { type LoadOptions, withSizes } from "./with-sizes.js";

/**
 * Reads and lowers a model, with ONNX Runtime's shape inference where ours leaves shapes open. Where the
 * model contradicts the default sizes of its dynamic dims, other sizes are tried (`dim-trials.ts`).
 *
 * Fails: whatever reading and lowering fail with, and `isUsable`.
 */
export async function loadModel(path: string, options: LoadOptions): Promise<Result<LoweredModel>> {
  const model = readModel(path, options.allowExternal);
  if (!model.ok) {
    return model;
  }
  return withSizes(model.value, options, (assumed) =>
    lowerModel(model.value, { ...lowering(options), assumed }),
  );
}

/** The part of the options that lowering takes as it is. */
function lowering({ dims, dataSizes, feedsOf, cannotBranch }: LoadOptions) {
  const observe = feedsOf && sizeObserver(feedsOf);
  return { dims, dataSizes, observe, cannotBranch, oracle: ortShapeOracle };
}

/** A batch to load a model for. */
export interface BatchOptions {
  readonly batch: number;
  /** Whether a first dim that the file fixes to 1 may be replaced: the file itself stays as it is. */
  readonly mayRewrite: boolean;
}

/**
 * Reads and lowers a model for a batch of inputs.
 *
 * Fails: as `loadModel`; `batch-impossible`.
 */
export async function loadModelForBatch(
  path: string,
  options: LoadOptions,
  batch: BatchOptions,
): Promise<Result<LoweredModel>> {
  const model = readModel(path, options.allowExternal);
  return model.ok
    ? withSizes(model.value, options, (assumed) =>
        lowerForBatch(model.value, options, assumed, batch),
      )
    : model;
}

async function lowerForBatch(
  model: OnnxModel,
  options: LoadOptions,
  assumed: AssumedSizes,
  { batch, mayRewrite }: BatchOptions,
): Promise<Result<LoweredModel>> {
  const { path } = model;
  const { dims } = options;
  const batched = setBatch(model, batch, dims, mayRewrite);
  if (!batched.ok) {
    return batched;
  }
  const sizes = { ...lowering(options), dims: batched.value.dims, assumed };
  if (!batched.value.isRewritten) {
    return lowerModel(batched.value.model, sizes);
  }
  // ONNX Runtime reads the file, so it infers for no other sizes than those in it; sizes that depend
  // on data are compared as bounds.
  const bounded = { dims: batched.value.dims, assumed };
  const many = await lowerModel(batched.value.model, bounded);
  if (!many.ok) {
    const [{ where = "", message }] = many.error;
    const node = where.replace(`${path}: `, "");
    return fail([batchImpossible(path, batch, `${node} ${message}`)]);
  }
  const one = await lowerModel(model, { dims, assumed, oracle: ortShapeOracle });
  const right = one.ok ? checkBatch(one.value, many.value, batch) : one;
  if (!right.ok || many.value.dataSizes.length === 0) {
    return right.ok ? many : right;
  }
  const { oracle: _oracle, ...observed } = sizes;
  return lowerModel(batched.value.model, observed);
}

/** A line on the sizes that were assumed for dynamic dims, if there are any. */
export function noteOnDims({ boundDims }: LoweredModel): string | undefined {
  const assumed = boundDims.filter(({ source }) => source !== "option");
  const sizes = assumed.map(
    ({ name, size, source }) => `${name}=${size}${source === "tried" ? " (not the default)" : ""}`,
  );
  return assumed.length === 0 ? undefined : `dynamic dims without --dim: ${sizes.join(" ")}`;
}
