/** Evaluators that move, cut, join and look up the elements of small constants. */

import { productOf } from "../../core/product.js";
import { permutation } from "../infer/reshaping.js";
import { padsOf, sliceAxes } from "../infer/slicing.js";
import type { Evaluator } from "./evaluator.js";
import { broadcastStrides, forEachPlace, gatherBy, positionOf, stridesOf } from "./indices.js";

/** The elements of input 0 as they are. */
export const same: Evaluator = ({ inputs }) => inputs[0]?.values;

/** `Transpose`. */
export const transpose: Evaluator = ({ call, inputs: [data], dims }) => {
  if (data === undefined) {
    return undefined;
  }
  const strides = stridesOf(data.dims);
  const order = permutation(call, data.dims.length).map((axis) => strides[axis] ?? 0);
  return gatherBy(dims, data.values, (at) => positionOf(at, order));
};

/** `Expand`. */
export const expand: Evaluator = ({ inputs: [data], dims }) => {
  const strides = data && broadcastStrides(data.dims, dims.length);
  return strides && gatherBy(dims, data.values, (at) => positionOf(at, strides));
};

/** `Tile`. */
export const tile: Evaluator = ({ inputs: [data], dims }) => {
  const strides = data && stridesOf(data.dims);
  return (
    strides &&
    gatherBy(dims, data.values, (at) =>
      positionOf(
        at.map((place, i) => place % (data.dims[i] ?? 1)),
        strides,
      ),
    )
  );
};

/** `Slice`. */
export const slice: Evaluator = ({ call, inputs: [data], dims }) => {
  const cuts = data && sliceAxes(call, data.dims);
  if (data === undefined || cuts === undefined) {
    return undefined;
  }
  const strides = [...stridesOf(data.dims)];
  let origin = 0;
  for (const { axis, start, step } of cuts) {
    origin += start * (strides[axis] ?? 0);
    strides[axis] = (strides[axis] ?? 0) * step;
  }
  return gatherBy(dims, data.values, (at) => origin + positionOf(at, strides));
};

/** `Concat`. */
export const concat: Evaluator = ({ call, inputs, dims }) => {
  const axis = call.axis(call.int("axis") ?? 1, dims.length) ?? 0;
  const result = new Array<number>(productOf(dims)).fill(0);
  const strides = stridesOf(dims);
  let offset = 0;
  for (const input of inputs.filter((each) => each !== undefined)) {
    forEachPlace(input.dims, (at, position) => {
      result[positionOf(at, strides) + offset * (strides[axis] ?? 1)] = input.values[position] ?? 0;
    });
    offset += input.dims[axis] ?? 0;
  }
  return result;
};

/** The part before this output is as long as the outputs before it. */
export const split: Evaluator = ({ call, inputs: [data], dims, output }) => {
  const axis = data && call.axis(call.int("axis") ?? 0, data.dims.length);
  const given = call.has(1) ? call.values(1) : call.ints("split");
  const size = axis === undefined ? undefined : data?.dims[axis];
  if (data === undefined || axis === undefined || size === undefined) {
    return undefined;
  }
  const each = Math.ceil(size / call.node.outputs.length);
  const start =
    given === undefined
      ? each * output
      : given.slice(0, output).reduce((sum, part) => sum + part, 0);
  const strides = stridesOf(data.dims);
  const origin = start * (strides[axis] ?? 0);
  return gatherBy(dims, data.values, (at) => origin + positionOf(at, strides));
};

/** `Gather`. */
export const gather: Evaluator = ({ call, inputs: [data, indices], dims }) => {
  const axis = data && call.axis(call.int("axis") ?? 0, data.dims.length);
  if (data === undefined || indices === undefined || axis === undefined) {
    return undefined;
  }
  const size = data.dims[axis] ?? 0;
  if (indices.values.some((index) => index < -size || index >= size)) {
    return call.refuse(`an index is outside [${-size}, ${size})`);
  }
  const strides = stridesOf(data.dims);
  const indexStrides = stridesOf(indices.dims);
  const rank = indices.dims.length;
  return gatherBy(dims, data.values, (at) => {
    const index = indices.values[positionOf(at.slice(axis, axis + rank), indexStrides)] ?? 0;
    const place = [
      ...at.slice(0, axis),
      index < 0 ? index + size : index,
      ...at.slice(axis + rank),
    ];
    return positionOf(place, strides);
  });
};

