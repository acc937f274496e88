/**
 * Turns operators into device nodes.
 *
 * Every operator type has a rule that returns kernels or library calls, or refuses it with a
 * reason. All refusals of a model are collected before anything starts.
 */
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { Operator, OperatorId } from "../ir/operator-graph.js";
import { groupOf } from "../onnx/kernel-groups.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { operatorTypeNamed } from "../onnx/operators/catalog.js";
import { channelsLastOf } from "./channels-last.js";
import { type DevicePlan, inARow, planOf } from "./device-node.js";
import { type RefusedOperator, unsupportedOperators } from "./failures.js";
import type { FoldedConstant } from "./folded-constant.js";
import { groupPlans } from "./groups/group-plans.js";
import { mergedNodes } from "./merged.js";
import {
  type EmitOptions,
  type EmitRule,
  type FloatStorage,
  ModelIndex,
  OperatorCall,
  type TensorLayout,
} from "./operator-call.js";
import { AFFINE_COPIES } from "./operators/affine-copy.js";
import { ATTENTION_RULES } from "./operators/attention-rules.js";
import { CONVOLUTION_RULES } from "./operators/convolution.js";
import { EINSUM_RULES } from "./operators/einsum.js";
import { ELEMENTWISE } from "./operators/elementwise.js";
import { ACTIVATION_RULES } from "./operators/fused-activations.js";
import { GRID_RULES } from "./operators/grid-sample.js";
import { GROUP_RULES } from "./operators/group-normalizations.js";
import { INTEGER_RULES } from "./operators/integer-products.js";
import { LOOKUPS } from "./operators/lookup.js";
import { MATRIX_RULES } from "./operators/matrix.js";
import { NORMALIZATION_RULES } from "./operators/normalizations.js";
import { PACKED_RULES } from "./operators/packed-weights.js";
import { PLACE_COPIES } from "./operators/place-copy.js";
import { POOLING_RULES } from "./operators/pooling.js";
import { RECURRENT_RULES } from "./operators/recurrent.js";
import { REDUCTION_RULES } from "./operators/reductions.js";
import { RESIZE_RULES } from "./operators/resize.js";
import { ROI_RULES } from "./operators/roi-align.js";
import { ROTARY_RULES } from "./operators/rotary.js";
import { ROW_CHOICES } from "./operators/row-choices.js";
import { ROW_NORMALIZATIONS } from "./operators/row-normalizations.js";
import { SCATTER_RULES } from "./operators/scatter.js";
import { TOP_K_RULES } from "./operators/top-k.js";
import { TRANSPOSED_RULES } from "./operators/transposed-convolution.js";
import { turnedCalls } from "./operators/turned-calls.js";
import { trafficPlan } from "./traffic.js";

const RULES: ReadonlyMap<string, EmitRule> = new Map(
  [
    ELEMENTWISE,
    AFFINE_COPIES,
    PLACE_COPIES,
    LOOKUPS,
    SCATTER_RULES,
    TOP_K_RULES,
    REDUCTION_RULES,
    NORMALIZATION_RULES,
    ROW_NORMALIZATIONS,
    GROUP_RULES,
    POOLING_RULES,
    RESIZE_RULES,
    MATRIX_RULES,
    EINSUM_RULES,
    INTEGER_RULES,
    PACKED_RULES,
    ROTARY_RULES,
    ROW_CHOICES,
    ACTIVATION_RULES,
    ATTENTION_RULES,
    GRID_RULES,
    ROI_RULES,
    CONVOLUTION_RULES,
    RECURRENT_RULES,
    TRANSPOSED_RULES,
  ].flatMap((table) => Object.entries(table)),
);

/** The reason for an operator type that could have device code but has none. */
const NO_KERNEL = "there is no kernel for this operator type";

/** The reason for an operator whose results have other sizes from run to run. */
const SIZE_BY_DATA = "its sizes depend on data, and memory is planned before";

/** Every operator type that runs on the device, sorted. */
export function deviceOperatorTypes(): readonly string[] {
  return [...RULES.keys()].sort();
}

