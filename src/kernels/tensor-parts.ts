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

/** Tensors whose channels are last in memory. */
export interface TurnedTensors {
  readonly tensors: ReadonlySet<TensorId>;
  /** Operators that read some channels of a larger one where they are. */
  readonly readers: ReadonlySet<OperatorId>;
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
 * with nothing but dims of one element in front of the axis, and each at a multiple of 16 bytes. Where channels are last in
 * memory: those of channels, each part at a multiple of 16 bytes of every place, and read by nothing that takes whole tensors alone.
 *
 * Cost: O(operators + tensors).
 */
export function partsOfTensors(
  lowered: LoweredModel,
  turned: TurnedTensors,
  bytesEach: (type: ElementType) => number | undefined,
): TensorParts {
  const { graph, merged } = lowered;
  const operators = new Set<OperatorId>();
  const joined = new Map<TensorId, TensorPart>();
  for (const id of lowered.fused?.inPlace ?? []) {
    const operator = present(graph.operators[id], "operator");
    const [whole] = operator.outputs;
    const parts = merged?.has(id) === true ? [] : partsInARow(lowered, operator, turned);
    if (whole === undefined || parts.length === 0) {
      continue;
    }
    const { dims, elementType } = present(graph.tensors[whole], "tensor");
    const bytes = bytesEach(elementType) ?? 0;
    // In elements, and where one after the other ends in memory or in each place.
    let end = 0;
    const isTurned = turned.tensors.has(whole);
    const offsets = parts.map((part) => {
      const own = present(graph.tensors[part], "tensor").dims;
      const offset = end * bytes;
      end += isTurned ? (own[1] ?? 0) : sizeOf(own);
      return offset;
    });
    const steps = isTurned ? [...offsets, (dims[1] ?? 0) * bytes] : offsets;
    if (steps.every((offset) => offset % ALIGNMENT === 0)) {
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
  { id, node, outputs }: Operator,
  { tensors, readers }: TurnedTensors,
): readonly TensorId[] {
  const { inputs, attributes } = present(model.graph.nodes[node], "node");
  const whole = present(outputs[0], "output");
  const { dims } = present(graph.tensors[whole], "tensor");
  const given = attributes.get("axis");
  const counted = given?.kind === "int" ? given.value : 1;
  const axis = counted < 0 ? counted + dims.length : counted;
  const isTurned = tensors.has(whole);
  if (isTurned ? axis !== 1 : sizeOf(dims.slice(0, axis)) !== 1) {
    return [];
  }
  const idOf = new Map(graph.tensors.map(({ name, id }) => [name, id]));
  const named = inputs.filter((name) => name !== "" && sizeOf(types.get(name)?.dims ?? []) > 0);
  const parts = named.flatMap((name) => idOf.get(viewOf.get(name) ?? name) ?? []);
  const isWhole = parts.every((part) => {
    const { producer, consumers } = present(graph.tensors[part], "tensor");
    const canBePart = consumers.every((reader) => reader === id || readers.has(reader));
    return (
      producer !== undefined &&
      merged?.has(producer) !== true &&
      tensors.has(part) === isTurned &&
      (canBePart || !isTurned)
    );
  });
  return isWhole && parts.length === named.length ? parts : [];
}
