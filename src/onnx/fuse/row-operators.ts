import { productOf } from "../../core/product.js";
import type { OperatorId } from "../../ir/operator-graph.js";
import type { FusionIndex } from "./fusion-index.js";

const REDUCTION = /^Reduce(Mean|Sum|Max|Min|Prod|SumSquare|L1|L2|LogSum|LogSumExp)$/;

/** From an axis to the last dim. */
const TO_THE_END =
  /^(com\.microsoft:)?((Layer|SimplifiedLayer|RMS)Normalization|Skip(Simplified)?LayerNormalization)$/;

const ALONG_AN_AXIS = /^((Log)?Softmax|LpNormalization)$/;

/** How the elements of a tensor are rows: element `i` of row (`o`, `k`) is at (o * length + i) * inner + k. */
export interface Rows {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Whether two ways to cut a tensor into rows are the same. */
export function isSameCut(a: Rows, b: Rows): boolean {
  return a.outer === b.outer && a.length === b.length && a.inner === b.inner;
}

/** Rows along dims of `dims` that are next to each other; `undefined` for others, and for none. */
export function rowsAlong(dims: readonly number[], axes: readonly number[]): Rows | undefined {
  const places = axes
    .map((axis) => (axis < 0 ? axis + dims.length : axis))
    .filter((axis) => dims[axis] !== 1)
    .sort((a, b) => a - b);
  const [first] = places;
  const last = places.at(-1);
  if (first === undefined || last === undefined || last >= dims.length) {
    return undefined;
  }
  // Dims of one element between them do not matter.
  const between = dims.slice(first, last + 1).filter((size) => size !== 1).length;
  return between === places.length
    ? {
        outer: productOf(dims.slice(0, first)),
        length: productOf(dims.slice(first, last + 1)),
        inner: productOf(dims.slice(last + 1)),
      }
    : undefined;
}

/** Whether an operator reduces along rows: writes one element for each. */
export function isReduction(index: FusionIndex, id: OperatorId): boolean {
  return REDUCTION.test(index.operator(id).type);
}

/**
 * The rows along which an operator reduces or normalizes; `undefined` for operators that do neither, or
 * along dims that are not known or not next to each other.
 */
export function rowsOf(index: FusionIndex, id: OperatorId): Rows | undefined {
  const { type } = index.operator(id);
  const result = index.result(id);
  const [read] = index.operands(id);
  if (result === undefined || read === undefined || productOf(read.dims) === 0) {
    return undefined;
  }
  const { dims } = read;
  const axes = axesOf(index, id, type, dims);
  return axes === undefined ? undefined : rowsAlong(dims, axes);
}

function axesOf(
  index: FusionIndex,
  id: OperatorId,
  type: string,
  dims: readonly number[],
): readonly number[] | undefined {
  const from = (first: number): number[] =>
    dims.map((_, axis) => axis).slice(first < 0 ? first + dims.length : first);
  if (REDUCTION.test(type)) {
    return reducedAxes(index, id) ?? from(0);
  }
  if (TO_THE_END.test(type)) {
    return from(axisOf(index, id, -1));
  }
  if (ALONG_AN_AXIS.test(type)) {
    // Until version 13 the axis was the first of all that a row goes over.
    const isOld = type !== "LpNormalization" && index.opset < 13;
    return isOld ? from(axisOf(index, id, 1)) : [axisOf(index, id, -1)];
  }
  return type === "InstanceNormalization" ? from(2) : undefined;
}

function axisOf(index: FusionIndex, id: OperatorId, usual: number): number {
  const given = index.attribute(id, "axis");
  return given?.kind === "int" ? given.value : usual;
}

/** The axes of a reduction; `undefined`: all. An attribute, and in later versions an input. */
function reducedAxes(index: FusionIndex, id: OperatorId): readonly number[] | undefined {
  const given = index.attribute(id, "axes");
  if (given?.kind === "ints") {
    return given.value.length === 0 ? undefined : given.value;
  }
  const [, name = ""] = index.node(id).inputs;
  if (name === "") {
    return undefined;
  }
  const values = index.constant(name)?.values;
  // Axes that are not known are next to nothing.
  return values === undefined ? [Number.NaN] : values.length === 0 ? undefined : values;
}
