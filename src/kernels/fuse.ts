/**
 * Chains of element-wise operators that are computed in one kernel.
 *
 * An operator joins its reader's kernel when that is the only reader of its result and both have
 * the same shape: then the result never goes through memory, and there is one launch less.
 * Example: Add -> Relu -> Mul(., Sigmoid(.)) is one kernel, whose last operator launches it; the
 * others have no nodes. The schedule stays as it is: an operator without nodes passes its waits on
 * to its successors.
 */
import { present } from "../core/invariant.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import type { DevicePlan } from "./device-node.js";
import { type ChainStep, chainNodes } from "./operators/elementwise.js";

/** Most operators in a chain: registers hold all of its values. */
const MOST_STEPS = 16;

/** The number of operators that are computed by themselves. */
const NO_GROUP = -1;

/**
 * Returns the plans of operators that are part of chains; others are absent. `stepOf` returns an
 * operator's step if it is element-wise; chains are made of operators with the same number in `groupOf`.
 *
 * Cost: O(operators), times the length of chains.
 */
export function fuseChains(
  graph: OperatorGraph,
  stepOf: (operator: number) => ChainStep | undefined,
  groupOf: ArrayLike<number>,
): ReadonlyMap<number, DevicePlan> {
  const chains = new Map<number, Chain>();
  const absorbed = new Set<number>();
  for (const { id } of graph.operators) {
    const step = groupOf[id] === NO_GROUP ? undefined : stepOf(id);
    if (step === undefined) {
      continue;
    }
    const chain = chainTo(id, step, graph, chains, groupOf);
    chain.members.slice(0, -1).forEach((member) => {
      absorbed.add(member);
    });
    chains.set(id, chain);
  }
  const plans = new Map<number, DevicePlan>();
  for (const [operator, { steps }] of chains) {
    if (absorbed.has(operator)) {
      plans.set(operator, { nodes: [], scratchBytes: [] });
    } else if (steps.length > 1) {
      plans.set(operator, { nodes: chainNodes(steps), scratchBytes: [] });
    }
  }
  return plans;
}

interface Chain {
  readonly steps: readonly ChainStep[];
  /** Operators of the steps. */
  readonly members: readonly number[];
}

/** The operator's step, after those of the operands that join it. */
function chainTo(
  operator: number,
  step: ChainStep,
  graph: OperatorGraph,
  chains: ReadonlyMap<number, Chain>,
  groupOf: ArrayLike<number>,
): Chain {
  const steps: ChainStep[] = [];
  const members: number[] = [];
  const placeOf = new Map<number, number>();
  const from = step.formula.operands.map((operand): number | undefined => {
    const tensor = operand.place.kind === "tensor" ? graph.tensors[operand.place.id] : undefined;
    const producer = tensor?.producer;
    const chain = producer === undefined ? undefined : chains.get(producer);
    if (tensor === undefined || producer === undefined || chain === undefined) {
      return undefined;
    }
    const known = placeOf.get(producer);
    if (known !== undefined) {
      return known;
    }
    const result = present(chain.steps.at(-1), "last step").result;
    const isOnlyReader = tensor.consumers.length === 1 && tensor.consumers[0] === operator;
    const fits =
      isOnlyReader &&
      groupOf[producer] === groupOf[operator] &&
      !graph.outputs.includes(tensor.id) &&
      sameDims(result.dims, step.result.dims) &&
      sameDims(operand.dims, step.result.dims) &&
      steps.length + chain.steps.length < MOST_STEPS;
    if (!fits) {
      return undefined;
    }
    const offset = steps.length;
    for (const each of chain.steps) {
      const moved = each.from.map((at) => (at === undefined ? undefined : at + offset));
      steps.push({ ...each, from: moved });
    }
    members.push(...chain.members);
    placeOf.set(producer, steps.length - 1);
    return steps.length - 1;
  });
  return { steps: [...steps, { ...step, from }], members: [...members, operator] };
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
