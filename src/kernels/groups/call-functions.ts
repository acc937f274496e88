/**
 * Functions that graphs of cuDNN apply to the results of a convolution, recognized by their values in whatever way they are
 * written. Numbers of a function are read off its values, and tried.
 */
import type { CallFunction } from "../device-node.js";
import { errorFunction } from "../language/evaluate.js";
import { isSame, type ValueOf } from "./known-functions.js";

/** Far out, where bounds show; no number of 16 bits is further. */
const FAR = 60_000;

/** Where an exponential is nothing any more, and a product with it neither. */
const DEEP = 40;

/** Largest relative difference of a number from the shorter one that is meant. */
const MEANT = 1e-6;

/** What a function is by definition. */
export function callFunctionValue({ name, numbers }: CallFunction): (x: number) => number {
  const [a = 0, b = 0] = numbers;
  switch (name) {
    case "relu":
      return (x) => Math.max(0, x);
    case "clip":
      return (x) => Math.min(b, Math.max(a, x));
    case "leaky-relu":
      return (x) => (x < 0 ? a * x : x);
    case "sigmoid":
      return sigmoid;
    case "hard-sigmoid":
      return (x) => Math.min(1, Math.max(0, a * x + b));
    case "silu":
      return (x) => x * sigmoid(a * x);
    case "hard-swish":
      return (x) => x * Math.min(1, Math.max(0, x / 6 + 1 / 2));
    case "tanh":
      return Math.tanh;
    case "gelu":
      return (x) => (x / 2) * (1 + errorFunction(x / Math.SQRT2));
    case "gelu-by-tanh":
      return (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case "elu":
      return (x) => (x < 0 ? a * Math.expm1(x) : x);
    case "softplus":
      return softplus;
    case "mish":
      return (x) => x * Math.tanh(softplus(x));
  }
}

/** The function of cuDNN that another is; `undefined` where cuDNN has none. Cost: that of 171 values. */
export function callFunctionOf(applied: ValueOf): CallFunction | undefined {
  return candidates(applied).find((each) => isSame(applied, callFunctionValue(each)));
}

/** What the function can be, by a few of its values. */
function candidates(applied: ValueOf): readonly CallFunction[] {
  const at = (x: number) => applied(x) ?? Number.NaN;
  const [low, high, zero, one] = [at(-FAR), at(FAR), at(0), at(1)];
  const plain = (
    ["relu", "sigmoid", "tanh", "gelu", "gelu-by-tanh", "softplus", "mish", "hard-swish"] as const
  ).map((name): CallFunction => ({ name, numbers: [] }));
  const bounds = [
    low > -FAR ? meant(low) : -Infinity,
    high < FAR ? meant(high) : Infinity,
  ] as const;
  const withNumbers: readonly CallFunction[] = [
    { name: "leaky-relu", numbers: [meant(-at(-1))] },
    { name: "silu", numbers: [meant(Math.log(one / (1 - one)))] },
    { name: "elu", numbers: [meant(-at(-DEEP))] },
    { name: "clip", numbers: bounds },
    { name: "hard-sigmoid", numbers: [meant((at(1 / 8) - zero) * 8), meant(zero)] },
  ];
  const isMeant = ({ name, numbers }: CallFunction) =>
    name === "clip"
      ? numbers.some(Number.isFinite) && !numbers.some(Number.isNaN)
      : numbers.every(Number.isFinite);
  return [...plain, ...withNumbers.filter(isMeant)];
}

/** The shortest decimal number that can be meant by one with the error of f32; it has seven digits at most. */
function meant(value: number): number {
  const shorter = [1, 2, 3, 4, 5, 6].map((digits) => Number(value.toPrecision(digits)));
  const found = shorter.find((short) => Math.abs(short - value) <= MEANT * Math.abs(value));
  return found ?? Number(value.toPrecision(7));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
