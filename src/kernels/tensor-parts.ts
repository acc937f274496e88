/**
 * Tensors that do not begin where memory does: parts of a concatenation that are written where they belong, and results of
 * merged operators, which follow each other.
 */
import { present } from "../core/invariant.js";
import type { ElementType } from "../ir/element-type.js";
import type { Operator, OperatorId, TensorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { sizeOf } from "./language/layout.js";

/** Bytes of which each part begins at a multiple: what libraries expect of the tensors that they are given. */
const ALIGNMENT = 16;

/** A tensor as part of another one. */
export interface TensorPart {
  readonly whole: TensorId;
  /** Bytes from its start. */
  readonly offset: number;
}

/** What is known of such tensors. */
export interface TensorParts {
  /** Concatenations that have no work. */
  readonly operators: ReadonlySet<OperatorId>;
  readonly joined: ReadonlyMap<TensorId, TensorPart>;
  /** Results of merged operators but the first of each. */
  readonly inRows: ReadonlySet<TensorId>;
}

/**
 * Finds them. Of the concatenations that the kernel list has in place, those whose parts lie in memory one after the other:
 * with nothing but dims of one element in front of the axis, and each at a multiple of 16 bytes; none whose channels are
 * last in memory.
 *
 * Cost: O(operators + tensors).
 */
export function partsOfTensors(
  lowered: LoweredModel,
  channelsLast: ReadonlySet<TensorId>,
  bytesEach: (type: ElementType) => number | undefined,
): TensorParts {
  const { graph, merged } = lowered;
  const operators = new Set<OperatorId>();
  const isApart = (id: TensorId) => channelsLast.has(id);
  const joined = new Map<TensorId, TensorPart>();
  for (const id of lowered.fused?.inPlace ?? []) {
    const operator = present(graph.operators[id], "operator");
    const [whole] = operator.outputs;
    const parts = merged?.has(id) === true ? [] : partsInARow(lowered, operator);
    if (whole === undefined || parts.length === 0 || [whole, ...parts].some(isApart)) {
      continue;
    }
    let end = 0;
    const offsets = parts.map((part) => {
      const { dims, elementType } = present(graph.tensors[part], "tensor");
      const offset = end;
      end += sizeOf(dims) * (bytesEach(elementType) ?? 0);
      return offset;
    });
    if (offsets.every((offset) => offset % ALIGNMENT === 0)) {
      operators.add(id);
      for (const [at, part] of parts.entries()) {
        joined.set(part, { whole, offset: present(offsets[at], "offset") });
      }
    }
  }
  const inRows = new Set<TensorId>();
  for (const id of merged?.keys() ?? []) {
    for (const output of graph.operators[id]?.outputs.slice(1) ?? []) {
      inRows.add(output);
    }
  }
  return { operators, joined, inRows };
}

/** The tensors that a concatenation joins, if they follow each other; else none. */
function partsInARow(
  { graph, model, types, viewOf, merged }: LoweredModel,
  { node, outputs }: Operator,
): readonly TensorId[] {
  const { inputs, attributes } = present(model.graph.nodes[node], "node");
  const { dims } = present(graph.tensors[outputs[0] ?? -1], "tensor");
  const given = attributes.get("axis");
  const axis = given?.kind === "int" ? given.value : 1;
  if (sizeOf(dims.slice(0, axis < 0 ? axis + dims.length : axis)) !== 1) {
    return [];
  }
  const idOf = new Map(graph.tensors.map(({ name, id }) => [name, id]));
  const named = inputs.filter((name) => name !== "" && sizeOf(types.get(name)?.dims ?? []) > 0);
  const parts = named.flatMap((name) => idOf.get(viewOf.get(name) ?? name) ?? []);
  const isWhole = parts.every((part) => {
    const producer = graph.tensors[part]?.producer;
    return producer !== undefined && merged?.has(producer) !== true;
  });
  return isWhole && parts.length === named.length ? parts : [];
}
