/**
 * The kind of computation of an operator, as far as costs, partitions and documents depend on it.
 *
 * - `element`: every result is made of the elements at its own place.
 * - `rows`: reduces, normalizes or orders along rows.
 * - `window`: every result is made of a neighborhood: pools, resampling, sampling.
 * - `product`: matrix products in some form, convolutions and attention included.
 * - `recurrent`: a product over all steps, then a small one per step.
 * - `transform`: Fourier transforms, eliminations: more than one pass over the whole input.
 * - `choice`: which elements are kept, and how many, depends on their values.
 * - `movement`: elements are moved, converted, looked up or made; no arithmetic.
 * - `control`: runs other operators.
 * - `unknown`: an operator type that this program does not know; costed by its bytes.
 */
export type OperatorForm =
  | "element"
  | "rows"
  | "window"
  | "product"
  | "recurrent"
  | "transform"
  | "choice"
  | "movement"
  | "control"
  | "unknown";

/** Sizes of the matrix product inside an operator: `batch` products of m x k by k x n. */
export interface ProductShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Of a convolution: how its window moves. */
  readonly convolution?: ConvolutionShape;
}

/** A convolution beside its product: `m` positions of results, `n` filters of `k` taps, in `batch` groups. */
export interface ConvolutionShape {
  readonly images: number;
  /** Results of an image, by spatial dim. */
  readonly positions: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Sizes of a recurrent operator. */
export interface RecurrenceShape {
  readonly directions: number;
  readonly steps: number;
  readonly batch: number;
  /** Elements of an input per step. */
  readonly width: number;
  readonly hidden: number;
  /** Products per step: 4 for LSTM, 3 for GRU, 1 for RNN. */
  readonly gates: number;
}

/** Whether most FLOPs of models are in operators of this form. */
export function isHeavyForm(form: OperatorForm): boolean {
  return form === "product" || form === "recurrent";
}
