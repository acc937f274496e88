/**
 * Tensors whose channels are last in memory.
 *
 * Tensor cores take the channels of a place together, so a library that is given rows turns inputs, filters and results in
 * kernels of its own around every convolution. What convolutions exchange is kept turned instead, through the element-wise
 * operators, pools and concatenations between them. A tensor is turned if all that touches it can take it so; at the
 * border a convolution copies what it reads or writes (`operators/turned-calls.ts`), and element-wise kernels read either order.
 */
import { present } from "../core/invariant.js";
import type { Operator, OperatorId, TensorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { isFlat } from "./language/layout.js";
import type { EmitOptions } from "./operator-call.js";
import { ELEMENTWISE } from "./operators/elementwise.js";
import type { TurnedTensors } from "./tensor-parts.js";

/** Dims of [N, C, H, W]. */
const RANK = 4;

const POOLS: ReadonlySet<string> = new Set(["MaxPool", "AveragePool", "LpPool"]);

/** Operators that make one value of each channel, of everything along the spatial dims. */
const WHOLE_POOLS: ReadonlySet<string> = new Set(["GlobalAveragePool", "GlobalMaxPool"]);

/**
 * The tensors whose channels are last; none where `options` have rows.
 *
 * Never inputs and outputs of the model, views of other dims, or what has the same bytes in both orders. Cost: O(operators + tensors).
 */
export function channelsLastOf(
  lowered: LoweredModel,
  { layout }: Pick<EmitOptions, "layout">,
): TurnedTensors {
  if (layout !== "channels-last") {
    return { tensors: new Set(), readers: new Set() };
  }
  const { graph } = lowered;
  const seen = viewedOtherwise(lowered);
  const outputs = new Set(graph.outputs);
  const takes = graph.operators.map((operator) => canTake(lowered, operator));
  const tensors = graph.tensors.filter(({ id, dims, elementType, producer, consumers }) => {
    const isFloat = elementType === "float32" || elementType === "float16";
    const isInside = producer !== undefined && !outputs.has(id) && !seen.has(id);
    const isOfPlaces = dims.length === RANK && !isFlat(dims);
    const touching = [producer ?? -1, ...consumers];
    return isFloat && isInside && isOfPlaces && touching.every((each) => takes[each] === true);
  });
  const readers = graph.operators.filter(({ type }) => isElementwise(type) || POOLS.has(type));
  return {
    tensors: new Set(tensors.map(({ id }) => id)),
    readers: new Set(readers.map(({ id }) => id)),
  };
}

function isElementwise(type: string): boolean {
  return ELEMENTWISE[type] !== undefined;
}

/** Tensors that something sees under other dims. */
function viewedOtherwise({ graph, viewOf, types }: LoweredModel): ReadonlySet<TensorId> {
  const idOf = new Map(graph.tensors.map(({ name, id }) => [name, id]));
  const seen = new Set<TensorId>();
  for (const [name, of] of viewOf) {
    const id = idOf.get(of);
    const own = types.get(name)?.dims.join();
    if (id !== undefined && own !== present(graph.tensors[id], "tensor").dims.join()) {
      seen.add(id);
    }
  }
  return seen;
}

/** Whether what computes an operator takes tensors of either order. */
function canTake(lowered: LoweredModel, operator: Operator): boolean {
  const { fused, merged } = lowered;
  const group = fused?.groups[fused.groupOf[operator.id] ?? -1];
  const members = group?.members ?? [operator.id];
  const isKnown = group === undefined || group.kind === "elements" || group.kind === "epilogue";
  const others = members.filter((id) => !isElementwise(lowered.graph.operators[id]?.type ?? ""));
  const main = others.length > 0 ? others : [group?.main ?? operator.id];
  const sizes = new Set(main.flatMap((id) => sizesOf(lowered, id)));
  return (
    isKnown &&
    members.every((id) => {
      const member = present(lowered.graph.operators[id], "operator");
      return (
        merged?.has(id) !== true &&
        (isElementwise(member.type) ? hasSize(lowered, member, sizes) : isTurnable(lowered, member))
      );
    })
  );
}

/** The dims of what an operator writes, and of what it reads first. */
function sizesOf({ graph }: LoweredModel, id: OperatorId): readonly string[] {
  const { inputs, outputs } = present(graph.operators[id], "operator");
  return [...outputs, ...inputs].map((each) => present(graph.tensors[each], "tensor").dims.join());
}

function hasSize(
  { graph }: LoweredModel,
  { outputs }: Operator,
  sizes: ReadonlySet<string>,
): boolean {
  return outputs.every((id) => {
    const { dims } = present(graph.tensors[id], "tensor");
    return dims.length === RANK && sizes.has(dims.join());
  });
}

/** Whether an operator that is not element-wise takes tensors of either order. */
function isTurnable(lowered: LoweredModel, { type, node, outputs }: Operator): boolean {
  const { inputs, attributes } = present(lowered.model.graph.nodes[node], "node");
  const dims = lowered.types.get(inputs[0] ?? "")?.dims ?? [];
  if (dims.length !== RANK || outputs.length !== 1) {
    return false;
  }
  if (type === "ReduceMean") {
    const axes = attributes.get("axes");
    const given =
      axes?.kind === "ints" ? axes.value : lowered.constants.get(inputs[1] ?? "")?.values;
    const wanted = given?.map((axis) => (axis < 0 ? axis + RANK : axis)).sort();
    return wanted?.join() === "2,3";
  }
  return (
    type === "Conv" ||
    type === "Concat" ||
    type === "Pad" ||
    POOLS.has(type) ||
    WHOLE_POOLS.has(type)
  );
}
