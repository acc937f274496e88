import { invariant } from "../../../core/invariant.js";
import type { Kernel } from "../../../cost/kernel.js";
import { mergedKernels } from "../../../cost/kernels/merged-kernels.js";
import { programKernels } from "../../../estimate/program-kernels.js";
import { type OperatorId, operatorId } from "../../../ir/operator-graph.js";
import { type Precision, precisionPlan } from "../../../kernels/precision.js";
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
  /** Kernels of each merge, as a library launches them. */
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

/** As measured where only changed launches are made anew, and where all of the program is, in both layouts. */
const LOCAL_PHASES = 100;
const WHOLE_PHASES = 400;

/** The merges that a model allows on a GPU, all with estimated kernels. */
export class MergeSpace {
  /** Sets of convolutions of which any two or more can be merged. */
  readonly classes: readonly (readonly OperatorId[])[];
  readonly #plain: GpuProblem;
  readonly #lowered: LoweredModel;
  readonly #math: Precision;
  readonly #index: MergeIndex;
  /** Whether a merge leaves the kernels of all other launches as they are: the layout is the same for any. */
  readonly #isLocal: boolean;
  readonly #heads = new Map<string, MergeHead | undefined>();

  /** `plain`: the problem of the model as it is. Cost: O(V). */
  constructor(plain: GpuProblem, lowered: LoweredModel, math: Precision) {
    this.#plain = plain;
    this.#lowered = lowered;
    this.#math = math;
    this.#isLocal = precisionPlan(math).conv === "ieee";
    this.#index = new MergeIndex(lowered);
    this.classes = this.#index.classes();
  }

  /** Phases of a schedule that could be simulated while one operator is put into a merged problem. */
  get phasesPerOperator(): number {
    return this.#isLocal ? LOCAL_PHASES : WHOLE_PHASES;
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

  /**
   * The problem with these merges: that of the merged model as `estimatedProblem` has it. Requires: they come from `headOf`.
   * Cost: O(V log V + E), and as making the program of what changes: on matrix units, all of it.
   */
  problemOf(merges: readonly Merge[]): MergedProblem {
    const made = mergeOperators(this.#lowered, merges, this.#index);
    invariant(made.ok, "merges that were offered can be made");
    const { lowered, unitOf } = made.value;
    const { device, costs, work } = this.#plain;
    const origin = new Int32Array(lowered.graph.operators.length);
    unitOf.forEach((unit, operator) => {
      origin[unit] = operator;
    });
    const { interference } = work;
    return {
      problem: gpuProblemOf(
        lowered.graph,
        this.#kernels(lowered, origin),
        device,
        costs.source,
        interference,
      ),
      unitOf,
    };
  }

  /**
   * The kernels of a merged model; `origin`: operators of the model as it is. Where nothing else depends on what is merged, those
   * of other launches are known.
   */
  #kernels(lowered: LoweredModel, origin: Int32Array): readonly (readonly Kernel[])[] {
    const { device, kernels } = this.#plain;
    if (!this.#isLocal) {
      return programKernels(lowered, device, this.#math);
    }
    const { operators } = lowered.graph;
    const changed = new Set(
      operators.flatMap(({ id }) => (this.#isChanged(id, lowered, origin) ? [id] : [])),
    );
    const made = programKernels(lowered, device, this.#math, changed);
    return operators.map(({ id }) => (changed.has(id) ? made[id] : kernels[origin[id] ?? 0]) ?? []);
  }

  /** Whether a launch of a merged model is not one of the model as it is. */
  #isChanged(operator: OperatorId, lowered: LoweredModel, origin: Int32Array): boolean {
    const { fused, merged } = lowered;
    const group = groupOf(fused, operator);
    const from = operatorId(origin[operator] ?? 0);
    const before = groupOf(this.#lowered.fused, from);
    const isInPlace = this.#lowered.fused?.inPlace.has(from) === true;
    const members = group?.members.map((id) => origin[id]);
    return (
      merged?.has(operator) === true ||
      group?.kind === "merged" ||
      isInPlace !== (fused?.inPlace.has(operator) === true) ||
      members?.join() !== before?.members.join()
    );
  }

  #head(members: readonly OperatorId[]): MergeHead | undefined {
    const { graph } = this.#lowered;
    const found = mergesFrom(graph, members, this.#index);
    const input = graph.operators[members[0] ?? -1]?.inputs[0];
    const type = graph.tensors[input ?? -1]?.elementType ?? "float32";
    const { device } = this.#plain;
    const { conv: math } = precisionPlan(this.#math);
    // What is merged behind convolutions is part of their launch.
    const isFused = this.#lowered.fused?.list === "patterns";
    return found.length === 0
      ? undefined
      : {
          merges: found.map(({ merge }) => merge),
          kernels: found.map(({ merged }) =>
            merged.kind === "elementwise" && isFused
              ? []
              : mergedKernels(merged, { elementType: type, device, math }),
          ),
        };
  }
}
