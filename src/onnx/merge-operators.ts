/** A lowered model in which some convolutions, and operators behind them, are merged. */
import { invariant, present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { contractGraph } from "../ir/contract-graph.js";
import {
  type Operator,
  type OperatorGraph,
  type OperatorId,
  operatorId,
  type TensorId,
} from "../ir/operator-graph.js";
import { verifyGraph } from "../ir/verify-graph.js";
import { withKernelList } from "./fuse/fuse-operators.js";
import type { LoweredModel, TensorType } from "./lowered-model.js";
import { MergeIndex } from "./merge-index.js";
import { type MergedOperator, mergedConstants } from "./merged-operator.js";

/** Operators, ascending, that become one, in the order in which their results follow each other. */
export type Merge = readonly OperatorId[];

/** A model with merges, and the merged operator of each original one. */
export interface MergedModel {
  readonly lowered: LoweredModel;
  /** Operator of the merged model, by operator of the model as it was. */
  readonly unitOf: Int32Array;
}

/**
 * Returns the model with each of `merges` as one operator, which has the name of its first member.
 *
 * The ONNX model is unchanged: only launches on a device are merged. Its kernel list is found anew. An element-wise merge must
 * read the joint outputs of another merge, which is among `merges` too.
 * Fails: with a reason when operators cannot be merged. Cost: O(V log V + E).
 */
export function mergeOperators(
  lowered: LoweredModel,
  merges: readonly Merge[],
  index: MergeIndex = new MergeIndex(lowered),
): Result<MergedModel, string> {
  const { graph } = lowered;
  const found = describeMerges(graph, merges, index);
  if (!found.ok) {
    return found;
  }
  const groupOf = Int32Array.from(graph.operators, ({ id }) => id);
  for (const merge of merges) {
    for (const id of merge) {
      groupOf[id] = present(merge[0], "first member");
    }
  }
  const contracted = contractGraph(graph, groupOf);
  const gone = merges.reduce((sum, merge) => sum + merge.length - 1, 0);
  const isWhole = contracted.graph.operators.length === graph.operators.length - gone;
  invariant(isWhole, "operators that read the same are on no path to each other");
  const types = new Map(lowered.types);
  const merged = new Map<OperatorId, MergedOperator>();
  const operators = [...contracted.graph.operators];
  merges.forEach((merge, at) => {
    const unit = operatorId(present(contracted.unitOf[merge[0] ?? 0], "unit"));
    const operator = present(operators[unit], "operator");
    const what = present(found.value[at], "merge");
    merged.set(unit, what);
    operators[unit] = { ...operator, inputs: inputsOf(operator, what), work: what.work };
    addConstants(operator.name, what, types, lowered);
  });
  const result = { ...contracted.graph, operators };
  const [problem] = verifyGraph(result);
  invariant(problem === undefined, `merged graph: ${problem ?? ""}`);
  const { fused, ...rest } = lowered;
  const own = { ...rest, graph: result, types, merged };
  return ok({
    lowered: fused === undefined ? own : withKernelList(own, fused.list),
    unitOf: contracted.unitOf,
  });
}

/** A merge with its merged operator. */
export interface DescribedMerge {
  readonly merge: Merge;
  readonly merged: MergedOperator;
}

/**
 * The merge of some convolutions, then that of the element-wise operators behind them if the
 * convolutions' outputs have no other readers, then of those behind these, and so on; empty when
 * the convolutions cannot be merged.
 */
export function mergesFrom(
  graph: OperatorGraph,
  convolutions: Merge,
  index: MergeIndex,
): readonly DescribedMerge[] {
  const merged = convolutions.length > 1 ? index.convolution(convolutions) : undefined;
  if (merged === undefined) {
    return [];
  }
  const found: DescribedMerge[] = [{ merge: convolutions, merged }];
  for (let merge = convolutions; merged.isJoint; ) {
    const outputs = outputsOf(graph, merge);
    const readers = outputs.map((id) => graph.tensors[id]?.consumers ?? []);
    const next = readers.flatMap((list) => (list.length === 1 ? list : []));
    const isAscending = next.every((id, i) => i === 0 || id > (next[i - 1] ?? 0));
    const following = isAscending ? index.elementwise(next, outputs) : undefined;
    if (following === undefined) {
      break;
    }
    found.push({ merge: next, merged: following });
    merge = next;
  }
  return found;
}

function describeMerges(
  graph: OperatorGraph,
  merges: readonly Merge[],
  index: MergeIndex,
): Result<readonly MergedOperator[], string> {
  const mergeOf = new Map<OperatorId, number>();
  for (const [at, merge] of merges.entries()) {
    for (const [i, id] of merge.entries()) {
      const isNext = i === 0 || id > (merge[i - 1] ?? 0);
      if (graph.operators[id] === undefined || mergeOf.has(id) || !isNext) {
        return fail(`${nameOf(graph, id)} is named twice, or not in the order of the model`);
      }
      mergeOf.set(id, at);
    }
  }
  const found = new Map<number, MergedOperator>();
  // In the order of the model, a merge comes behind the one that it reads from.
  const order = [...merges.keys()].sort((a, b) => (merges[a]?.[0] ?? 0) - (merges[b]?.[0] ?? 0));
  for (const at of order) {
    const merge = merges[at] ?? [];
    const source = mergeOf.get(producerOf(graph, merge[0]));
    const before = source === undefined ? undefined : found.get(source);
    const isJoint = before?.kind === "elementwise" || before?.isJoint === true;
    const outputs = isJoint ? outputsOf(graph, merges[source ?? -1] ?? []) : [];
    if (merge.length < 2) {
      return fail(`entry ${at} has fewer than two operators`);
    }
    const merged = index.convolution(merge) ?? index.elementwise(merge, outputs);
    if (merged === undefined) {
      const names = merge.map((id) => nameOf(graph, id)).slice(0, 3);
      return fail(`${names.join(", ")} cannot be one operator`);
    }
    found.set(at, merged);
  }
  return ok(merges.map((_, at) => present(found.get(at), "merge")));
}

/** The operator that writes the first input of an operator; -1 for an input of the graph. */
function producerOf(graph: OperatorGraph, id: OperatorId | undefined): OperatorId {
  const [input = -1] = graph.operators[id ?? -1]?.inputs ?? [];
  return operatorId(graph.tensors[input]?.producer ?? -1);
}

function outputsOf(graph: OperatorGraph, merge: Merge): TensorId[] {
  return merge.flatMap((id) => graph.operators[id]?.outputs ?? []);
}

/**
 * The parts of a convolution read one input; element-wise ones read the output of the merge before
 * them.
 */
function inputsOf(operator: Operator, { kind }: MergedOperator): Operator["inputs"] {
  return kind === "convolution" ? operator.inputs.slice(0, 1) : operator.inputs;
}

function addConstants(
  name: string,
  merged: MergedOperator,
  types: Map<string, TensorType>,
  lowered: LoweredModel,
): void {
  if (merged.kind !== "convolution") {
    return;
  }
  const { weight, bias } = mergedConstants(name);
  const [part] = merged.parts;
  const elementType = present(lowered.types.get(part?.weight ?? ""), "type of weights").elementType;
  types.set(weight, { elementType, dims: merged.weightDims });
  if (merged.parts.some((each) => each.bias !== undefined)) {
    types.set(bias, { elementType, dims: merged.weightDims.slice(0, 1) });
  }
}

function nameOf(graph: OperatorGraph, id: number): string {
  return `"${graph.operators[id]?.name ?? id}"`;
}
