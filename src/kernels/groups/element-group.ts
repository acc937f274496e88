import type { OperatorId } from "../../ir/operator-graph.js";
import type { DeviceNode } from "../device-node.js";
import { sizeOf } from "../language/layout.js";
import type { ModelIndex } from "../operator-call.js";
import type { KernelStep } from "../operators/element-values.js";
import { elementKernel } from "../operators/elementwise.js";
import { elementSteps } from "./member-steps.js";

/**
 * The one kernel of element-wise operators that end in one result; `undefined` if one of them has no formula, or
 * their results do not have the same number of elements. Cost: O(operators).
 */
export function elementGroup(
  index: ModelIndex,
  members: readonly OperatorId[],
): readonly DeviceNode[] | undefined {
  const all = elementSteps(index, members);
  const count = all && sizeOf(all.last.result.dims);
  return all?.steps.every((step) => isOfSize(step, count))
    ? elementKernel(`elements${members.length}`, all.steps, all.last.result)
    : undefined;
}

function isOfSize(step: KernelStep, count: number | undefined): boolean {
  return step.kind === "given" || sizeOf(step.result.dims) === count;
}