/** The device nodes of every operator of a model. */
export interface EmittedModel {
  readonly lowered: LoweredModel;
  readonly floats: FloatStorage;
  readonly layout: TensorLayout;
  /** By operator id. */
  readonly plans: readonly DevicePlan[];
  /** Operators replaced by copies; empty unless asked for. */
  readonly estimated: readonly RefusedOperator[];
  /** Constants that are made of the model's, by name. */
  readonly folded: ReadonlyMap<string, FoldedConstant>;
}

/**
 * Returns the device nodes of all operators.
 *
 * Order: of the operators. Fails: `unsupported-operator`, once for all of them.
 * Cost: O(operators), times the rank of their tensors.
 */
export function emitModel(lowered: LoweredModel, options: EmitOptions): Result<EmittedModel> {
  const index = new ModelIndex(lowered, options, channelsLastOf(lowered, options));
  const refused: RefusedOperator[] = [];
  const estimated: RefusedOperator[] = [];
  const { only } = options;
  const isWanted = (id: OperatorId): boolean =>
    only === undefined || only.has(groupOf(lowered.fused, id)?.members.at(-1) ?? id);
  const fused = groupPlans(index, isWanted, (operator) => emitOperator(operator, index));
  const plans = lowered.graph.operators.map((operator): DevicePlan => {
    if (!isWanted(operator.id)) {
      return { nodes: [], scratchBytes: [] };
    }
    const ofGroup = fused.get(operator.id);
    if (ofGroup !== undefined) {
      return ofGroup;
    }
    const made = emitOperator(operator, index);
    if (made.ok) {
      return turnedCalls(index, operator, made.value);
    }
    const { id, type, name, form } = operator;
    const problem = { id, type, name, reason: made.error, isControlFlow: form === "control" };
    const standIn = options.estimateUnsupported
      ? trafficPlan(operator, lowered, options.floats)
      : undefined;
    (standIn === undefined ? refused : estimated).push(problem);
    return standIn ?? { nodes: [], scratchBytes: [] };
  });
  return refused.length > 0
    ? fail([unsupportedOperators(lowered.model.path, refused)])
    : ok({
        lowered,
        floats: options.floats,
        layout: index.layout,
        plans: plansOfGroups(lowered, plans),
        estimated,
        folded: index.folded,
      });
}

/** The plans with the nodes of each group at its last operator, which launches them one after the other. */
function plansOfGroups(
  { fused }: LoweredModel,
  plans: readonly DevicePlan[],
): readonly DevicePlan[] {
  const moved = [...plans];
  for (const { members } of fused?.groups ?? []) {
    const own = members.flatMap((id) => {
      const plan = present(plans[id], "plan");
      return plan.nodes.length === 0 ? [] : [planOf([id], plan)];
    });
    for (const id of members) {
      moved[id] = { nodes: [], scratchBytes: [] };
    }
    moved[present(members.at(-1), "last member")] = inARow(own);
  }
  return moved;
}

/** Whether a run may give its results other sizes than those of the run, or the bounds, that are planned for. */
function isByData({ outputs }: Operator, { graph, openDims, dataSizes }: LoweredModel): boolean {
  return (
    dataSizes.length > 0 &&
    outputs.some((id) => openDims.has(present(graph.tensors[id], "tensor").name))
  );
}

/** The device nodes of one operator, or the reason why there are none. */
function emitOperator(operator: Operator, index: ModelIndex): Result<DevicePlan, string> {
  const merged = index.lowered.merged?.get(operator.id);
  const rule: EmitRule | undefined =
    merged === undefined ? RULES.get(operator.type) : (call) => mergedNodes(call, merged, index);
  if (rule === undefined) {
    return fail(operatorTypeNamed(operator.type)?.gpuRefusal ?? NO_KERNEL);
  }
  if (isByData(operator, index.lowered)) {
    return fail(SIZE_BY_DATA);
  }
  if (index.isInPlace(operator.id)) {
    return ok({ nodes: [], scratchBytes: [] });
  }
  const op = new OperatorCall(operator, index);
  const nodes = rule(op);
  if (nodes === undefined || op.call.refusal !== undefined) {
    return fail(op.call.refusal ?? "it cannot be expressed");
  }
  return ok({ nodes, scratchBytes: op.scratchBytes });
}
