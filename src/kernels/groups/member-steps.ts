/** The operators of a group as steps of one kernel. */
import { present } from "../../core/invariant.js";
import type { Result } from "../../core/result.js";
import type { Operator, OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { DevicePlan } from "../device-node.js";
import { type ModelIndex, OperatorCall } from "../operator-call.js";
import type { KernelStep } from "../operators/element-values.js";
import { type ElementStep, elementwiseStep } from "../operators/elementwise.js";

/** The plan of an operator by itself, or why it has none. */
export type PlanOf = (operator: Operator) => Result<DevicePlan, string>;

/** The call of an operator of the model. */
export function callAt(index: ModelIndex, id: OperatorId): OperatorCall {
  return new OperatorCall(present(index.lowered.graph.operators[id], "operator"), index);
}

/** The only tensor that an operator writes. */
export function resultAt({ lowered }: ModelIndex, id: OperatorId): TensorId | undefined {
  const { outputs } = present(lowered.graph.operators[id], "operator");
  return outputs.length === 1 ? outputs[0] : undefined;
}

/** Which step makes each tensor that is made inside of the kernel. */
export type StepOf = ReadonlyMap<TensorId, number>;

/** An element-wise operator as a step that takes what earlier steps have made. */
export function kernelStep({ formula, result }: ElementStep, stepOf: StepOf): KernelStep {
  const from = formula.operands.map(({ place }) =>
    place.kind === "tensor" ? stepOf.get(place.id) : undefined,
  );
  return { kind: "formula", formula, from, result };
}

/** Element-wise operators in a row, and what the last of them writes; `undefined` if one has no formula. */
export function elementSteps(
  index: ModelIndex,
  members: readonly OperatorId[],
): { readonly steps: readonly KernelStep[]; readonly last: ElementStep } | undefined {
  const stepOf = new Map<TensorId, number>();
  const steps: KernelStep[] = [];
  let last: ElementStep | undefined;
  for (const id of members) {
    const own = elementwiseStep(callAt(index, id));
    const result = resultAt(index, id);
    if (own === undefined || result === undefined) {
      return undefined;
    }
    steps.push(kernelStep(own, stepOf));
    stepOf.set(result, steps.length - 1);
    last = own;
  }
  return last && { steps, last };
}