/** `GatherND` without batch dims. */
export const gatherNd: Evaluator = ({ call, inputs: [data, indices], dims }) => {
  if (data === undefined || indices === undefined || (call.int("batch_dims") ?? 0) !== 0) {
    return undefined;
  }
  const depth = indices.dims.at(-1) ?? 0;
  const strides = stridesOf(data.dims);
  const outer = indices.dims.length - 1;
  const outerStrides = stridesOf(indices.dims.slice(0, -1));
  return gatherBy(dims, data.values, (at) => {
    const base = positionOf(at, outerStrides) * depth;
    const tuple = wrapped(indices.values.slice(base, base + depth), data.dims);
    return positionOf([...tuple, ...at.slice(outer)], strides);
  });
};

function wrapped(tuple: readonly number[], dims: readonly number[]): readonly number[] {
  return tuple.map((index, i) => (index < 0 ? index + (dims[i] ?? 0) : index));
}

/** `ScatterND`: writes rows of `updates` to the places that `indices` name. */
export const scatterNd: Evaluator = ({ call, inputs: [data, indices, updates] }) => {
  const mode = call.text("reduction") ?? "none";
  if (data === undefined || indices === undefined || updates === undefined || mode !== "none") {
    return undefined;
  }
  const result = [...data.values];
  const depth = indices.dims.at(-1) ?? 0;
  const strides = stridesOf(data.dims);
  const row = productOf(data.dims.slice(depth));
  const rows = depth === 0 ? 0 : indices.values.length / depth;
  for (let i = 0; i < rows; i++) {
    const tuple = wrapped(indices.values.slice(i * depth, (i + 1) * depth), data.dims);
    const target = positionOf(tuple, strides);
    for (let j = 0; j < row && target + j < result.length; j++) {
      result[target + j] = updates.values[i * row + j] ?? 0;
    }
  }
  return result;
};

/** `ScatterElements` without a reduction. */
export const scatterElements: Evaluator = ({ call, inputs: [data, indices, updates] }) => {
  const mode = call.text("reduction") ?? "none";
  const axis = data && call.axis(call.int("axis") ?? 0, data.dims.length);
  if (data === undefined || indices === undefined || updates === undefined) {
    return undefined;
  }
  if (axis === undefined || mode !== "none") {
    return undefined;
  }
  const result = [...data.values];
  const strides = stridesOf(data.dims);
  forEachPlace(indices.dims, (at, position) => {
    const index = indices.values[position] ?? 0;
    const place = at.with(axis, index < 0 ? index + (data.dims[axis] ?? 0) : index);
    result[positionOf(place, strides)] = updates.values[position] ?? 0;
  });
  return result;
};

/** `Pad` with a constant. */
export const pad: Evaluator = ({ call, inputs: [data], dims }) => {
  const pads = data && padsOf(call, data.dims.length);
  const mode = call.text("mode") ?? "constant";
  if (data === undefined || pads === undefined || mode !== "constant") {
    return undefined;
  }
  const fill = (call.has(2) ? call.values(2)?.[0] : call.float("value")) ?? 0;
  const strides = stridesOf(data.dims);
  const result: number[] = [];
  forEachPlace(dims, (at) => {
    const place = at.map((coordinate, i) => coordinate - (pads[i] ?? 0));
    const isInside = place.every((index, i) => index >= 0 && index < (data.dims[i] ?? 0));
    result.push(isInside ? (data.values[positionOf(place, strides)] ?? 0) : fill);
  });
  return result;
};

/** `NonZero`. */
export const nonZero: Evaluator = ({ inputs: [data], dims }) => {
  if (data === undefined) {
    return undefined;
  }
  const places: (readonly number[])[] = [];
  forEachPlace(data.dims, (at, position) => {
    if (data.values[position] !== 0) {
      places.push([...at]);
    }
  });
  return Array.from({ length: dims[0] ?? 0 }, (_, axis) => axis).flatMap((axis) =>
    places.map((place) => place[axis] ?? 0),
  );
};

/** `Trilu`. */
export const trilu: Evaluator = ({ call, inputs: [data], dims }) => {
  const diagonal = call.has(1) ? (call.values(1)?.[0] ?? 0) : 0;
  const isUpper = call.int("upper") !== 0;
  const result: number[] = [];
  forEachPlace(dims, (at, position) => {
    const offset = (at.at(-1) ?? 0) - (at.at(-2) ?? 0);
    const isKept = isUpper ? offset >= diagonal : offset <= diagonal;
    result.push(isKept ? (data?.values[position] ?? 0) : 0);
  });
  return result;
};

/** The first output is input 0; the others stay unknown. */
export const firstOnly: Evaluator = (evaluation) =>
  evaluation.output === 0 ? same(evaluation) : undefined;
