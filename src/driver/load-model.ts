import type { Result } from "../core/result.js";
import { lowerModel } from "../onnx/lower.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { readModel } from "../onnx/read-model.js";
import { ortShapeOracle } from "../runtime/shape-oracle.js";

/**
 * Reads and lowers a model, with ONNX Runtime's shape inference for what ours leaves open.
 *
 * Fails: whatever reading and lowering fail with.
 */
export async function loadModel(
  path: string,
  dims: ReadonlyMap<string, number>,
): Promise<Result<LoweredModel>> {
  const model = readModel(path);
  return model.ok ? lowerModel(model.value, { dims, oracle: ortShapeOracle }) : model;
}

/** A line on the sizes that dynamic dims were given without being asked, if there are any. */
export function noteOnDims({ boundDims }: LoweredModel): string | undefined {
  const assumed = boundDims.filter(({ source }) => source === "default");
  return assumed.length === 0
    ? undefined
    : `dynamic dims without --dim: ${assumed.map(({ name, size }) => `${name}=${size}`).join(" ")}`;
}
