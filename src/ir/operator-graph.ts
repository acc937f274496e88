import type { Brand } from "../core/brand.js";
import type { ElementType } from "./element-type.js";
import type { OperatorForm, ProductShape, RecurrenceShape } from "./operator-form.js";

/** Position of an operator in `OperatorGraph.operators`: dense, from 0, in topological order. */
export type OperatorId = Brand<number, "OperatorId">;

/** Position of a tensor in `OperatorGraph.tensors`: dense, from 0. */
export type TensorId = Brand<number, "TensorId">;

/** The brand for a position known to be valid. */
export function operatorId(position: number): OperatorId {
  return position as OperatorId;
}

/** The brand for a position known to be valid. */
export function tensorId(position: number): TensorId {
  return position as TensorId;
}

/** A value in memory. Views of it (Reshape and the like) are the same tensor. */
export interface Tensor {
  readonly id: TensorId;
  /** Name in the model: unique. */
  readonly name: string;
  readonly elementType: ElementType;
  /** Static sizes, outermost first; empty for a scalar. */
  readonly dims: readonly number[];
  /** Elements times element size, rounded up to whole bytes. */
  readonly bytes: number;
  /** The operator that writes it; `undefined` for an input of the graph. */
  readonly producer: OperatorId | undefined;
  /** Operators that read it, ascending. */
  readonly consumers: readonly OperatorId[];
}

/** The work of one execution of an operator, by formula: independent of any device. */
export interface OperatorWork {
  /** Floating-point operations; a multiply-add counts as two. */
  readonly flops: number;
  /** Activation bytes read, each tensor once; parameters are not included. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes of constants (weights) read. */
  readonly parameterBytes: number;
}

/** A node of the model graph that does work on the device. */
export interface Operator {
  readonly id: OperatorId;
  /** The node's name, or a generated one where the model has none or repeats it: unique in the graph. */
  readonly name: string;
  /** ONNX operator type, with `domain:` in front unless it is the default domain. */
  readonly type: string;
  /** The kind of computation. */
  readonly form: OperatorForm;
  /**
   * Sizes of its matrix products, in order; absent for an operator that is not made of products.
   */
  readonly products?: readonly ProductShape[];
  /** Sizes of a recurrent operator. */
  readonly recurrence?: RecurrenceShape;
  /** Position of the node in the (function-inlined) model graph's node list. */
  readonly node: number;
  /** Tensors read, in the node's order, views resolved, duplicates kept; constants are not listed. */
  readonly inputs: readonly TensorId[];
  /** Tensors written, in the node's order; unused optional outputs are left out. */
  readonly outputs: readonly TensorId[];
  /** Operators whose outputs it reads: ascending, unique. */
  readonly predecessors: readonly OperatorId[];
  /** Operators that read its outputs: ascending, unique. */
  readonly successors: readonly OperatorId[];
  readonly work: OperatorWork;
}

/** A model lowered to the operators that do work: constants folded, views resolved, shapes static. */
export interface OperatorGraph {
  readonly name: string;
  readonly operators: readonly Operator[];
  readonly tensors: readonly Tensor[];
  readonly inputs: readonly TensorId[];
  readonly outputs: readonly TensorId[];
}

/** FLOPs per byte moved; `Infinity` when nothing is moved. */
export function arithmeticIntensity(work: OperatorWork): number {
  const bytes = work.bytesRead + work.bytesWritten + work.parameterBytes;
  return bytes === 0 ? Number.POSITIVE_INFINITY : work.flops / bytes;
}

/** The sum of the work of two operators. */
export function sumOfWork(a: OperatorWork, b: OperatorWork): OperatorWork {
  return {
    flops: a.flops + b.flops,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
    parameterBytes: a.parameterBytes + b.parameterBytes,
  };
}
