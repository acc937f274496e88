/**
 * Attention as one launch: MatMul -> scale, mask -> Softmax -> MatMul, with the transposes around it.
 *
 * From a Softmax over the keys back to the product of queries and keys, and forward to the product
 * with the values, along values that nothing else reads; then what only arranges queries, keys and values in front of
 * the products (transposes, splits, scales by one number, repeated heads), and the transposition behind.
 *
 * Example: of BERT's attention stand Transpose, Transpose, Transpose, MatMul, Div, Add, Softmax, MatMul and Transpose, all
 * one launch. Keys that are also an output of the model (for a cache) are transposed by themselves.
 *
 * Source: kernels that keep the scores out of memory take head sizes up to 256 (Dao, FlashAttention-2,
 * arXiv 2307.08691); larger heads are left as they are.
 */
import { productOf } from "../../core/product.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { FusionIndex } from "./fusion-index.js";
import { rowsOf } from "./row-operators.js";

/** Products that are the two of attention. */
export const ATTENTION_PRODUCTS: ReadonlySet<string> = new Set([
  "MatMul",
  "Einsum",
  "com.microsoft:FusedMatMul",
  "com.microsoft:TransposeMatMul",
]);

/** What only arranges: its results are elements of its input in another order. */
const ARRANGING: ReadonlySet<string> = new Set([
  "Transpose",
  "Split",
  "Slice",
  "Gather",
  "Expand",
  "Cast",
]);

const SCALING: ReadonlySet<string> = new Set(["Mul", "Div"]);

/** Most operators between the scores and the softmax, and the softmax and the product after it. */
const MOST_BETWEEN = 8;

/** Largest head for which there are kernels: elements. */
export const LARGEST_HEAD = 256;

/** Makes the groups of attention. Order: of the softmaxes. Cost: O(V + E). */
export function addAttention(index: FusionIndex): void {
  for (const { id, type } of index.lowered.graph.operators) {
    const rows = type === "Softmax" ? rowsOf(index, id) : undefined;
    if (rows !== undefined && rows.inner === 1) {
      const core = coreAround(index, id, rows.length);
      if (core !== undefined) {
        index.add("attention", core.values, withArranging(index, core));
      }
    }
  }
}

/** The operators of attention from the scores to their product with the values. */
interface AttentionCore {
  readonly scores: OperatorId;
  readonly values: OperatorId;
  readonly members: readonly OperatorId[];
}

/** The core around a softmax over rows of `keys` elements. */
function coreAround(
  index: FusionIndex,
  softmax: OperatorId,
  keys: number,
): AttentionCore | undefined {
  const scored = index.operands(softmax)[0]?.tensor;
  const before = scored === undefined ? undefined : backToProduct(index, scored, softmax);
  const after = forwardToProduct(index, softmax);
  const scores = before?.at(-1);
  const values = after?.at(-1);
  if (before === undefined || after === undefined || scores === undefined || values === undefined) {
    return undefined;
  }
  const isFree = [...before, softmax, ...after].every((id) => index.isFree(id));
  return isFree &&
    isOverKeys(index, scores, values, keys) &&
    headOf(index, scores) <= LARGEST_HEAD &&
    headOf(index, values, true) <= LARGEST_HEAD
    ? { scores, values, members: [...before, softmax, ...after] }
    : undefined;
}

/**
 * Whether rows of `keys` elements are those of the scores, as the product makes them and as the other product
 * takes them. A view between them may have made rows of all queries, and a factor may be taken transposed.
 */
function isOverKeys(
  index: FusionIndex,
  scores: OperatorId,
  values: OperatorId,
  keys: number,
): boolean {
  const made = index.result(scores);
  return (
    made !== undefined &&
    index.dims(made).at(-1) === keys &&
    index.operands(values)[0]?.dims.at(-1) === keys &&
    sumsOverRows(index, values)
  );
}

/** Whether a product sums over the last dim of its left factor. */
function sumsOverRows(index: FusionIndex, id: OperatorId): boolean {
  const equation = index.attribute(id, "equation");
  if (equation?.kind === "string") {
    const [factors = "", sum] = equation.value.replaceAll(" ", "").split("->");
    const [left = "", right = ""] = factors.split(",");
    const last = left.at(-1) ?? "";
    return right.includes(last) && sum?.includes(last) !== true;
  }
  return ["transA", "transBatchA"].every((name) => {
    const given = index.attribute(id, name);
    return given?.kind !== "int" || given.value === 0;
  });
}

