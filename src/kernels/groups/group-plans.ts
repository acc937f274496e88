/**
 * The kernels and library calls of the groups of the kernel list.
 *
 * A group that is one kernel gets it; of one around a convolution, product or pool, what stands behind is one
 * kernel. Groups that cannot be made so have no plan here: their members are launched in a row.
 */
import { present } from "../../core/invariant.js";
import type { OperatorId } from "../../ir/operator-graph.js";
import type { KernelGroup } from "../../onnx/kernel-groups.js";
import { type DeviceNode, type DevicePlan, planOf as ofOperators } from "../device-node.js";
import type { ModelIndex } from "../operator-call.js";
import { attentionGroup } from "./attention-group.js";
import { elementGroup } from "./element-group.js";
import { epilogueGroup } from "./epilogue-group.js";
import type { PlanOf } from "./member-steps.js";
import { rowGroup } from "./row-group.js";

const NOTHING: DevicePlan = { nodes: [], scratchBytes: [] };

/**
 * The plans of the operators of groups: that of a group is its last member's, the others have no nodes. Groups whose members
 * cannot all run, or are not wanted, are left out. Cost: O(operators of groups).
 */
export function groupPlans(
  index: ModelIndex,
  isWanted: (id: OperatorId) => boolean,
  planOf: PlanOf,
): ReadonlyMap<OperatorId, DevicePlan> {
  const { graph, merged, fused } = index.lowered;
  const plans = new Map<OperatorId, DevicePlan>();
  for (const group of fused?.groups ?? []) {
    const { members } = group;
    const isPlain = members.every((id) => merged?.has(id) !== true);
    const canRun = members.every(
      (id) => isWanted(id) && planOf(present(graph.operators[id], "operator")).ok,
    );
    const plan = isPlain && canRun ? planOfGroup(index, group, planOf) : undefined;
    if (plan !== undefined) {
      for (const id of members) {
        plans.set(id, NOTHING);
      }
      plans.set(present(members.at(-1), "last member"), plan);
    }
  }
  return plans;
}

function planOfGroup(
  index: ModelIndex,
  group: KernelGroup,
  planOf: PlanOf,
): DevicePlan | undefined {
  switch (group.kind) {
    case "elements":
      return plan(group, elementGroup(index, group.members));
    case "normalization":
      return plan(group, rowGroup(index, group.members));
    case "epilogue":
      return epilogueGroup(index, group, planOf);
    case "attention":
      return plan(group, attentionGroup(index, group));
    case "merged":
      return undefined;
  }
}

function plan(
  { members }: KernelGroup,
  nodes: readonly DeviceNode[] | undefined,
): DevicePlan | undefined {
  return nodes && ofOperators(members, { nodes, scratchBytes: [] });
}
