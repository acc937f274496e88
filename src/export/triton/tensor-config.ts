/** Inputs and outputs of a model as Triton wants them declared. */
import { fail, ok, type Result } from "../../core/result.js";
import type { ElementType } from "../../ir/element-type.js";
import { tritonCannot } from "./failures.js";
import { message, type TextMessage } from "./text-proto.js";

/** An input or output: `undefined` sizes are open. */
export interface ServedTensor {
  readonly name: string;
  readonly elementType: ElementType | undefined;
  readonly dims: readonly (number | undefined)[] | undefined;
}

/** Triton's names of element types, for those that it has. */
const TYPES: Partial<Record<ElementType, string>> = {
  bool: "TYPE_BOOL",
  uint8: "TYPE_UINT8",
  uint16: "TYPE_UINT16",
  uint32: "TYPE_UINT32",
  uint64: "TYPE_UINT64",
  int8: "TYPE_INT8",
  int16: "TYPE_INT16",
  int32: "TYPE_INT32",
  int64: "TYPE_INT64",
  float16: "TYPE_FP16",
  bfloat16: "TYPE_BF16",
  float32: "TYPE_FP32",
  float64: "TYPE_FP64",
  string: "TYPE_STRING",
};

/**
 * The `ModelInput` or `ModelOutput` of a tensor; without its first dim if the model is batched.
 *
 * A tensor without dims is one of one element that is reshaped to none, because Triton wants one dim at least.
 * Fails: `export-triton-impossible` for a type that Triton does not have, and for unknown dims.
 */
export function tensorConfig(
  { name, elementType, dims }: ServedTensor,
  isBatched: boolean,
  model: string,
): Result<TextMessage> {
  const type = elementType === undefined ? undefined : TYPES[elementType];
  if (type === undefined || dims === undefined) {
    const what = elementType === undefined ? "is not a tensor" : `is of ${elementType}`;
    return fail([
      tritonCannot(
        `${model}: "${name}"`,
        type === undefined ? `${what}, which Triton cannot pass on` : "has no known number of dims",
      ),
    ]);
  }
  const sizes = dims.slice(isBatched ? 1 : 0).map((size) => size ?? -1);
  const isScalar = sizes.length === 0;
  return ok(
    message(
      ["name", name],
      ["data_type", { enum: type }],
      ["dims", isScalar ? [1] : sizes],
      isScalar ? ["reshape", message(["shape", []])] : undefined,
    ),
  );
}

/** As `tensorConfig`, of several: fields called `field`. */
export function tensorConfigs(
  field: "input" | "output",
  tensors: readonly ServedTensor[],
  isBatched: boolean,
  model: string,
): Result<readonly (readonly [typeof field, TextMessage])[]> {
  const fields: (readonly [typeof field, TextMessage])[] = [];
  for (const tensor of tensors) {
    const config = tensorConfig(tensor, isBatched, model);
    if (!config.ok) {
      return config;
    }
    fields.push([field, config.value]);
  }
  return ok(fields);
}
