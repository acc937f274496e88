/** What a graph of cuDNN computes behind a convolution, by the protocol's definitions of its functions. */
import type { ConvNode, NodeFunction } from "../../src/runtime/cuda/client/nodes.js";
import { type ConvCall, convolve } from "./device-emulator.js";
import type { Elements } from "./device-memory.js";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clip = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** Abramowitz and Stegun, 7.1.26: within 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const series = sum.reduce((value, each) => value * t + each, 0) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

type Applied = (x: number, a: number, b: number) => number;

const FUNCTIONS: Readonly<Record<string, Applied>> = {
  relu: (x) => Math.max(0, x),
  clip,
  "leaky-relu": (x, slope) => (x < 0 ? slope * x : x),
  sigmoid,
  "hard-sigmoid": (x, scale, shift) => clip(scale * x + shift, 0, 1),
  silu: (x, scale) => x * sigmoid(scale * x),
  "hard-swish": (x) => (x * clip(x + 3, 0, 6)) / 6,
  tanh: Math.tanh,
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  "gelu-by-tanh": (x) =>
    (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  elu: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
  softplus,
  mish: (x) => x * Math.tanh(softplus(x)),
};

/** The names of all functions. */
export const FUNCTION_NAMES: readonly string[] = Object.keys(FUNCTIONS);

/** A function at a place. */
export function valueOfFunction({ name, numbers }: NodeFunction, x: number): number {
  const [a = 0, b = 0] = numbers.map(Number);
  const applied = FUNCTIONS[name];
  if (applied === undefined) {
    throw new Error(`no function ${name}`);
  }
  return applied(x, a, b);
}

/** A convolution with what stands behind it, which is stored in memory's type at the end alone. */
export function convolveWithBehind(
  call: ConvCall,
  behind: NonNullable<ConvNode["behind"]>,
  elementsOf: (offset: number) => Elements,
): void {
  const [batch = 0, channels = 0, ...places] = call.y.dims;
  const count = [batch, channels, ...places].reduce((product, size) => product * size, 1);
  const whole = new Float64Array(count);
  const exact: Elements = {
    count,
    byteOffset: 0,
    get: (at) => whole[at]!,
    set: (at, value) => {
      whole[at] = value;
    },
  };
  convolve({ ...call, y: { elements: exact, dims: call.y.dims } });
  const target = elementsOf(behind.y.offset);
  const residual = behind.residual === undefined ? undefined : elementsOf(behind.residual);
  // Channels of a place follow each other, among those of a larger tensor where the result is part of one.
  const row = call.isChannelsLast ? channels : 1;
  const distance = call.isChannelsLast ? (behind.y.channels ?? channels) : 1;
  for (let at = 0; at < count; at++) {
    const own = whole[at]!;
    const applied = behind.function === undefined ? own : valueOfFunction(behind.function, own);
    const value = applied + (residual?.get(at) ?? 0);
    target.set(Math.floor(at / row) * distance + (at % row), value);
  }
}
