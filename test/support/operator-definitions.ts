/**
 * Operators that ONNX Runtime has no CPU kernel for, by their definitions, in doubles.
 * Source: ONNX Runtime's ContribOperators.md (BiasAdd, QuickGelu over an added bias), ONNX operator
 * documentation (LayerNormalization; the simplified one divides by the root mean square).
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

/** By domain and operator type. */
export const DEFINITIONS: Readonly<Record<string, (input: Inputs) => Tensor>> = {
  "com.microsoft:BiasAdd": biasAdd,
  "com.microsoft:BiasQuickGelu": biasQuickGelu,
  "com.microsoft:LayerNormalization": (input) => layerNormalization(input, true),
  "com.microsoft:SimplifiedLayerNormalization": (input) => layerNormalization(input, false),
};
