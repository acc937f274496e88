/** Conversions between real and quantized numbers. */
import {
  add,
  binary,
  convert,
  type Expression,
  literal,
  multiply,
  type StorageType,
  subtract,
  unary,
} from "../language/expression.js";

/** The least and largest value of an integer type that quantized tensors have. */
const RANGES: Readonly<Partial<Record<StorageType, readonly [number, number]>>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
};

/** The least and largest value of a quantized type; `undefined` for other types. */
export function quantizedRange(storage: StorageType): readonly [number, number] | undefined {
  return RANGES[storage];
}

/** The nearest stored number for `steps` (a real number over the scale), ties to even, within the range. */
export function saturated(
  steps: Expression,
  zero: Expression | undefined,
  [low, high]: readonly [number, number],
): Expression {
  const whole = unary("round", steps);
  const moved = zero === undefined ? whole : add(whole, convert("f32", zero));
  const bounded = binary("maximum", moved, literal("f32", low));
  return convert("i32", binary("minimum", bounded, literal("f32", high)));
}

/** The real number that a stored one stands for. */
export function dequantized(
  stored: Expression,
  scale: Expression,
  zero: Expression | undefined,
): Expression {
  const moved = zero === undefined ? stored : subtract(stored, convert(stored.type, zero));
  return multiply(convert("f32", moved), scale);
}
