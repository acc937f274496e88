/** Operators that convert between real and quantized numbers. */
import { elementTypeOf } from "../../ir/element-type.js";
import { broadcast } from "./broadcast.js";
import { tensor } from "./fact.js";
import type { InferRule } from "./node-call.js";

/** The type is that of the zero point, else `output_dtype`, else uint8. */
export const quantize: InferRule = (call) => {
  const attribute = call.int("output_dtype") ?? 0;
  const type = call.has(2) ? call.input(2).elementType : (elementTypeOf(attribute) ?? "uint8");
  return [tensor(type, call.dims(0))];
};

/** Output types of `DequantizeLinear`. */
export const dequantize: InferRule = (call) => {
  const attribute = call.int("output_dtype") ?? 0;
  return [tensor(elementTypeOf(attribute) ?? call.input(1).elementType, call.dims(0))];
};

/** Output types of `DynamicQuantizeLinear`. */
export const dynamicQuantize: InferRule = (call) => [
  tensor("uint8", call.dims(0)),
  tensor("float32", []),
  tensor("uint8", []),
];

/** Inputs a, its scale and zero point, b with the same, then the result's. */
export const quantizedBinary: InferRule = (call) => [
  tensor(call.input(0).elementType, broadcast(call, [call.dims(0), call.dims(3)])),
];

/** Condition, then x and y with scale and zero point each. */
export const quantizedWhere: InferRule = (call) => [
  tensor(call.input(1).elementType, broadcast(call, [call.dims(0), call.dims(1), call.dims(4)])),
];
