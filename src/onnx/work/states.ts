/** Work of operators that carry a state. */
import { linearAttentionSizes } from "../infer/states.js";
import { inputCount, inputSize, outputCount, product, type WorkRule } from "./work-rule.js";

/** Updates that scale the state first, and those that subtract what it holds for the key. */
const GATED: ReadonlySet<string> = new Set(["gated", "gated_delta"]);
const DELTA: ReadonlySet<string> = new Set(["delta", "gated_delta"]);

/**
 * For every token and state: the outer product of key and value is added; the state decays where
 * it is gated, and what it holds for the key is read and taken off the value with delta. Every
 * query head reads its state once.
 */
export const linearAttention: WorkRule = {
  formula:
    "B T (Hkv Dk Dv (2, + 1 gated, + 2 delta) + 2 Hkv Dv with delta + Hq Dv (2 Dk + 1)) + |decay|",
  flops: (work) => {
    const { batch, tokens, heads, stateHeads, keySize, valueSize } = linearAttentionSizes(
      work.call,
    );
    const rule = work.call.text("update_rule") ?? "gated_delta";
    const perElement = 2 + (GATED.has(rule) ? 1 : 0) + (DELTA.has(rule) ? 2 : 0);
    const update = product([stateHeads, keySize, valueSize]) * perElement;
    const error = DELTA.has(rule) ? 2 * product([stateHeads, valueSize]) : 0;
    const read = product([heads, valueSize]) * (2 * (keySize ?? 0) + 1);
    return product([batch, tokens]) * (update + error + read) + inputCount(work, 4);
  },
};

/** A convolution of each channel by itself, with the activation behind it. */
export const causalConvolution: WorkRule = {
  formula: "2 |Y| kernel + |Y| with bias + 4 |Y| with activation",
  flops: (work) => {
    const activation = (work.call.text("activation") ?? "none") === "none" ? 0 : 4;
    const bias = work.call.has(2) ? 1 : 0;
    return (2 * inputSize(work, 1, 2) + bias + activation) * outputCount(work);
  },
};
