import { productOf } from "../core/product.js";
import { fail, ok, type Result } from "../core/result.js";
import { bytesOf } from "../ir/element-type.js";
import { weightsMissing } from "./failures.js";
import type { OnnxTensor, Payload } from "./model.js";

/** Bytes of a sparse tensor at most once it is dense: what a session takes. */
const MAX_DENSE_BYTES = 2 ** 31;

/**
 * The elements of a sparse tensor as a dense one has them: zero where it has none.
 *
 * Example: dims [2, 3], values 5 and 7 at the indices 1 and 5 (or [0, 1] and [1, 2]): 0 5 0 0 0 7.
 *
 * Fails: as `read`, `weights-missing` where the indices do not fit the dims and the values.
 * Source: ONNX, `onnx.proto`, SparseTensorProto.
 */
export function denseElements(
  { name, elementType, dims }: OnnxTensor,
  { values, indices }: Extract<Payload, { readonly kind: "sparse" }>,
  modelPath: string,
  read: (tensor: OnnxTensor) => Result<Uint8Array>,
): Result<Uint8Array> {
  const refused = (what: string): Result<never> => fail([weightsMissing(modelPath, name, what)]);
  const total = bytesOf(elementType, productOf(dims));
  const width = bytesOf(elementType, 1);
  if (total !== productOf(dims) * width || total > MAX_DENSE_BYTES || elementType === "string") {
    return refused("they are sparse, and too many or of a type that is not made dense here");
  }
  const given = read(values);
  const places = given.ok ? read(indices) : given;
  if (!given.ok || !places.ok) {
    return given.ok ? places : given;
  }
  const count = productOf(values.dims);
  const at = positionsOf(places.value, indices, dims, count);
  if (at === undefined || given.value.length !== count * width) {
    return refused("they are sparse, and their indices do not fit their dims and values");
  }
  const dense = new Uint8Array(total);
  at.forEach((position, i) => {
    dense.set(given.value.subarray(i * width, (i + 1) * width), position * width);
  });
  return ok(dense);
}

/** The places of the values among all elements; `undefined`: not one within the dims for each. */
function positionsOf(
  bytes: Uint8Array,
  indices: OnnxTensor,
  dims: readonly number[],
  count: number,
): readonly number[] | undefined {
  const isFlat = indices.dims.length === 1;
  const axes = isFlat ? [productOf(dims)] : dims;
  const isShaped = isFlat || (indices.dims.length === 2 && indices.dims[1] === dims.length);
  if (indices.elementType !== "int64" || !isShaped || indices.dims[0] !== count) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const positions: number[] = [];
  for (let i = 0; i < count; i++) {
    let position = 0;
    for (const [axis, size] of axes.entries()) {
      const index = Number(view.getBigInt64((i * axes.length + axis) * 8, true));
      if (index < 0 || index >= size) {
        return undefined;
      }
      position = position * size + index;
    }
    positions.push(position);
  }
  return positions;
}
