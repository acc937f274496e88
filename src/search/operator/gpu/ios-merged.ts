/**
 * IOS with both of its strategies for a step: groups side by side, or, where all of them begin with
 * convolutions of one input, these convolutions as one and the rest of the groups behind it.
 *
 * The table is the same; only the price of a step is that of its cheaper strategy. So the merges
 * that come out are those that pay inside the steps that IOS chooses.
 *
 * Example: squeeze -> {expand 1x1, expand 3x3} -> concat. As one convolution of 3x3 the expands do nine
 * times the arithmetic of the 1x1, but fill the device with one launch.
 *
 * Source: Ding et al., IOS, MLSys 2021 (arXiv 2011.01302), section 3 and Algorithm 1, GenerateStage.
 * Differs: groups need not consist of convolutions alone, what follows runs side by side.
 */
import type { OperatorId } from "../../../ir/operator-graph.js";
import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import { composeSchedule } from "../waits.js";
import { launchSteps, searchSteps } from "./ios.js";
import type { StepLatency } from "./ios-part.js";
import type { MergedSchedule, MergeHead, MergeSpace } from "./merge-space.js";
import { stepLatencyOn } from "./step-latency.js";

type Groups = readonly (readonly number[])[];

/** The schedule of the cheapest steps, merged or side by side. */
export function searchMergedIos(problem: GpuProblem, space: MergeSpace): MergedSchedule {
  const strategies = new Strategies(problem, space);
  const { steps } = searchSteps(problem.graph, (groups) => strategies.latency(groups));
  const chosen = steps.map((groups) => ({ groups, head: strategies.headIfCheaper(groups) }));
  const merges = chosen.flatMap(({ head }) => head?.merges ?? []);
  const merged = space.problemOf(merges);
  const { graph } = merged.problem;
  const unit = (operator: number): number => merged.unitOf[operator] ?? 0;
  const launched = chosen.flatMap(({ groups, head }): Groups[] => {
    if (head === undefined) {
      return [groups.map((group) => group.map(unit))];
    }
    const first = head.merges.map((merge) => unit(merge[0] ?? 0));
    return [[first], tailsOf(groups, head).map((group) => group.map(unit))];
  });
  const launches = launched.filter((groups) => groups.length > 0);
  const schedule = composeSchedule(graph, "ios", launchSteps(graph, launches));
  return { problem: merged.problem, merges, schedule };
}

/** Prices of steps by both strategies. */
class Strategies {
  readonly #problem: GpuProblem;
  readonly #space: MergeSpace;
  readonly #sideBySide: StepLatency;

  constructor(problem: GpuProblem, space: MergeSpace) {
    this.#problem = problem;
    this.#space = space;
    this.#sideBySide = stepLatencyOn(problem);
  }

  /** By the cheaper strategy. */
  latency(groups: Groups): number {
    const head = this.#headOf(groups);
    const apart = this.#sideBySide(groups);
    return head === undefined ? apart : Math.min(apart, this.#mergedNs(groups, head));
  }

  /** The merge with which a step begins, if that is cheaper than side by side. */
  headIfCheaper(groups: Groups): MergeHead | undefined {
    const head = this.#headOf(groups);
    const isCheaper = head !== undefined && this.#mergedNs(groups, head) < this.#sideBySide(groups);
    return isCheaper ? head : undefined;
  }

  #headOf(groups: Groups): MergeHead | undefined {
    const first = groups.map(([operator = 0]) => operator).sort((a, b) => a - b);
    return groups.length > 1 ? this.#space.headOf(first as OperatorId[]) : undefined;
  }

  /** The merged launches alone, one after the other, then the rest of the groups side by side. */
  #mergedNs(groups: Groups, head: MergeHead): number {
    const { launchGapNs } = this.#problem.device;
    const kernels = head.kernels.flat();
    const ns = kernels.reduce((sum, { durationNs }) => sum + durationNs + launchGapNs, 0);
    const tails = tailsOf(groups, head);
    return tails.length === 0 ? ns : ns + this.#sideBySide(tails);
  }
}

/** The rest of the groups behind the merged launches. */
function tailsOf(groups: Groups, { merges }: MergeHead): Groups {
  const gone = new Set<number>(merges.flat());
  return groups
    .map((group) => group.filter((operator) => !gone.has(operator)))
    .filter((group) => group.length > 0);
}
