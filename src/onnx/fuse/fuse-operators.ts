/**
 * The kernel list of a model: which operators are computed together, in one launch.
 *
 * Pattern by pattern, the most special first (docs/fusion.md): attention, operators with an epilogue, then
 * regions of rows and elements out of what is left, then concatenations in place. A group ends in one operator,
 * which launches it; what the others write is read inside alone. So no way leads out of a group and back, and the graph of
 * groups is as free of cycles as that of operators.
 *
 * The operators stay as they are: a schedule names all of them, and those that another one computes launch nothing.
 */
import type { OperatorId } from "../../ir/operator-graph.js";
import type { FusionList, KernelGroup, KernelGroups } from "../kernel-groups.js";
import type { LoweredModel } from "../lowered-model.js";
import { addAttention } from "./attention.js";
import { addEpilogues } from "./epilogues.js";
import { FusionIndex } from "./fusion-index.js";
import { concatenationsInPlace } from "./in-place.js";
import { addMergedLaunches } from "./merged-launches.js";
import { addRegions } from "./regions.js";

/**
 * The model with its groups, found anew; with the list `none` there are none.
 *
 * Cost: O((V + E) x operators of a group).
 */
export function withKernelList(lowered: LoweredModel, list: FusionList): LoweredModel {
  const { fused: _, ...plain } = lowered;
  return list === "none" ? plain : { ...plain, fused: groupsOf(plain, list) };
}

/**
 * The model with the groups whose members are all of one stage, by operator; members of the others are
 * launches of their own. Cost: O(V).
 */
export function withoutCutGroups(lowered: LoweredModel, stageOf: ArrayLike<number>): LoweredModel {
  const { fused } = lowered;
  if (fused === undefined) {
    return lowered;
  }
  const groups = fused.groups.filter(({ members }) =>
    members.every((id) => stageOf[id] === stageOf[members[0] ?? id]),
  );
  const groupOf = numbersOf(groups, lowered.graph.operators.length);
  return { ...lowered, fused: { ...fused, groups, groupOf } };
}

function numbersOf(groups: readonly KernelGroup[], operators: number): Int32Array {
  const groupOf = new Int32Array(operators).fill(-1);
  groups.forEach(({ members }, at) => {
    for (const id of members) {
      groupOf[id] = at;
    }
  });
  return groupOf;
}

function groupsOf(lowered: LoweredModel, list: FusionList): KernelGroups {
  const index = new FusionIndex(lowered);
  const isWhole = list === "patterns";
  if (isWhole) {
    addMergedLaunches(index);
    addAttention(index);
    addEpilogues(index);
  }
  addRegions(index, isWhole);
  const groups = [...index.groups].sort((a, b) => (a.members[0] ?? 0) - (b.members[0] ?? 0));
  const groupOf = numbersOf(groups, lowered.graph.operators.length);
  const inPlace = isWhole ? concatenationsInPlace(index) : new Set<OperatorId>();
  return { list, groups, groupOf, inPlace };
}
