/**
 * Operators that ONNX Runtime has no CPU kernel for, by their definitions, in doubles.
 * Source: ONNX Runtime's ContribOperators.md (BiasAdd, QuickGelu over an added bias), ONNX operator
 * documentation (LayerNormalization; the simplified one divides by the root mean square); GroupNorm and
 * SkipGroupNorm with two groups, channels last and activation 1.
 */
import { present } from "../../src/core/invariant.js";
import type { Tensor } from "./number-tensors.js";

/** The inputs of an operator by place. */
export type Inputs = (place: number) => Tensor | undefined;

const EPSILON = 1e-5;

const needed = (input: Inputs, place: number): Tensor => present(input(place), `input ${place}`);

/** `x` plus a vector along its last dim. */
function biased(input: Inputs): Tensor {
  const [x, bias] = [needed(input, 0), needed(input, 1)];
  const values = x.values.map((v, at) => v + present(bias.values[at % bias.values.length], "bias"));
  return { dims: x.dims, values };
}

function biasAdd(input: Inputs): Tensor {
  const [sum, skip] = [biased(input), needed(input, 2)];
  const values = sum.values.map((v, at) => v + present(skip.values[at], "skip"));
  return { dims: sum.dims, values };
}

function biasQuickGelu(input: Inputs): Tensor {
  const sum = biased(input);
  return { dims: sum.dims, values: sum.values.map((x) => x / (1 + Math.exp(-1.702 * x))) };
}

/** Normalizes along the last dim, then scales, and adds a bias where there is one. */
function layerNormalization(input: Inputs, isCentered: boolean): Tensor {
  const [x, scale, bias] = [needed(input, 0), needed(input, 1), input(2)];
  const length = present(x.dims.at(-1), "last dim");
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / length;
  const values = Array.from({ length: x.values.length / length }, (_, row) => {
    const own = x.values.slice(row * length, (row + 1) * length);
    const center = isCentered ? mean(own) : 0;
    const root = Math.sqrt(mean(own.map((v) => (v - center) ** 2)) + EPSILON);
    return own.map(
      (v, i) => ((v - center) / root) * present(scale.values[i], "scale") + (bias?.values[i] ?? 0),
    );
  });
  return { dims: x.dims, values: values.flat() };
}

/** Groups of the cases of group normalizations. */
const GROUPS = 2;

/** Normalizes groups of channels, the last dim, over all places; then scale, shift and `x sigmoid(x)`. */
function groupNorm(x: Tensor, input: Inputs): Tensor {
  const channels = present(x.dims.at(-1), "last dim");
  const [scale, shift] = [needed(input, 1), needed(input, 2)];
  const size = x.values.length / present(x.dims[0], "batch");
  const groupOf = (at: number): number =>
    Math.floor(at / size) * GROUPS + Math.floor(((at % channels) * GROUPS) / channels);
  const members = new Map<number, number[]>();
  for (const at of x.values.keys()) {
    const group = groupOf(at);
    members.set(group, [...(members.get(group) ?? []), at]);
  }
  const values = x.values.map((value, at) => {
    const own = present(members.get(groupOf(at)), "group").map((each) => x.values[each] ?? 0);
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    const variance = own.reduce((sum, each) => sum + (each - mean) ** 2, 0) / own.length;
    const channel = at % channels;
    const y =
      ((value - mean) / Math.sqrt(variance + EPSILON)) * present(scale.values[channel], "scale") +
      present(shift.values[channel], "shift");
    return y / (1 + Math.exp(-y));
  });
  return { dims: x.dims, values };
}

/** The sum of input, skip and a bias per channel. */
function withSkip(input: Inputs): Tensor {
  const [x, skip, bias] = [needed(input, 0), needed(input, 3), input(4)];
  const channels = present(x.dims.at(-1), "last dim");
  const values = x.values.map(
    (value, at) => value + (skip.values[at] ?? 0) + (bias?.values[at % channels] ?? 0),
  );
  return { dims: x.dims, values };
}

/** By domain and operator type. */
export const DEFINITIONS: Readonly<Record<string, (input: Inputs) => Tensor>> = {
  "com.microsoft:BiasAdd": biasAdd,
  "com.microsoft:BiasQuickGelu": biasQuickGelu,
  "com.microsoft:GroupNorm": (input) => groupNorm(needed(input, 0), input),
  "com.microsoft:SkipGroupNorm": (input) => groupNorm(withSkip(input), input),
  "com.microsoft:LayerNormalization": (input) => layerNormalization(input, true),
  "com.microsoft:SimplifiedLayerNormalization": (input) => layerNormalization(input, false),
};
