/**
 * Work of convolutions, matrix products, recurrent operators and attention: where most of the
 * FLOPs of a model are.
 *
 * Source: a convolution makes each output element from (C / group) x kernel products (Sze et al.,
 * "Efficient Processing of Deep Neural Networks", Proc. IEEE 105(12), 2017, section III); the
 * recurrent counts follow the equations in the ONNX operator documentation.
 */
import { inputCount, inputSize, outputCount, product, type WorkRule } from "./work-rule.js";

/** A convolution whose weights are input `weights` and whose bias is input `bias`. */
export function convolution(weights: number, bias: number, extra: number): WorkRule {
  const requantised = extra > 0 ? ` + ${extra} |Y|` : "";
  return {
    formula: `2 |Y| (C / group) kernel + |Y| with bias${requantised}`,
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

/** `FusedMatMul` of ONNX Runtime, with its scale. */
export const fusedMatMul: WorkRule = {
  formula: "2 |Y| K + |Y| with alpha",
  flops: (work) => {
    const isTransposed = work.call.int("transA") === 1;
    const scale = (work.call.float("alpha") ?? 1) === 1 ? 0 : 1;
    return (2 * inputSize(work, 0, isTransposed ? -2 : -1) + scale) * outputCount(work);
  },
};

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
    const { call } = work;
    const [left = "", right] = (call.text("equation") ?? "").replaceAll(" ", "").split("->");
    const sizes = new Map<string, number>();
    for (const [i, term] of left.split(",").entries()) {
      const letters = [...term.replace("...", "")];
      const dims = call.dims(i) ?? [];
      const tail = term.includes("...") ? dims.slice(dims.length - letters.length) : dims;
      for (const [position, letter] of letters.entries()) {
        sizes.set(letter, Math.max(sizes.get(letter) ?? 1, tail[position] ?? 1));
      }
    }
    const kept = right ?? left;
    const summed = [...sizes].filter(([letter]) => right !== undefined && !kept.includes(letter));
    const sum = product(summed.map(([, size]) => size));
    const operations = left.split(",").length - 1 + (summed.length > 0 ? 1 : 0);
    return operations * outputCount(work) * sum;
  },
};

/** Gates of a recurrent cell, and operations per hidden unit beside the two products. */
export function recurrent(gates: number, pointwise: number): WorkRule {
  return {
    formula: `T B D (2 x ${gates} H (I + H) + ${2 * gates} H with bias + ${pointwise} H)`,
    flops: (work) => {
      const { call } = work;
      const steps = inputSize(work, 0, 0) * inputSize(work, 0, 1);
      const [directions, hidden] = [inputSize(work, 2, 0), inputSize(work, 2, 2)];
      const input = inputSize(work, 0, 2);
      const bias = call.has(3) ? 2 * gates : 0;
      return steps * directions * hidden * (2 * gates * (input + hidden) + bias + pointwise);
    },
  };
}

/** Scores, scale and mask, softmax, weighted sum: of `pairs` query-key pairs per head. */
function attentionFlops(pairs: number, keySize: number, valueSize: number): number {
  return pairs * (2 * keySize + 2 * valueSize + 7);
}

/** `Attention` of ONNX: no projections. */
export const attention: WorkRule = {
  formula: "B heads Lq Lk (2 Dk + 2 Dv + 7)",
  flops: (work) => {
    const { call } = work;
    const heads =
      call.dims(0)?.length === 4 ? inputSize(work, 0, 1) : (call.int("q_num_heads") ?? 1);
    const perHead = (i: number, count: number) =>
      call.dims(i)?.length === 4 ? inputSize(work, i, 3) : inputSize(work, i, 2) / count;
    const kvHeads = call.int("kv_num_heads") ?? heads;
    const past = call.has(4) ? inputSize(work, 4, 2) : 0;
    const pairs =
      inputSize(work, 0, 0) * heads * inputSize(work, 0, -2) * (inputSize(work, 1, -2) + past);
    return attentionFlops(pairs, perHead(0, heads), perHead(2, kvHeads));
  },
};

/** Projections of the input to query, key and value come first. */
export const fusedAttention: WorkRule = {
  formula: "2 B L W 3H + 3 B L H + B L (L + past) (4 H + 7 heads)",
  flops: (work) => {
    const [batch, length, width] = [0, 1, 2].map((axis) => inputSize(work, 0, axis)) as [
      number,
      number,
      number,
    ];
    const columns = inputSize(work, 1, 1);
    const heads = work.call.int("num_heads") ?? 1;
    const past = work.call.has(4) ? inputSize(work, 4, 3) : 0;
    const pairs = batch * heads * length * (length + past);
    const size = columns / 3 / heads;
    return batch * length * columns * (2 * width + 1) + attentionFlops(pairs, size, size);
  },
};

/** `MultiHeadAttention` of ONNX Runtime: no projections. */
export const multiHeadAttention: WorkRule = {
  formula: "B Lq Lk (2 Hk + 2 Hv + 7 heads)",
  flops: (work) => {
    const heads = work.call.int("num_heads") ?? 1;
    const isSplit = work.call.dims(1)?.length === 3;
    const keys = isSplit ? inputSize(work, 1, 1) : inputSize(work, 0, 1);
    const pairs = inputSize(work, 0, 0) * heads * inputSize(work, 0, 1) * keys;
    const keySize = inputSize(work, 0, 2) / heads;
    const valueSize = isSplit ? inputSize(work, 2, 2) / heads : keySize;
    return attentionFlops(pairs, keySize, valueSize);
  },
};

/** Elimination of each square matrix. */
export const det: WorkRule = {
  formula: "2/3 n |X|",
  flops: (work) => Math.round((2 / 3) * inputSize(work, 0, -1) * inputCount(work, 0)),
};

/** Weights blockwise in few bits: each is scaled once, then multiplied. */
export const matMulBlocks: WorkRule = {
  formula: "2 |Y| K + 2 K N",
  flops: (work) => {
    const [inner, columns] = [work.call.int("K") ?? 0, work.call.int("N") ?? 0];
    return 2 * outputCount(work) * inner + 2 * inner * columns;
  },
};
