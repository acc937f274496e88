/** Constants that are made of the model's when they are brought to the device: scales and shifts put into filters. */
import { present } from "../core/invariant.js";
import type { StorageType } from "./language/expression.js";
import { rowMajor } from "./language/layout.js";

/** What is done to each channel, by constants of one element or of one for each channel. */
export type ChannelStep =
  | { readonly kind: "add" | "subtract" | "multiply" | "divide"; readonly constant: string }
  | {
      /** (x - mean) * scale / sqrt(variance + epsilon) + bias */
      readonly kind: "normalize";
      readonly scale: string;
      readonly bias: string;
      readonly mean: string;
      readonly variance: string;
      readonly epsilon: number;
    };

/** A constant with the steps that are put into it. */
export interface FoldedConstant {
  readonly storage: StorageType;
  readonly dims: readonly number[];
  /** Filters are scaled; a bias is scaled and shifted. */
  readonly what: "filters" | "bias";
  /** The model's constant; `undefined`: zeros. */
  readonly of: string | undefined;
  /** Element `i` belongs to channel `floor(i / inner)`. */
  readonly inner: number;
  /** In the order in which they are applied to the result. */
  readonly steps: readonly ChannelStep[];
  /** Its dims as they are nested in memory, the outermost first; absent: in their order. */
  readonly order?: readonly number[];
}

/** Names of the constants that are needed. */
export function sourcesOf({ of, steps }: FoldedConstant): readonly string[] {
  return [...(of === undefined ? [] : [of]), ...steps.flatMap(constantsOfStep)];
}

function constantsOfStep(step: ChannelStep): readonly string[] {
  return step.kind === "normalize"
    ? [step.scale, step.bias, step.mean, step.variance]
    : [step.constant];
}

/**
 * The elements of a folded constant, computed in double precision, from those of the model's constants.
 *
 * Order: as memory has them. Cost: O(elements * steps).
 */
export function foldedElements(
  { of, dims, inner, what, steps, order }: FoldedConstant,
  elementsOf: (name: string) => Float64Array,
): Float64Array {
  const count = dims.reduce((product, size) => product * size, 1);
  const elements = of === undefined ? new Float64Array(count) : elementsOf(of).slice();
  const apply = steps.map((step) => stepFunction(step, what === "bias", elementsOf));
  for (const step of apply) {
    for (let i = 0; i < count; i++) {
      elements[i] = step(elements[i] ?? 0, Math.floor(i / inner));
    }
  }
  return order === undefined ? elements : nested(elements, dims, order);
}

/** Row-major elements in another order of their dims. */
function nested(
  elements: Float64Array,
  dims: readonly number[],
  order: readonly number[],
): Float64Array {
  const own = rowMajor(dims);
  let places = [0];
  for (const axis of order) {
    const steps = Array.from({ length: dims[axis] ?? 1 }, (_, i) => i * (own[axis] ?? 0));
    places = places.flatMap((place) => steps.map((step) => place + step));
  }
  return Float64Array.from(places, (place) => elements[place] ?? 0);
}

/** A step as a function of a value and its channel; of filters, which only the scale goes into, linear. */
function stepFunction(
  step: ChannelStep,
  isShifted: boolean,
  elementsOf: (name: string) => Float64Array,
): (value: number, channel: number) => number {
  const at = (name: string) => {
    const values = elementsOf(name);
    return (channel: number) => present(values[values.length === 1 ? 0 : channel], name);
  };
  if (step.kind === "normalize") {
    const [scale, bias, mean, variance] = constantsOfStep(step).map(at) as [
      (channel: number) => number,
      (channel: number) => number,
      (channel: number) => number,
      (channel: number) => number,
    ];
    const factor = (channel: number) =>
      scale(channel) / Math.sqrt(variance(channel) + step.epsilon);
    return isShifted
      ? (value, channel) => (value - mean(channel)) * factor(channel) + bias(channel)
      : (value, channel) => value * factor(channel);
  }
  const by = at(step.constant);
  switch (step.kind) {
    case "multiply":
      return (value, channel) => value * by(channel);
    case "divide":
      return (value, channel) => value / by(channel);
    case "add":
      return isShifted ? (value, channel) => value + by(channel) : (value) => value;
    case "subtract":
      return isShifted ? (value, channel) => value - by(channel) : (value) => value;
  }
}
