import type { ElementType } from "../ir/element-type.js";
import type { OperatorGraph, OperatorId } from "../ir/operator-graph.js";
import type { MergedOperator } from "./merged-operator.js";
import type { OnnxModel } from "./model.js";

/** A static type. */
export interface TensorType {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
}

/** What a node of the model graph becomes. */
export type NodeRole =
  /** Does work: one operator of the graph. */
  | "operator"
  /** Same memory, other shape (Reshape and the like). */
  | "view"
  /** Depends on constants and static shapes only. */
  | "constant"
  /** Nothing that is needed depends on it. */
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
  /** `tried`: not the default, because the model does not run with that; or a profile has this size. */
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
  /** Tensor to the tensor it is a view of; absent: itself. */
  readonly viewOf: ReadonlyMap<string, string>;
  readonly boundDims: readonly BoundDim[];
  /** Operators of unknown type or domain, whose cost is by bytes only: node names. */
  readonly unknownOperators: readonly string[];
  /** Operators that compute several of the model's together (`merge-operators.ts`); absent: none. */
  readonly merged?: ReadonlyMap<OperatorId, MergedOperator>;
  /** Loops whose iterations only the run decides, counted as one: node names. */
  readonly guessedLoops: readonly string[];
  /** How many tensor types came from each source. */
  readonly typeSources: {
    readonly inferred: number;
    readonly oracle: number;
    readonly declared: number;
  };
}

/**
 * Somebody else's shape inference, asked for tensors that ours leaves open.
 * Gives what it knows; a missing entry means "not known".
 */
export type ShapeOracle = (
  model: OnnxModel,
  inputs: ReadonlyMap<string, TensorType>,
  wanted: readonly string[],
) => Promise<ReadonlyMap<string, TensorType>>;
