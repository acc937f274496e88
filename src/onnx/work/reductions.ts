/** Work of reductions, normalizations, pools, resampling and selection. */
import {
  inputCount,
  inputSize,
  outputCount,
  product,
  type WorkCall,
  type WorkRule,
} from "./work-rule.js";

/** `count` operations per element of the input, `perOutput` per element of the output. */
export function perInput(count: number, perOutput: number = 0): WorkRule {
  const second = perOutput === 0 ? "" : perOutput === 1 ? " + |Y|" : ` + ${perOutput} |Y|`;
  return {
    formula: `${count === 1 ? "" : `${count} `}|X|${second}`,
    flops: (work) => count * inputCount(work, 0) + perOutput * outputCount(work),
  };
}

/** `perTap` operations per tap of the window, `perOutput` per element of the output. */
export function window(perTap: number, perOutput: number): WorkRule {
  const tail = perOutput === 0 ? "" : perOutput < 0 ? ` - |Y|` : ` + |Y|`;
  return {
    formula: `${perTap === 1 ? "" : `${perTap} `}|Y| kernel${tail}`,
    flops: (work) =>
      outputCount(work) * (perTap * product(work.call.ints("kernel_shape") ?? []) + perOutput),
  };
}

/** Squares of `size` neighbors are added, then scaled, shifted, raised and divided. */
export const lrn: WorkRule = {
  formula: "(size + 5) |Y|",
  flops: (work) => ((work.call.int("size") ?? 1) + 5) * outputCount(work),
};

/** Bits that distinguish `count` values. */
function bits(count: number): number {
  return Math.ceil(Math.log2(Math.max(2, count)));
}

/** A search tree of the k largest. */
export const topK: WorkRule = {
  formula: "|X| ceil(log2 k)",
  flops: (work) => {
    const axis = work.call.int("axis") ?? -1;
    return inputCount(work, 0) * bits(work.outputs[0]?.dims?.at(axis) ?? 1);
  },
};

/** Sorting all elements. */
export const sorted: WorkRule = {
  formula: "|X| ceil(log2 |X|)",
  flops: (work) => inputCount(work, 0) * bits(inputCount(work, 0)),
};

/** Neighbors that one resampled element is made of, along each dim that changes. */
const TAPS: Readonly<Record<string, number>> = {
  nearest: 0,
  linear: 2,
  bilinear: 2,
  cubic: 4,
  bicubic: 4,
};

function changedDims(work: WorkCall): number {
  return work.outputs[0]?.dims?.filter((dim, i) => dim !== work.call.dims(0)?.[i]).length ?? 0;
}

/** `Resize` and `Upsample`. */
export const resize: WorkRule = {
  formula: "2 taps^d |Y| over d resized dims; taps: nearest 0, linear 2, cubic 4",
  flops: (work) => {
    const taps = TAPS[work.call.text("mode") ?? "nearest"] ?? 0;
    return taps === 0 ? 0 : 2 * taps ** changedDims(work) * outputCount(work);
  },
};

/** `GridSample`. */
export const gridSample: WorkRule = {
  formula: "2 taps^d |Y| over d spatial dims; taps: nearest 0, linear 2, cubic 4",
  flops: (work) => {
    const taps = TAPS[work.call.text("mode") ?? "linear"] ?? 2;
    return taps === 0 ? 0 : 2 * taps ** inputSize(work, 1, -1) * outputCount(work);
  },
};

/** Bilinear samples per output: `sampling_ratio` squared; taken as 2 x 2 when adaptive. */
export const roiAlign: WorkRule = {
  formula: "8 ratio^2 |Y|, ratio = sampling_ratio or 2",
  flops: (work) => 8 * (work.call.int("sampling_ratio") || 2) ** 2 * outputCount(work),
};

/** Complex fast Fourier transforms of length n. */
export const dft: WorkRule = {
  formula: "5 n log2 n per transform",
  flops: (work) => {
    const dims = work.call.dims(0) ?? [];
    const axis =
      work.call.opset >= 20 ? (work.call.values(2)?.[0] ?? -2) : (work.call.int("axis") ?? 1);
    const isWhole = work.call.int("onesided") === 1 && work.call.int("inverse") === 1;
    const size = dims.at(axis) ?? 1;
    const n = work.call.values(1)?.[0] ?? (isWhole ? 2 * (size - 1) : size);
    const transforms = inputCount(work, 0) / Math.max(1, size * (dims.at(-1) ?? 1));
    return Math.round(5 * n * Math.log2(Math.max(2, n)) * transforms);
  },
};

/** Fast Fourier transforms of real numbers over the last `signal_ndim` dims: of input 0, or back to output 0. */
export function realDft(side: "input" | "output"): WorkRule {
  return {
    formula: "5 n log2 n per transform",
    flops: (work) => {
      const dims = (side === "input" ? work.call.dims(0) : work.outputs[0]?.dims) ?? [];
      const n = product(dims.slice(-(work.call.int("signal_ndim") ?? 1)));
      const transforms = product(dims) / Math.max(1, n);
      return Math.round(5 * n * Math.log2(Math.max(2, n)) * transforms);
    },
  };
}

/** A Fourier transform of each windowed frame. */
export const stft: WorkRule = {
  formula: "(5 n log2 n + 2 n) per frame of n",
  flops: (work) => {
    const n = work.call.values(3)?.[0] ?? inputSize(work, 2, 0);
    const frames = product(work.outputs[0]?.dims?.slice(0, 2) ?? []);
    return Math.round(frames * n * (5 * Math.log2(Math.max(2, n)) + 2));
  },
};

/** Scores are compared with the threshold. */
export const nonMaxSuppression: WorkRule = {
  formula: "|scores|",
  flops: (work) => inputCount(work, 1),
};

/** Updates are added, multiplied or compared when there is a reduction. */
export const scatter: WorkRule = {
  formula: "|updates| with a reduction, else 0",
  flops: (work) => ((work.call.text("reduction") ?? "none") === "none" ? 0 : inputCount(work, 2)),
};

/** The sum of word, position and segment embeddings is normalized. */
export const embedLayerNormalization: WorkRule = {
  formula: "9 |Y|",
  flops: (work) => 9 * outputCount(work),
};
