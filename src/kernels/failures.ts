/** Failures of making device code. */
import type { Failure } from "../core/failure.js";
import type { OperatorId } from "../ir/operator-graph.js";

/** An operator that has no device code. */
export interface RefusedOperator {
  readonly id: OperatorId;
  readonly type: string;
  readonly name: string;
  readonly reason: string;
  /** It has no stand-in. */
  readonly isControlFlow: boolean;
}

/** Most nodes of one type that a message names. */
const NAMED_NODES = 3;

/** Operators of the model that cannot run on a GPU, in one failure. */
export function unsupportedOperators(model: string, refused: readonly RefusedOperator[]): Failure {
  return {
    code: "unsupported-operator",
    message: `operators that cannot run on a GPU: ${describeRefused(refused)}`,
    where: model,
    hint: refused.some((each) => each.isControlFlow)
      ? "control flow cannot be captured in a CUDA graph; export the model without it"
      : "--estimate-unsupported puts copies of their bytes in their place, for estimates only",
    exit: 1,
  };
}

/** `NonMaxSuppression x1 (node "nms": reason); ...`, types in the order in which they appear. */
export function describeRefused(refused: readonly RefusedOperator[]): string {
  const byType = new Map<string, RefusedOperator[]>();
  for (const each of refused) {
    const same = byType.get(each.type) ?? [];
    same.push(each);
    byType.set(each.type, same);
  }
  return [...byType].map(([type, list]) => `${type} x${list.length} (${nodesOf(list)})`).join("; ");
}

function nodesOf(list: readonly RefusedOperator[]): string {
  const shown = list.slice(0, NAMED_NODES).map(({ name, reason }) => `node "${name}": ${reason}`);
  const more = list.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
