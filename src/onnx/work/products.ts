/**
 * Work of convolutions, matrix products, recurrent operators and attention: most FLOPs of most
 * models.
 *
 * Source: a convolution makes each output element from (C / group) x kernel products (Sze et al.,
 * "Efficient Processing of Deep Neural Networks", Proc. IEEE 105(12), 2017, section III); the
 * recurrent counts follow the equations in the ONNX operator documentation.
 */
import type { AttentionRule } from "../infer/attention-sizes.js";
import { einsumSizes } from "../infer/einsum.js";
import { fusedFactor } from "../infer/matrix.js";
import { inputCount, inputSize, outputCount, product, type WorkRule } from "./work-rule.js";

/** A convolution whose weights are input `weights` and whose bias is input `bias`. */
export function convolution(weights: number, bias: number, extra: number): WorkRule {
  const requantized = extra > 0 ? ` + ${extra} |Y|` : "";
  return {
    formula: `2 |Y| (C / group) kernel + |Y| with bias${requantized}`,
    flops: (work) => {
      const taps = product(work.call.dims(weights)?.slice(1) ?? []);
      const perElement = 2 * taps + (work.call.has(bias) ? 1 : 0) + extra;
      return perElement * outputCount(work);
    },
  };
}

/** `ConvTranspose`: each input element spreads over the kernel. */
export const convTranspose: WorkRule = {
  formula: "2 |X| (M / group) kernel + |Y| with bias",
  flops: (work) => {
    const taps = product(work.call.dims(1)?.slice(1) ?? []);
    return 2 * inputCount(work, 0) * taps + (work.call.has(2) ? outputCount(work) : 0);
  },
};

/** Every tap is interpolated from four pixels: 8 operations more. */
export const deformConv: WorkRule = {
  formula: "2 |Y| (C / group) kernel + 8 N C kernel |spatial Y| + |Y| with bias",
  flops: (work) => {
    const kernel = product(work.call.dims(1)?.slice(2) ?? []);
    const spatial =
      outputCount(work) / Math.max(1, product(work.outputs[0]?.dims?.slice(0, 2) ?? []));
    const samples = inputSize(work, 0, 0) * inputSize(work, 0, 1) * kernel * spatial;
    return convolution(1, 3, 0).flops(work) + 8 * samples;
  },
};

/** The inner size is the last of input 0. */
export function matMul(extra: number): WorkRule {
  return {
    formula: extra === 0 ? "2 |Y| K" : `2 |Y| K + ${extra} |Y|`,
    flops: (work) => (2 * inputSize(work, 0, -1) + extra) * outputCount(work),
  };
}

/** `FusedMatMul` of ONNX Runtime, with its scale and `extra` operations per result. */
export function fusedMatMul(extra: number): WorkRule {
  return {
    formula: `2 |Y| K + |Y| with alpha${extra === 0 ? "" : ` + ${extra} |Y|`}`,
    flops: (work) => {
      const inner = fusedFactor(work.call, 0)?.at(-1) ?? 1;
      const scale = (work.call.float("alpha") ?? 1) === 1 ? 0 : 1;
      return (2 * inner + scale + extra) * outputCount(work);
    },
  };
}

/** A general matrix product whose C is input `bias`. */
export function gemm(bias: number): WorkRule {
  return {
    formula: "2 M N K + |Y| with C + |Y| with alpha",
    flops: (work) => {
      const inner = inputSize(work, 0, work.call.int("transA") === 1 ? 0 : 1);
      const scale = (work.call.float("alpha") ?? 1) === 1 ? 0 : 1;
      return (2 * inner + (work.call.has(bias) ? 1 : 0) + scale) * outputCount(work);
    },
  };
}

/** Every combination of subscripts: a product of all operands, added up when a subscript vanishes. */
export const einsum: WorkRule = {
  formula: "(operands - 1, + 1 when summing) x product of all subscript sizes",
  flops: (work) => {
    const sizes = einsumSizes(work.call);
    if (sizes === undefined) {
      return 0;
    }
    const { terms, output, sizeOf } = sizes;
    const all = [...new Set(terms.join(""))];
    const isSummed = all.some((subscript) => !output.includes(subscript));
    return (terms.length - 1 + (isSummed ? 1 : 0)) * product(all.map(sizeOf));
  },
};

/**
 * Gates of a recurrent cell, and operations per hidden unit besides the two products. `hiddenAxis`
 * is the axis of the recurrence weights (input 2) that has a hidden unit for each place.
 */
export function recurrent(gates: number, pointwise: number, hiddenAxis: number = 2): WorkRule {
  return {
    formula: `T B D (2 x ${gates} H (I + H) + ${2 * gates} H with bias + ${pointwise} H)`,
    flops: (work) => {
      const { call } = work;
      const steps = inputSize(work, 0, 0) * inputSize(work, 0, 1);
      const [directions, hidden] = [inputSize(work, 2, 0), inputSize(work, 2, hiddenAxis)];
      const input = inputSize(work, 0, 2);
      const bias = call.has(3) ? 2 * gates : 0;
      return steps * directions * hidden * (2 * gates * (input + hidden) + bias + pointwise);
    },
  };
}

/** Scores, scale and mask, softmax, weighted sum; the projection of the input first, if it has one. */
export function attention(sizesOf: AttentionRule, formula: string): WorkRule {
  return {
    formula,
    flops: ({ call }) => {
      const { batch, heads, queries, keys, keySize, valueSize, projection } = sizesOf(call);
      const pairs = product([batch, heads, queries, keys]);
      const made = projection?.columns ?? 0;
      const projected = (projection?.rows ?? 0) * made * (2 * (projection?.width ?? 0) + 1);
      return projected + pairs * (2 * (keySize ?? 0) + 2 * (valueSize ?? 0) + 7);
    },
  };
}

/**
 * Every row goes through the `k` experts chosen for it: inputs `weights` hold a matrix for each
 * expert, packed where `expert_weight_bits` says so.
 */
export function experts(weights: readonly number[], isPacked: boolean): WorkRule {
  return {
    formula: "2 rows k (elements of an expert)",
    flops: (work) => {
      const { call } = work;
      const rows = inputCount(work, 0) / Math.max(1, inputSize(work, 0, -1));
      const perByte = isPacked ? 8 / (call.int("expert_weight_bits") ?? 4) : 1;
      const elements = weights.reduce(
        (sum, i) => sum + (call.has(i) ? product(call.dims(i)?.slice(1) ?? []) * perByte : 0),
        0,
      );
      return 2 * rows * (call.int("k") ?? 1) * elements;
    },
  };
}

/** Elimination of each square matrix. */
export const det: WorkRule = {
  formula: "2/3 n |X|",
  flops: (work) => Math.round((2 / 3) * inputSize(work, 0, -1) * inputCount(work, 0)),
};

/** Elimination of each square matrix, and of the unit matrix beside it. */
export const inverse: WorkRule = {
  formula: "2 n |X|",
  flops: (work) => 2 * inputSize(work, 0, -1) * inputCount(work, 0),
};

/** Weights blockwise in few bits: each is scaled once, then multiplied. The bias is input `bias`, if it has one. */
export function matMulBlocks(bias?: number): WorkRule {
  return {
    formula: `2 |Y| K + 2 K N${bias === undefined ? "" : " + |Y| with bias"}`,
    flops: (work) => {
      const [inner, columns] = [work.call.int("K") ?? 0, work.call.int("N") ?? 0];
      const added = bias !== undefined && work.call.has(bias) ? 1 : 0;
      return (2 * inner + added) * outputCount(work) + 2 * inner * columns;
    },
  };
}
