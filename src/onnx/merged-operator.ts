/** Merged operators; `merge-index.ts` finds them. */
import type { OperatorWork } from "../ir/operator-graph.js";
import type { WindowGeometry } from "./infer/window-geometry.js";

/** One of the convolutions inside a merged one. */
export interface ConvolutionPart {
  /** Names of its constants. */
  readonly weight: string;
  readonly bias: string | undefined;
  readonly channels: number;
  /** Elements of its output. */
  readonly elements: number;
  readonly kernel: readonly number[];
  /** Offset of its kernel inside the merged one, by spatial dim. */
  readonly offsets: readonly number[];
}

/** Convolutions of one input as one. */
export interface MergedConvolution {
  readonly kind: "convolution";
  /** In the order of their channels. */
  readonly parts: readonly ConvolutionPart[];
  readonly window: WindowGeometry;
  /** Dims of the stacked filters and of the whole output. */
  readonly weightDims: readonly number[];
  readonly outputDims: readonly number[];
  /** The outputs are neighbors in memory: the whole output needs no copies. */
  readonly isJoint: boolean;
  readonly work: OperatorWork;
}

/** Element-wise operators as one; their inputs are neighbors in memory, and so are their outputs. */
export interface MergedElementwise {
  readonly kind: "elementwise";
  /** Elements of all outputs. */
  readonly elements: number;
  readonly work: OperatorWork;
}

/** Several operators as one. */
export type MergedOperator = MergedConvolution | MergedElementwise;

/** Names of the constants that a merged convolution reads instead of those of its parts. */
export function mergedConstants(operator: string): {
  readonly weight: string;
  readonly bias: string;
} {
  return { weight: `merged weights of ${operator}`, bias: `merged bias of ${operator}` };
}
