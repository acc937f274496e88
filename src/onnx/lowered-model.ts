import type { Failure } from "../core/failure.js";
import type { Result } from "../core/result.js";
import type { ElementType } from "../ir/element-type.js";
import type { OperatorGraph, OperatorId } from "../ir/operator-graph.js";
import type { DataSize, OpenDims } from "./data-sizes.js";
import type { KernelGroups } from "./kernel-groups.js";
import type { MergedOperator } from "./merged-operator.js";
import type { OnnxModel } from "./model.js";

/** A static type. */
export interface TensorType {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
}

/** The role of a node of the model graph. */
export type NodeRole =
  /** Does work: one operator of the graph. */
  | "operator"
  /** Same memory under another shape, such as Reshape. */
  | "view"
  /** Depends on constants and static shapes only. */
  | "constant"
  /** No output depends on it. */
  | "dead";

/** A value known at compile time: elements of small integer, boolean or float tensors. */
export interface ConstantValue extends TensorType {
  /** Row-major; booleans as 0 and 1; int64 beyond 2^53 is not kept as a value. */
  readonly values: readonly number[];
}

/** A dynamic dim and the size it was given. */
export interface BoundDim {
  readonly name: string;
  readonly size: number;
  /**
   * `tried`: not the default, because the model does not run with it or a profile has this size.
   */
  readonly source: "option" | "default" | "tried";
}

/** A model with static shapes and the operator graph made from it. */
export interface LoweredModel {
  /** Functions inlined, nodes sorted topologically, every node named uniquely. */
  readonly model: OnnxModel;
  readonly graph: OperatorGraph;
  /** Role of each node of `model.graph.nodes`. */
  readonly roles: readonly NodeRole[];
  /** Static type of every tensor of the main graph that is a tensor. */
  readonly types: ReadonlyMap<string, TensorType>;
  /** Values known at compile time that came from shape arithmetic or small constants, by tensor name. */
  readonly constants: ReadonlyMap<string, ConstantValue>;
  /**
   * The same of integers beyond 2^53, as near as numbers come to them: which side of a size they are on is right, what they
   * are is not. Exporters write the end of a Slice so that takes all there is. Absent: none.
   */
  readonly farConstants?: ReadonlyMap<string, readonly number[]>;
  /** Tensor to the tensor it is a view of; absent: itself. */
  readonly viewOf: ReadonlyMap<string, string>;
  /**
   * What of the sizes of a tensor holds in every run, for those tensors of which a run may have others
   * than `types` says.
   */
  readonly openDims: ReadonlyMap<string, OpenDims>;
  /** Tensors whose sizes depend on data and were observed or bounded; others follow from them. */
  readonly dataSizes: readonly DataSize[];
  /**
   * Ifs and Loops of the file in whose place is what runs at `dataSizes`, each as `If "name"`: a run of
   * other sizes may need another branch. Absent: none.
   */
  readonly decidedBySize?: readonly string[];
  /** Why the run that should have shown sizes failed; absent: it did not, or there was none. */
  readonly unobserved?: Failure;
  readonly boundDims: readonly BoundDim[];
  /** Operators of unknown type or domain, whose cost is by bytes only: node names. */
  readonly unknownOperators: readonly string[];
  /**
   * Operators that compute several of the model's operators (`merge-operators.ts`); absent: none.
   */
  readonly merged?: ReadonlyMap<OperatorId, MergedOperator>;
  /** Operators that one launch computes together (`fuse/fuse-operators.ts`); absent: none. */
  readonly fused?: KernelGroups;
  /** Loops with an iteration count known only at run time, counted as one iteration: node names. */
  readonly guessedLoops: readonly string[];
  /** Number of tensor types from each source. */
  readonly typeSources: {
    readonly inferred: number;
    readonly oracle: number;
    readonly declared: number;
    /** Of a run, or bounds: `dataSizes`. */
    readonly data: number;
  };
}

/**
 * Another shape inference, for tensors that ours leaves open. Returns the types it knows; a missing
 * entry means "unknown".
 */
export type ShapeOracle = (
  model: OnnxModel,
  inputs: ReadonlyMap<string, TensorType>,
  wanted: readonly string[],
) => Promise<ReadonlyMap<string, TensorType>>;

/** A value of which the type is asked for. */
export interface WantedType {
  readonly name: string;
  /** `undefined`: unknown as well. */
  readonly elementType: ElementType | undefined;
}

/**
 * Runs a model once for the types of values whose sizes depend on data. `model` has its inputs and
 * constants, and no operators yet.
 *
 * Returns the types of the values of `wanted` that are tensors; `undefined`: nothing can be run here.
 */
export type SizeObserver = (
  model: LoweredModel,
  wanted: readonly WantedType[],
) => Promise<Result<ReadonlyMap<string, TensorType> | undefined>>;
