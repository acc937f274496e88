import { fail, type Result } from "../core/result.js";
import { lowerModel } from "../onnx/lower.js";
import { batchImpossible } from "../onnx/lower-failures.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxModel } from "../onnx/model.js";
import { readModel } from "../onnx/read-model.js";
import { checkBatch, setBatch } from "../onnx/set-batch.js";
import { ortShapeOracle } from "../runtime/shape-oracle.js";

/**
 * Reads and lowers a model, whose external data may lie in its folder and in `allowExternal`, with ONNX Runtime's shape inference for what ours leaves open.
 *
 * Fails: whatever reading and lowering fail with.
 */
export async function loadModel(
  path: string,
  dims: ReadonlyMap<string, number>,
  allowExternal: readonly string[] = [],
): Promise<Result<LoweredModel>> {
  const model = readModel(path, allowExternal);
  return model.ok ? lowerModel(model.value, { dims, oracle: ortShapeOracle }) : model;
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
  dims: ReadonlyMap<string, number>,
  { batch, mayRewrite }: BatchOptions,
  allowExternal: readonly string[] = [],
): Promise<Result<LoweredModel>> {
  const model = readModel(path, allowExternal);
  if (!model.ok) {
    return model;
  }
  const batched = setBatch(model.value, batch, dims, mayRewrite);
  if (!batched.ok) {
    return batched;
  }
  const { isRewritten } = batched.value;
  const many = await lowerBatched(batched.value.model, batched.value.dims, isRewritten);
  if (!isRewritten) {
    return many;
  }
  if (!many.ok) {
    const [{ where = "", message }] = many.error;
    const node = where.replace(`${path}: `, "");
    return fail([batchImpossible(path, batch, `${node} ${message}`)]);
  }
  const one = await lowerModel(model.value, { dims, oracle: ortShapeOracle });
  const right = one.ok ? checkBatch(one.value, many.value, batch) : one;
  return right.ok ? many : right;
}

/** ONNX Runtime reads the file, so it cannot be asked about other sizes than those in it. */
function lowerBatched(
  model: OnnxModel,
  dims: ReadonlyMap<string, number>,
  isRewritten: boolean,
): Promise<Result<LoweredModel>> {
  return lowerModel(model, isRewritten ? { dims } : { dims, oracle: ortShapeOracle });
}

/** A line on the sizes that dynamic dims were given without being asked, if there are any. */
export function noteOnDims({ boundDims }: LoweredModel): string | undefined {
  const assumed = boundDims.filter(({ source }) => source === "default");
  return assumed.length === 0
    ? undefined
    : `dynamic dims without --dim: ${assumed.map(({ name, size }) => `${name}=${size}`).join(" ")}`;
}
