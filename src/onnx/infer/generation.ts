/** Operators that make tensors out of attributes or shapes. */
import { elementTypeOf } from "../../ir/element-type.js";
import { tensorFact } from "../tensor-values.js";
import { dimsOfRank, type Fact, tensor, UNKNOWN, VALUE_LIMIT } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Output types of `Constant`. */
export const constantNode: InferRule = (call) => {
  const value = call.tensor("value");
  if (value !== undefined) {
    return [{ ...tensorFact(value), isConstant: true }];
  }
  const fact =
    numbers("int64", call.int("value_int"), call.ints("value_ints")) ??
    numbers("float32", call.float("value_float"), call.floats("value_floats")) ??
    strings(call);
  return [{ ...fact, isConstant: true }];
};

function numbers(
  type: "int64" | "float32",
  one: number | undefined,
  many: readonly number[] | undefined,
): Fact | undefined {
  const values = one === undefined ? many : [one];
  return (
    values && {
      elementType: type,
      dims: one === undefined ? [values.length] : [],
      values: values.length <= VALUE_LIMIT ? values : undefined,
      isConstant: true,
    }
  );
}

function strings(call: NodeCall): Fact {
  const many = call.attribute("value_strings", "strings")?.value;
  if (many !== undefined) {
    return tensor("string", [many.length]);
  }
  return call.text("value_string") === undefined ? UNKNOWN : tensor("string", []);
}

/** Zeros unless attribute `value` gives another element. */
export const constantOfShape: InferRule = (call) => {
  const type = call.tensor("value")?.elementType ?? "float32";
  const dims = call.values(0);
  if (dims?.some((dim) => dim < 0)) {
    call.refuse(`shape [${dims.join(",")}] has a negative size`);
  }
  return [tensor(type, dims ?? dimsOfRank(call.dims(0)?.[0]))];
};

/** Output types of `Range`. */
export const range: InferRule = (call) => {
  const [start, limit, step] = [call.values(0)?.[0], call.values(1)?.[0], call.values(2)?.[0]];
  const type = call.input(0).elementType;
  if (start === undefined || limit === undefined || step === undefined) {
    return [tensor(type, [undefined])];
  }
  if (step === 0) {
    call.refuse("the step is 0");
  }
  return [tensor(type, [Math.max(0, Math.ceil((limit - start) / step))])];
};

/** Output types of `EyeLike`. */
export const eyeLike: InferRule = (call) => [
  tensor(dtypeOr(call, call.input(0).elementType), call.dims(0)),
];

/** Output types of `RandomNormal`. */
export const random: InferRule = (call) => [tensor(dtypeOr(call, "float32"), call.ints("shape"))];

/** Output types of `RandomNormalLike`. */
export const randomLike: InferRule = (call) => [
  tensor(dtypeOr(call, call.input(0).elementType), call.dims(0)),
];

/** Output types of `Multinomial`. */
export const multinomial: InferRule = (call) => [
  tensor(dtypeOr(call, "int32"), call.dims(0) && [call.dims(0)?.[0], call.int("sample_size") ?? 1]),
];

function dtypeOr(call: NodeCall, fallback: Fact["elementType"]): Fact["elementType"] {
  const dtype = call.int("dtype");
  return dtype === undefined ? fallback : elementTypeOf(dtype);
}

/** Signal windows of `size` points. */
export const window: InferRule = (call) => [
  tensor(elementTypeOf(call.int("output_datatype") ?? 1), [call.values(0)?.[0]]),
];
