import { present } from "../../core/invariant.js";
import type { OperatorId } from "../../ir/operator-graph.js";
import type { KernelGroup } from "../../onnx/kernel-groups.js";
import { type DevicePlan, inARow, planOf as ofOperators } from "../device-node.js";
import type { ModelIndex } from "../operator-call.js";
import { turnedCalls } from "../operators/turned-calls.js";
import { depthwiseGroup, type Surroundings } from "./depthwise-group.js";
import { elementGroup } from "./element-group.js";
import { graphCall } from "./graph-call.js";
import { extendedCall } from "./library-call.js";
import { type PlanOf, resultAt } from "./member-steps.js";
import { poolGroup } from "./pool-group.js";

/**
 * The launches of a convolution, product or pool with what stands around it: one kernel for the element-wise operators in
 * front, borders, the call or kernels of the operator itself, one kernel for the element-wise operators behind that the call does
 * not compute.
 *
 * `undefined` where element-wise operators cannot be one kernel. Cost: O(members).
 */
export function epilogueGroup(
  index: ModelIndex,
  { main, members }: KernelGroup,
  planOf: PlanOf,
): DevicePlan | undefined {
  const before = inFront(index, main, members);
  const isBorder = (id: OperatorId) => index.lowered.graph.operators[id]?.type === "Pad";
  const around: Surroundings = {
    front: [...before].filter((id) => !isBorder(id)),
    borders: [...before].filter(isBorder),
    behind: members.filter((id) => id !== main && !before.has(id)),
  };
  const nodes = depthwiseGroup(index, main, around) ?? poolGroup(index, main, around);
  if (nodes !== undefined) {
    return ofOperators(members, { nodes, scratchBytes: [] });
  }
  const plain = plainPlan(index, main, planOf);
  return plain && launchesInARow(index, main, around, plain, planOf);
}

/** What stands in front, the operator, what its own call does not compute of what stands behind. */
function launchesInARow(
  index: ModelIndex,
  main: OperatorId,
  { front, borders, behind }: Surroundings,
  plain: DevicePlan,
  planOf: PlanOf,
): DevicePlan | undefined {
  const { plan, members: called } = extendedCall(index, main, behind, plain);
  const left = behind.filter((id) => !called.includes(id));
  const operator = present(index.lowered.graph.operators[main], "operator");
  const call = turnedCalls(index, operator, plan);
  const kernel = elementPlan(index, left, planOf);
  const value = resultAt(index, called.at(-1) ?? main);
  const both =
    kernel && value !== undefined
      ? graphCall(index, call, { value, members: left, plan: kernel })
      : undefined;
  const plans = [
    elementPlan(index, front, planOf),
    ...borders.map((id) => elementPlan(index, [id], planOf)),
    ...(both === undefined
      ? [ofOperators([main, ...called], call), kernel]
      : [ofOperators([main, ...called, ...left], both)]),
  ];
  return plans.every((each) => each !== undefined) ? inARow(plans) : undefined;
}

/** The members that the main operator depends on. Order: of the operators. */
function inFront(
  { lowered }: ModelIndex,
  main: OperatorId,
  members: readonly OperatorId[],
): ReadonlySet<OperatorId> {
  const inside = new Set(members);
  const found = new Set<OperatorId>();
  const waiting = [main];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const before of present(lowered.graph.operators[id], "operator").predecessors) {
      if (inside.has(before) && !found.has(before)) {
        found.add(before);
        waiting.push(before);
      }
    }
  }
  return new Set(members.filter((id) => found.has(id)));
}

function plainPlan(
  { lowered }: ModelIndex,
  id: OperatorId,
  planOf: PlanOf,
): DevicePlan | undefined {
  const made = planOf(present(lowered.graph.operators[id], "operator"));
  return made.ok ? made.value : undefined;
}

function elementPlan(
  index: ModelIndex,
  members: readonly OperatorId[],
  planOf: PlanOf,
): DevicePlan | undefined {
  const [only] = members;
  if (only === undefined || members.length === 1) {
    const own = only === undefined ? inARow([]) : plainPlan(index, only, planOf);
    return own && ofOperators(members, own);
  }
  const nodes = elementGroup(index, members);
  return nodes && ofOperators(members, { nodes, scratchBytes: [] });
}
