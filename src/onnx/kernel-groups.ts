/** Operators that one launch computes together; `fuse/fuse-operators.ts` finds them. */
import type { OperatorId } from "../ir/operator-graph.js";

/**
 * The kernel lists of a model: `patterns`, what a runtime with fused kernels launches
 * (docs/fusion.md); `elements`, element-wise chains fused and nothing else; `none`, every operator by itself.
 */
export const FUSION_LISTS = ["patterns", "elements", "none"] as const;

/** Which operators are computed together. */
export type FusionList = (typeof FUSION_LISTS)[number];

/** What a group is, as `fuse/fusion-patterns.ts` describes it. */
export type GroupKind = "attention" | "epilogue" | "normalization" | "elements" | "merged";

/** Operators that are one launch: their results inside of the group never go through memory. */
export interface KernelGroup {
  readonly kind: GroupKind;
  /**
   * The operator that decides the kernel: the convolution, product, pool or reduction; of attention, its
   * product with the values; without any of them, the last.
   */
  readonly main: OperatorId;
  /** Ascending. The last one launches; nothing outside of the group reads what the others write. */
  readonly members: readonly OperatorId[];
}

/** The groups of a model. An operator is in one group at most. */
export interface KernelGroups {
  readonly list: FusionList;
  readonly groups: readonly KernelGroup[];
  /** By operator id: position in `groups`; -1 for an operator by itself. */
  readonly groupOf: Int32Array;
  /** Concatenations whose parts are written where they belong: nothing is launched for them. */
  readonly inPlace: ReadonlySet<OperatorId>;
}

/** The group of an operator, if it has one. */
export function groupOf(
  fused: KernelGroups | undefined,
  operator: OperatorId,
): KernelGroup | undefined {
  return fused?.groups[fused.groupOf[operator] ?? -1];
}

/** Whether another launch computes all of an operator, so that it has none of its own. */
export function isComputedElsewhere(
  fused: KernelGroups | undefined,
  operator: OperatorId,
): boolean {
  const group = groupOf(fused, operator);
  return group === undefined
    ? fused?.inPlace.has(operator) === true
    : group.members.at(-1) !== operator;
}

/** The operators that launch something, in a model of `operators` operators. */
export function launchCount(fused: KernelGroups | undefined, operators: number): number {
  const { groups = [], inPlace } = fused ?? {};
  const absorbed = groups.reduce((sum, { members }) => sum + members.length - 1, 0);
  return operators - absorbed - (inPlace?.size ?? 0);
}
