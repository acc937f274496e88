import type { BoundDim } from "../onnx/lowered-model.js";

/**
 * The option `dim` as an artifact records it: sizes given by the user, and sizes used because the
 * defaults do not fit; `undefined` if there are none. With them the model is lowered to the same
 * shapes everywhere.
 */
export function recordedDims(
  given: ReadonlyMap<string, number>,
  boundDims: readonly BoundDim[],
): readonly string[] | undefined {
  const tried = boundDims.filter(({ source }) => source === "tried");
  const all = [...given, ...tried.map(({ name, size }) => [name, size] as const)];
  return all.length === 0 ? undefined : all.map(([name, size]) => `${name}=${size}`);
}
