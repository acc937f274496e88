/** The patterns of the kernel list as one table, in the order in which they are looked for. */
import type { FusionList, GroupKind } from "../kernel-groups.js";
import { ATTENTION_PRODUCTS, LARGEST_HEAD } from "./attention.js";
import { EPILOGUE_MAINS, PROLOGUE_MAINS } from "./epilogues.js";
import { LONGEST_ROW } from "./regions.js";

/** One pattern: what it is made of, what it becomes, and who launches it so. */
export interface FusionPattern {
  readonly kind: GroupKind | "in place";
  /** The operators, in plain words. */
  readonly pattern: string;
  readonly becomes: string;
  /** What must hold besides the rules of all groups. */
  readonly where: string;
  readonly lists: readonly FusionList[];
  /** How our own CUDA program launches a group, in plain words. */
  readonly cuda: string;
}

const WHOLE: readonly FusionList[] = ["patterns"];

/** Operator types as a document lists them. */
function typesOf(types: ReadonlySet<string>): string {
  return [...types].join(", ");
}

/** All patterns; the estimates of device models have every one of them. */
export const FUSION_PATTERNS: readonly FusionPattern[] = [
  {
    kind: "merged",
    pattern:
      "convolutions that `--merge-convolutions` makes one, with the element-wise operators merged behind them",
    becomes: "the one convolution",
    where: "the results of the parts are neighbors in memory",
    lists: WHOLE,
    cuda: "kernels of its members, in a row",
  },
  {
    kind: "attention",
    pattern:
      "product of queries and keys, scale, mask, Softmax, product with the values; with the transposes, splits, slices, casts and scales in front of the products, and a Transpose behind",
    becomes: "one attention kernel, whose scores stay out of memory",
    where: `products are ${typesOf(ATTENTION_PRODUCTS)} of two tensors, Softmax over the keys, heads of at most ${LARGEST_HEAD} elements`,
    lists: WHOLE,
    cuda: "one kernel, where products are MatMul or FusedMatMul, keys at most 512 and their scores fit the shared memory of a thread block; else kernels of its members, in a row",
  },
  {
    kind: "epilogue",
    pattern:
      "a convolution, product or pool, then BatchNormalization by given statistics, bias and other scales and shifts by constants, an activation, and one addition of a tensor of the same size, before or after the activation",
    becomes: "the convolution, product or pool",
    where: `behind ${typesOf(EPILOGUE_MAINS)}; an activation is one operator, or several that depend on the value and constants alone: x * sigmoid(x), HardSwish in parts, GELU by erf or tanh`,
    lists: WHOLE,
    cuda: "a call of cuDNN with scales and shifts of channels in its filters and bias, an addition and ReLU, and with [channels last](#layouts) one with [other activations](#activations-behind-convolutions) or an addition behind; a call of cuBLASLt with a bias, an addition, and ReLU or GELU; one kernel of a depthwise convolution or pool with everything; what a call has not, one kernel behind it",
  },
  {
    kind: "epilogue",
    pattern: "activations, and scales and shifts by constants, then a convolution; a Pad before it",
    becomes: "the convolution, which applies them to what it reads",
    where: `before ${typesOf(PROLOGUE_MAINS)}; a pool takes the Pad alone. A Pad has constants as pads, of spatial dims, and fills with what the operator itself would: zeros, or for a maximum minus infinity`,
    lists: WHOLE,
    cuda: "one kernel of a depthwise convolution with everything, or of a pool with the Pad; else one kernel in front and one for the border",
  },
  {
    kind: "normalization",
    pattern:
      "reductions, Softmax and normalizations along the same rows, with element-wise operators before, between and behind: LayerNorm, RMSNorm and Softmax however they are written",
    becomes: "one kernel that goes over each row",
    where: `values are whole or have one element for each row; rows of at most ${LONGEST_ROW} elements, if whole values are made of what they are reduced to`,
    lists: WHOLE,
    cuda: "one kernel, where it has reductions, Softmax, LayerNormalization and RMSNormalization; else kernels of its members, in a row",
  },
  {
    kind: "elements",
    pattern: "element-wise operators, Cast and Where among them, that end in one result",
    becomes: "one element-wise kernel",
    where: "all results have the same number of elements",
    lists: ["patterns", "elements"],
    cuda: "one kernel",
  },
  {
    kind: "in place",
    pattern: "Concat of results of different kernels",
    becomes: "nothing: each part is written where it belongs",
    where:
      "all parts are different tensors with rows of their own, none is an input, constant or output of the model, part of an earlier such Concat, or such a Concat itself",
    lists: WHOLE,
    cuda: "the same, where nothing but dims of one element stands in front of the axis and every part begins at a multiple of 16 bytes, and with [channels last](#layouts) where it is one of channels; else a kernel of its own",
  },
];
