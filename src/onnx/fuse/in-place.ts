/** Concatenations that cost nothing: each part is written where it belongs by the kernel that makes it. */
import { productOf } from "../../core/product.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { MergedOperator } from "../merged-operator.js";
import type { FusionIndex, FusionOperand } from "./fusion-index.js";

const CONCAT = "Concat";

/** Forms of operators whose kernels write to any place with any distance of rows. */
const WRITING: ReadonlySet<string> = new Set(["element", "rows", "window", "product", "movement"]);

/**
 * The concatenations whose parts are all written in place: different tensors, each the only result of an operator
 * that is no such concatenation itself, not an output of the model, and part of one concatenation alone.
 *
 * Order: of the operators, so of two that share a part the first is in place.
 */
export function concatenationsInPlace(index: FusionIndex): ReadonlySet<OperatorId> {
  const found = new Set<OperatorId>();
  const placed = new Set<TensorId>();
  for (const { id, type } of index.lowered.graph.operators) {
    const parts = type === CONCAT && index.isFree(id) ? partsOf(index, id) : [];
    const isFirst = parts.every((part) => {
      const producer = index.producer(part);
      return !placed.has(part) && producer !== undefined && !found.has(producer);
    });
    if (parts.length > 0 && isFirst) {
      found.add(id);
      for (const part of parts) {
        placed.add(part);
      }
    }
  }
  return found;
}

/** The parts, if each can be written where it belongs; else none. */
function partsOf(index: FusionIndex, id: OperatorId): readonly TensorId[] {
  const operands = index.operands(id).filter(({ dims }) => productOf(dims) > 0);
  const given = index.attribute(id, "axis");
  const axis = given?.kind === "int" ? given.value : 1;
  const parts = operands.flatMap(({ tensor }) => tensor ?? []);
  const isWhole =
    parts.length === operands.length &&
    new Set(parts).size === parts.length &&
    operands.every((operand) => hasRows(index, operand, axis));
  return isWhole && parts.every((part, at) => isWritten(index, part, parts, at)) ? parts : [];
}

/** Whether a part, at a place among all parts, can be written there. */
function isWritten(
  index: FusionIndex,
  part: TensorId,
  parts: readonly TensorId[],
  at: number,
): boolean {
  const producer = index.producer(part);
  if (producer === undefined || index.isOutput(part)) {
    return false;
  }
  const { outputs, form } = index.operator(producer);
  const first = at - outputs.indexOf(part);
  // Results of merged operators are neighbors in memory, in their order, and stay so.
  const isInOrder = outputs.every((output, offset) => parts[first + offset] === output);
  const mayBeMany = isJoint(index.lowered.merged?.get(producer));
  return WRITING.has(form) && isInOrder && (outputs.length === 1 || mayBeMany);
}

function isJoint(merged: MergedOperator | undefined): boolean {
  return merged?.kind === "elementwise" || merged?.isJoint === true;
}

/** Whether what a concatenation takes of a part at once is a row of it as it is written, which a view may hide. */
function hasRows(index: FusionIndex, { dims, tensor }: FusionOperand, axis: number): boolean {
  const outer = productOf(dims.slice(0, axis < 0 ? axis + dims.length : axis));
  let before = 1;
  return (
    outer === 1 ||
    (tensor !== undefined &&
      index.dims(tensor).some((size) => {
        before *= size;
        return before === outer;
      }))
  );
}