/** Inner dimension of a product, or with `isWidth` the columns of its result. */
function headOf(index: FusionIndex, id: OperatorId, isWidth = false): number {
  const [shape] = index.operator(id).products ?? [];
  return (isWidth ? shape?.n : shape?.k) ?? Number.POSITIVE_INFINITY;
}

/**
 * Operators back from a value that `reader` alone reads to the product that it is made of, each with the size
 * of the value; the product is the last.
 */
function backToProduct(
  index: FusionIndex,
  value: TensorId,
  reader: OperatorId,
  left: number = MOST_BETWEEN,
): readonly OperatorId[] | undefined {
  const id = index.producer(value);
  if (id === undefined || index.onlyReader(value) !== reader || !index.isFree(id)) {
    return undefined;
  }
  if (ATTENTION_PRODUCTS.has(index.operator(id).type)) {
    return isOfTwoTensors(index, id) ? [id] : undefined;
  }
  if (left === 0 || !index.isElementwise(id)) {
    return undefined;
  }
  for (const { tensor, dims } of index.operands(id)) {
    if (tensor !== undefined && productOf(dims) === index.size(value)) {
      const rest = backToProduct(index, tensor, id, left - 1);
      if (rest !== undefined) {
        return [id, ...rest];
      }
    }
  }
  return undefined;
}

/** Operators behind the softmax up to the product whose left factor the result is; it is the last. */
function forwardToProduct(
  index: FusionIndex,
  softmax: OperatorId,
): readonly OperatorId[] | undefined {
  const members: OperatorId[] = [];
  let value = index.result(softmax);
  while (value !== undefined && members.length <= MOST_BETWEEN) {
    const id = index.onlyReader(value);
    const result = id === undefined ? undefined : index.result(id);
    if (id === undefined || result === undefined || !index.isFree(id)) {
      return undefined;
    }
    members.push(id);
    if (ATTENTION_PRODUCTS.has(index.operator(id).type)) {
      const isLeft = index.operands(id)[0]?.tensor === value;
      return isLeft && isOfTwoTensors(index, id) ? members : undefined;
    }
    if (!index.isElementwise(id) || index.size(result) !== index.size(value)) {
      return undefined;
    }
    value = result;
  }
  return undefined;
}

function isOfTwoTensors(index: FusionIndex, id: OperatorId): boolean {
  const operands = index.operands(id);
  return operands.length === 2 && operands.every(({ tensor }) => tensor !== undefined);
}

/** The members with what arranges their factors in front, and with the transposition behind. */
function withArranging(
  index: FusionIndex,
  { scores, values, members }: AttentionCore,
): ReadonlySet<OperatorId> {
  const all = new Set(members);
  const behind = transpositionOf(index, values);
  if (behind !== undefined) {
    all.add(behind);
  }
  const factors = [...index.operands(scores), ...index.operands(values)];
  const waiting = new Set(factors.flatMap(({ tensor }) => index.producer(tensor) ?? []));
  while (waiting.size > 0) {
    const id = [...waiting].reduce((most, each) => (each > most ? each : most));
    waiting.delete(id);
    if (!all.has(id) && index.isFree(id) && isArranging(index, id) && index.isReadOnlyBy(id, all)) {
      all.add(id);
      for (const before of index.operator(id).predecessors) {
        waiting.add(before);
      }
    }
  }
  return all;
}

function transpositionOf(index: FusionIndex, values: OperatorId): OperatorId | undefined {
  const id = index.onlyReader(index.result(values));
  const isFree = id !== undefined && index.isFree(id);
  return isFree && index.operator(id).type === "Transpose" ? id : undefined;
}

/** Whether an operator moves elements of one tensor, or scales them by one number. */
function isArranging(index: FusionIndex, id: OperatorId): boolean {
  const { type } = index.operator(id);
  const operands = index.operands(id);
  const tensors = operands.filter(({ tensor }) => tensor !== undefined);
  const numbers = operands.filter(({ tensor }) => tensor === undefined);
  return (
    tensors.length === 1 &&
    operands[0]?.tensor !== undefined &&
    (ARRANGING.has(type) ||
      (SCALING.has(type) && numbers.every(({ dims }) => productOf(dims) === 1)))
  );
}
