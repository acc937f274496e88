import type { TrainingOptions } from "./cost-stages.js";

/**
 * A product of matrices takes two like it for its gradients: one for its input, one for its weight.
 * Split, each of them is as long as the forward pass.
 */
const USUAL_BACKWARD = 2;
const USUAL_SPLIT = 1;

/** Weights, gradients, and Adam's two moments. */
const USUAL_COPIES = 4;

/** Shapes whose weight gradients are blocks of their own. */
const SPLIT_SHAPES: ReadonlySet<string> = new Set(["zb-h", "zb-v", "dualpipe"]);

/** The user's options for training; absent ones have defaults. */
export interface TrainingRequest {
  readonly shape?: string | undefined;
  readonly backwardRatio?: number | undefined;
  readonly weightRatio?: number | undefined;
  readonly parameterCopies?: number | undefined;
}

/** The training options as given, with defaults for the others. */
export function trainingOptions(request: TrainingRequest): TrainingOptions {
  const { shape, backwardRatio, weightRatio, parameterCopies } = request;
  const isSplit = weightRatio !== undefined || SPLIT_SHAPES.has(shape ?? "");
  return {
    backward: backwardRatio ?? (isSplit ? USUAL_SPLIT : USUAL_BACKWARD),
    ...(isSplit ? { weight: weightRatio ?? USUAL_SPLIT } : {}),
    parameterCopies: parameterCopies ?? USUAL_COPIES,
  };
}
