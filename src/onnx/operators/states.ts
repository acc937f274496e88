/** Operators that carry a state from call to call, of the decoders of newer language models. */

import * as infer from "../infer/states.js";
import { linearAttentionSizes } from "../infer/states.js";
import * as work from "../work/states.js";
import type { OperatorTable, ProductRule } from "./operator-type.js";

/** The states' updates by all tokens, and their readings, as products of chunks of tokens. */
const linearProducts: ProductRule = ({ call }) => {
  const { batch, tokens, heads, stateHeads, keySize, valueSize } = linearAttentionSizes(call);
  if (
    batch === undefined ||
    tokens === undefined ||
    heads === undefined ||
    stateHeads === undefined ||
    keySize === undefined ||
    valueSize === undefined
  ) {
    return undefined;
  }
  return [
    { batch: batch * stateHeads, m: keySize, n: valueSize, k: tokens },
    { batch: batch * heads, m: tokens, n: valueSize, k: keySize },
  ];
};

/** Every channel is its own product: positions by one filter. */
const causalProducts: ProductRule = ({ call }) => {
  const [images, channels, length] = call.dims(0) ?? [];
  const kernel = call.dims(1)?.[2];
  if (
    images === undefined ||
    channels === undefined ||
    length === undefined ||
    kernel === undefined
  ) {
    return undefined;
  }
  const convolution = {
    images,
    positions: [length],
    kernel: [kernel],
    strides: [1],
    dilations: [1],
  };
  return [{ batch: channels, m: images * length, n: 1, k: kernel, convolution }];
};

/** Rows of the operators with a state. */
export const STATES: OperatorTable = {
  LinearAttention: {
    form: "product",
    infer: infer.linearAttention,
    work: work.linearAttention,
    products: linearProducts,
  },
  CausalConvWithState: {
    form: "product",
    infer: infer.causalConvolution,
    work: work.causalConvolution,
    products: causalProducts,
  },
};
