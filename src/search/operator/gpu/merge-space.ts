import { invariant } from "../../../core/invariant.js";
import type { Kernel } from "../../../cost/kernel.js";
import type { MathMode } from "../../../cost/kernels/arithmetic.js";
import { mergedKernels } from "../../../cost/kernels/merged-kernels.js";
import { kernelsOf } from "../../../cost/kernels/operator-kernels.js";
import { type Operator, type OperatorId, operatorId } from "../../../ir/operator-graph.js";
import { groupOf } from "../../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../../onnx/lowered-model.js";
import { MergeIndex } from "../../../onnx/merge-index.js";
import { type Merge, mergeOperators, mergesFrom } from "../../../onnx/merge-operators.js";
import { type GpuProblem, gpuProblemOf } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";

/** The result of merging some convolutions: they, and the element-wise operators behind them. */
export interface MergeHead {
  /** The convolutions, then what follows them, in launch order. */
  readonly merges: readonly Merge[];
  /** Kernels of each merge. */
  readonly kernels: readonly (readonly Kernel[])[];
}

/** A problem in which some operators are one. */
export interface MergedProblem {
  readonly problem: GpuProblem;
  /** Operator of the merged graph, by operator of the original. */
  readonly unitOf: Int32Array;
}

/** A schedule, and the problem that it schedules. */
export interface MergedSchedule {
  readonly problem: GpuProblem;
  /** Operators of the model that are one in the problem. */
  readonly merges: readonly Merge[];
  readonly schedule: OperatorSchedule;
}

/** The merges that a model allows on a GPU, all with estimated kernels. */
export class MergeSpace {
  /** Sets of convolutions of which any two or more can be merged. */
  readonly classes: readonly (readonly OperatorId[])[];
  readonly #plain: GpuProblem;
  readonly #lowered: LoweredModel;
  readonly #math: MathMode;
  readonly #index: MergeIndex;
  readonly #heads = new Map<string, MergeHead | undefined>();

  /** `plain`: the problem of the model as it is. Cost: O(V). */
  constructor(plain: GpuProblem, lowered: LoweredModel, math: MathMode) {
    this.#plain = plain;
    this.#lowered = lowered;
    this.#math = math;
    this.#index = new MergeIndex(lowered);
    this.classes = this.#index.classes();
  }

  /**
   * The merge of `members` with all that can be merged behind them, or `undefined` when they cannot
   * be one convolution. Requires: ascending.
   */
  headOf(members: readonly OperatorId[]): MergeHead | undefined {
    const key = members.join();
    if (!this.#heads.has(key)) {
      this.#heads.set(key, this.#head(members));
    }
    return this.#heads.get(key);
  }

  /** A class cut by the sizes of its kernels: merging inside of a group adds no arithmetic. */
  bySize(members: readonly OperatorId[]): readonly (readonly OperatorId[])[] {
    const groups = new Map<string, OperatorId[]>();
    for (const id of members) {
      const size = this.#index.kernelOf(id).join();
      groups.set(size, [...(groups.get(size) ?? []), id]);
    }
    return [...groups.values()];
  }

  /** The problem with these merges. Requires: they come from `headOf`. Cost: O(V log V + E). */
  problemOf(merges: readonly Merge[]): MergedProblem {
    const made = mergeOperators(this.#lowered, merges, this.#index);
    invariant(made.ok, "merges that were offered can be made");
    const { lowered, unitOf } = made.value;
    const { device, costs, work } = this.#plain;
    const origin = new Int32Array(lowered.graph.operators.length);
    unitOf.forEach((unit, operator) => {
      origin[unit] = operator;
    });
    const own = lowered.graph.operators.map((operator) =>
      this.#kernelsOf(operator, lowered, origin),
    );
    const { interference } = work;
    return {
      problem: gpuProblemOf(lowered.graph, own, device, costs.source, interference),
      unitOf,
    };
  }

  /** The kernels of an operator of a merged model; `origin`: operators of the model as it is. */
  #kernelsOf(operator: Operator, lowered: LoweredModel, origin: Int32Array): readonly Kernel[] {
    const { device, kernels } = this.#plain;
    const { fused, merged } = lowered;
    const group = groupOf(fused, operator.id);
    const from = operatorId(origin[operator.id] ?? 0);
    const before = groupOf(this.#lowered.fused, from);
    const isInPlace = this.#lowered.fused?.inPlace.has(from) === true;
    const isPlain =
      merged?.has(operator.id) !== true &&
      group?.kind !== "merged" &&
      isInPlace === (fused?.inPlace.has(operator.id) === true);
    const members = group?.members.map((id) => origin[id]);
    return isPlain && members?.join() === before?.members.join()
      ? (kernels[from] ?? [])
      : kernelsOf(operator, lowered, device, this.#math);
  }

  #head(members: readonly OperatorId[]): MergeHead | undefined {
    const { graph } = this.#lowered;
    const found = mergesFrom(graph, members, this.#index);
    const input = graph.operators[members[0] ?? -1]?.inputs[0];
    const type = graph.tensors[input ?? -1]?.elementType ?? "float32";
    const { device } = this.#plain;
    // What is merged behind convolutions is part of their launch.
    const isFused = this.#lowered.fused?.list === "patterns";
    return found.length === 0
      ? undefined
      : {
          merges: found.map(({ merge }) => merge),
          kernels: found.map(({ merged }) =>
            merged.kind === "elementwise" && isFused
              ? []
              : mergedKernels(merged, { elementType: type, device, math: this.#math }),
          ),
        };
  }
}
