/** Normalizations with more than one output; the others keep the type of their first input. */
import { elementTypeOf } from "../../ir/element-type.js";
import { like } from "./elementwise.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule } from "./node-call.js";

/** Running statistics follow the data in training only; their sizes are those of the scale. */
export const batchNormalization: InferRule = (call) => {
  const [x, scale] = [call.input(0), call.input(1)];
  const channels = x.dims?.length === 1 ? 1 : x.dims?.[1];
  const size = scale.dims?.[0];
  if (channels !== undefined && size !== undefined && channels !== size) {
    call.refuse(`the input has ${channels} channels, the scale ${size}`);
  }
  const statistic = tensor(call.input(3).elementType ?? scale.elementType, scale.dims);
  return [like(x), statistic, statistic, statistic, statistic];
};

function statisticsDims(dims: KnownDims | undefined, axis: number): KnownDims | undefined {
  return dims?.map((dim, i) => (i < axis ? dim : 1));
}

/** Outputs: normalized, mean, inverse standard deviation; the latter with 1 from `axis` on. */
export const layerNormalization: InferRule = (call) => {
  const x = call.input(0);
  const axis = x.dims && call.axis(call.int("axis") ?? -1, x.dims.length);
  const dims = axis === undefined ? undefined : statisticsDims(x.dims, axis);
  const statistic = tensor(elementTypeOf(call.int("stash_type") ?? 1), dims);
  return [like(x), statistic, statistic];
};

/** Input, skip, gamma, ...; the fourth output is the sum before normalization. */
export const skipLayerNormalization: InferRule = (call) => {
  const x = call.input(0);
  const dims = statisticsDims(x.dims, (x.dims?.length ?? 1) - 1);
  const statistic = tensor("float32", dims);
  return [like(x), statistic, statistic, like(x)];
};

/** Input, gamma, beta, skip, bias; the second output is the sum before normalization. */
export const skipGroupNormalization: InferRule = (call) => {
  const x = like(call.input(0));
  return [x, x];
};
