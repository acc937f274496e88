import type { OperatorId } from "../../ir/operator-graph.js";
import type { FusionIndex } from "./fusion-index.js";

/**
 * Makes groups of merged convolutions and the merged element-wise operators behind them: the epilogues of all
 * parts are alike, so they are that of the whole. Order: of the operators.
 */
export function addMergedLaunches(index: FusionIndex): void {
  const { merged } = index.lowered;
  for (const [id, what] of merged ?? []) {
    if (what.kind === "convolution" && what.isJoint) {
      const members = [id];
      for (let next = behind(index, id); next !== undefined; next = behind(index, next)) {
        members.push(next);
      }
      index.add("merged", id, members);
    }
  }
}

/** The merged element-wise operator that alone reads all that an operator writes. */
function behind(index: FusionIndex, id: OperatorId): OperatorId | undefined {
  const [next, ...others] = index.operator(id).successors;
  const isNext =
    next !== undefined &&
    others.length === 0 &&
    index.lowered.merged?.get(next)?.kind === "elementwise" &&
    index.isReadOnlyBy(id, new Set([next]));
  return isNext ? next : undefined;
}
