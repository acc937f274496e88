/** Constants of merged convolutions, made of those of their parts. */

import { present } from "../../../core/invariant.js";
import { productOf } from "../../../core/product.js";
import type { LoweredModel } from "../../../onnx/lowered-model.js";
import { type MergedConvolution, mergedConstants } from "../../../onnx/merged-operator.js";

/** A constant that is made of others. */
export interface StackedConstant {
  readonly merged: MergedConvolution;
  readonly what: "weight" | "bias";
  /** Names of the parts' constants; `undefined` for a part without bias. */
  readonly parts: readonly (string | undefined)[];
}

/** The constants of a model's merged convolutions, by name. */
export function stackedConstants({
  graph,
  merged,
  types,
}: LoweredModel): ReadonlyMap<string, StackedConstant> {
  const stacks = new Map<string, StackedConstant>();
  for (const [id, operator] of merged ?? []) {
    if (operator.kind === "convolution") {
      const { weight, bias } = mergedConstants(present(graph.operators[id], "operator").name);
      const parts = operator.parts;
      stacks.set(weight, {
        merged: operator,
        what: "weight",
        parts: parts.map((part) => part.weight),
      });
      if (types.has(bias)) {
        stacks.set(bias, { merged: operator, what: "bias", parts: parts.map((part) => part.bias) });
      }
    }
  }
  return stacks;
}

/** The elements of a stacked constant from those of its parts, each `bytesEach` bytes. */
export function stackedBytes(
  { merged, what }: StackedConstant,
  parts: readonly (Uint8Array | undefined)[],
  bytesEach: number,
): Uint8Array {
  return what === "weight"
    ? stackedFilters(merged, parts, bytesEach)
    : stackedBias(merged, parts, bytesEach);
}

/**
 * The filters of a merged convolution: those of its parts one after the other, each inside zeros of
 * the merged kernel's size. `parts` are the parts' own filters, `bytesEach` the size of an element.
 *
 * Cost: O(bytes of the result), a copy for each row of a kernel.
 */
function stackedFilters(
  { parts: layout, weightDims }: MergedConvolution,
  parts: readonly (Uint8Array | undefined)[],
  bytesEach: number,
): Uint8Array {
  const [, inputs = 1, ...kernel] = weightDims;
  const volume = productOf(kernel);
  const stacked = new Uint8Array(productOf(weightDims) * bytesEach);
  let filter = 0;
  layout.forEach((part, at) => {
    const source = parts[at] ?? new Uint8Array();
    const row = part.kernel.at(-1) ?? 1;
    const rows = rowsOf(part.kernel, part.offsets, kernel);
    for (let own = 0; own < part.channels * inputs; own++, filter++) {
      rows.forEach((target, index) => {
        const from = (own * rows.length + index) * row * bytesEach;
        const to = (filter * volume + target) * bytesEach;
        stacked.set(source.subarray(from, from + row * bytesEach), to);
      });
    }
  });
  return stacked;
}

/** The biases of the parts one after the other; a part without one has zeros. */
function stackedBias(
  { parts: layout }: MergedConvolution,
  parts: readonly (Uint8Array | undefined)[],
  bytesEach: number,
): Uint8Array {
  const channels = layout.reduce((sum, part) => sum + part.channels, 0);
  const stacked = new Uint8Array(channels * bytesEach);
  let at = 0;
  layout.forEach((part, index) => {
    stacked.set(parts[index] ?? new Uint8Array(), at * bytesEach);
    at += part.channels;
  });
  return stacked;
}

/** The start of each row of a part's kernel inside the merged kernel, in elements. */
function rowsOf(
  own: readonly number[],
  offsets: readonly number[],
  kernel: readonly number[],
): readonly number[] {
  let starts = [0];
  own.forEach((size, axis) => {
    const isRow = axis === own.length - 1;
    const steps = isRow ? [0] : Array.from({ length: size }, (_, step) => step);
    starts = starts.flatMap((start) =>
      steps.map((step) => start * (kernel[axis] ?? 1) + (offsets[axis] ?? 0) + step),
    );
  });
  return starts;
}
