import type { ArtifactDevice, ProvenanceInput } from "../artifact/artifact.js";
import { COST_MODEL_VERSION } from "../cost/cost-model-version.js";
import type { DeviceModel } from "../cost/device-model.js";
import { type Scenario, scenariosOf, usedScenario } from "../cost/scenarios.js";
import { estimatedProblem } from "../estimate/estimated-problem.js";
import type { Tensor } from "../ir/operator-graph.js";
import type { Precision } from "../kernels/precision.js";
import { withoutCutGroups } from "../onnx/fuse/fuse-operators.js";
import type { FusionList } from "../onnx/kernel-groups.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import { problemUnder } from "../schedule/problem-under.js";

/** The link between two devices. */
export interface Link {
  readonly bytesPerSecond: number;
  readonly latencyNs: number;
}

/** Costs of one model. */
export interface ModelCosts {
  readonly device: ArtifactDevice;
  readonly profileInput: ProvenanceInput | undefined;
  /** Arithmetic that a GPU profile was measured with; absent: the costs are of none. */
  readonly math?: string;
  /** The kernel list of the costs; absent on a CPU, where ONNX Runtime decides. */
  readonly fuse?: FusionList;
  /** On one device of speed 1 while no other works; by operator id. */
  readonly durationNs: Float64Array;
  /** Operators that share a number must not be cut apart. */
  readonly groupOf: Int32Array;
  /** The times where stages, by operator, cut groups apart after all; absent: as `durationNs`. */
  readonly timesIfCut?: (stageOf: ArrayLike<number>) => Float64Array;
  /** Whether a tensor can be handed from stage to stage. */
  readonly crosses: (tensor: Tensor) => boolean;
  /** Fixed cost of running one stage for one micro-batch. */
  readonly stageNs: number;
  /** Slowdown of all work while this many devices are busy. */
  readonly slowdown: (busy: number) => number;
  /** The cost of receiving a tensor, paid by its reader, unless the user describes a link. */
  readonly receive: Link;
  /** The default link between devices when transfers overlap with computation. */
  readonly link: Link | undefined;
  /** From the end of a stage to the start of one on another device that waited for it. */
  readonly signalNs: number;
  /** Where figures of a GPU are assumed: the times with those that are used, then at the corners. */
  readonly cases?: () => readonly CostCase[];
}

/** The times of a model's operators on a GPU as it may be; as those of `ModelCosts`. */
export interface CostCase
  extends Pick<Scenario, "kernelFloorNs" | "launchGapNs">,
    Pick<ModelCosts, "durationNs" | "timesIfCut"> {}

/** The bandwidth of a PCIe 4.0 x16 link in practice, for GPUs whose link is not given. */
const USUAL_LINK: Link = { bytesPerSecond: 25e9, latencyNs: 10_000 };

/**
 * The costs of a model on a GPU by its data sheet. Requires: operators that a graph can capture; the model as it is
 * stored (`storedModel`).
 *
 * The gap that follows each kernel is part of its operator's time, the last one of a stage is the gap to the
 * next micro-batch: a stage takes as long as its kernels do one after the other.
 */
export function estimatedCosts(
  lowered: LoweredModel,
  device: DeviceModel,
  math: Precision,
): ModelCosts {
  const problemOf = (listed: LoweredModel): GpuProblem => estimatedProblem(listed, device, math);
  const problem = problemOf(lowered);
  const problemIfCut = (stageOf: ArrayLike<number>): GpuProblem =>
    problemOf(withoutCutGroups(lowered, stageOf));
  return {
    device: { name: device.product, source: "estimated", costModel: COST_MODEL_VERSION },
    profileInput: undefined,
    durationNs: timesWithGaps(problem),
    timesIfCut: (stageOf) => timesWithGaps(problemIfCut(stageOf)),
    cases: () => costCases(problem, problemIfCut),
    groupOf: uncutGroups(
      Int32Array.from(lowered.graph.operators, (_, at) => at),
      lowered,
    ),
    fuse: lowered.fused?.list ?? "none",
    crosses: () => true,
    stageNs: 0,
    slowdown: () => 1,
    receive: USUAL_LINK,
    link: USUAL_LINK,
    signalNs: 0,
  };
}

/**
 * The times of a problem's operators with the figures that are used and at the corners of floors and gaps; none
 * where neither is assumed. What concerns streams alone costs a stage nothing. Cost: O(kernels) each, at most five.
 */
export function costCases(
  problem: GpuProblem,
  problemIfCut?: (stageOf: ArrayLike<number>) => GpuProblem,
): readonly CostCase[] {
  const used = usedScenario(problem.device);
  const corners = new Map(
    [used, ...scenariosOf(problem.device)].map(({ kernelFloorNs, launchGapNs }) => [
      `${kernelFloorNs} ${launchGapNs}`,
      { kernelFloorNs, launchGapNs },
    ]),
  );
  return corners.size === 1
    ? []
    : [...corners.values()].map((corner) => {
        const scenario = { ...used, ...corner };
        return {
          ...corner,
          durationNs: timesWithGaps(problemUnder(problem, scenario)),
          ...(problemIfCut && {
            timesIfCut: (stageOf: ArrayLike<number>) =>
              timesWithGaps(problemUnder(problemIfCut(stageOf), scenario)),
          }),
        };
      });
}

/**
 * By operator: its kernels on one stream, each with the gap that follows it; an operator without kernels
 * takes no time. Integer nanoseconds, if those of the problem are.
 */
export function timesWithGaps({ costs, work }: GpuProblem): Float64Array {
  return costs.durationNs.map((ns) => Math.max(0, ns + work.launchGapNs));
}

/**
 * Groups of operators that no cut may go through: those of `groupOf`, by operator, with those that one
 * launch computes together. Of a concatenation in place the parts are received where they belong.
 */
export function uncutGroups(groupOf: Int32Array, { fused }: LoweredModel): Int32Array {
  const groups = groupOf.slice();
  for (const { members } of fused?.groups ?? []) {
    const [first] = members.map((id) => groups[id]!);
    const own = new Set(members.map((id) => groups[id]!));
    groups.forEach((group, id) => {
      if (own.has(group)) {
        groups[id] = first!;
      }
    });
  }
  return groups;
}
