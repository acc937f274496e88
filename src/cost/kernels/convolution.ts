import type { ConvolutionShape, ProductShape } from "../../ir/operator-form.js";

/** The product of a convolution. */
export interface Convolution extends ProductShape {
  readonly convolution: ConvolutionShape;
}

/** Bytes that a convolution moves: all together, and of its input and its result. */
export interface ConvolutionBytes {
  readonly all: number;
  readonly input: number;
  readonly output: number;
}

/** Whether a product is that of a convolution. */
export function isConvolution(shape: ProductShape | undefined): shape is Convolution {
  return shape?.convolution !== undefined;
}

/** One or two channels a group: no tile has anything to reuse. */
export function isDepthwise({ batch, n }: ProductShape): boolean {
  return batch > 1 && n <= 2;
}
