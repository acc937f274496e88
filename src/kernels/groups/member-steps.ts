/** The operators of a group as steps of one kernel. */
import { present } from "../../core/invariant.js";
import type { Result } from "../../core/result.js";
import type { Operator, OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { DevicePlan } from "../device-node.js";
import type { Expression, StorageType } from "../language/expression.js";
import { type ModelIndex, type Operand, OperatorCall } from "../operator-call.js";
import {
  defined,
  ElementValues,
  type KernelStep,
  type Site,
  stored,
} from "../operators/element-values.js";
import { type ElementStep, elementwiseStep } from "../operators/elementwise.js";
import type { KernelBuffers } from "../operators/kernel-buffers.js";

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

/** The steps of operators behind a value, after a first one that is the value; and where the last one's result belongs. */
export function stepsBehind(
  index: ModelIndex,
  value: TensorId,
  members: readonly OperatorId[],
): { readonly steps: readonly KernelStep[]; readonly result: Operand | undefined } | undefined {
  const steps: KernelStep[] = [];
  const stepOf = new Map<TensorId, number>([[value, 0]]);
  let result: Operand | undefined;
  for (const id of members) {
    const own = elementwiseStep(callAt(index, id));
    const tensor = resultAt(index, id);
    if (own === undefined || tensor === undefined) {
      return undefined;
    }
    steps.push(kernelStep(own, stepOf));
    stepOf.set(tensor, steps.length);
    result = own.result;
  }
  return { steps, result };
}

/** What becomes of a value by such steps, rounded to memory's type before the first. */
export function finishedBy(
  steps: readonly KernelStep[],
  storage: StorageType,
  buffers: KernelBuffers,
): (value: Expression, site: Site) => Expression {
  return (value, site) => {
    const given = defined(site, "g", stored(storage, value));
    const all: KernelStep[] = [{ kind: "given", values: () => [given] }, ...steps];
    return present(new ElementValues(all, buffers).of(all.length - 1, site)[0], "value");
  };
}
