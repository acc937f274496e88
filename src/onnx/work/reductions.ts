/** Work of reductions, normalisations, pools, resampling and selection. */
import {
  inputCount,
  inputSize,
  outputCount,
  product,
  type WorkCall,
  type WorkRule,
  type WorkTable,
} from "./work-rule.js";

/** So many operations per element of the input, and per element of the output. */
function perInput(count: number, perOutput: number = 0): WorkRule {
  const second = perOutput === 0 ? "" : perOutput === 1 ? " + |Y|" : ` + ${perOutput} |Y|`;
  return {
    formula: `${count === 1 ? "" : `${count} `}|X|${second}`,
    flops: (work) => count * inputCount(work, 0) + perOutput * outputCount(work),
  };
}

/** So many operations per tap of the window, and per element of the output. */
function window(perTap: number, perOutput: number): WorkRule {
  const tail = perOutput === 0 ? "" : perOutput < 0 ? ` - |Y|` : ` + |Y|`;
  return {
    formula: `${perTap === 1 ? "" : `${perTap} `}|Y| kernel${tail}`,
    flops: (work) =>
      outputCount(work) * (perTap * product(work.call.ints("kernel_shape") ?? []) + perOutput),
  };
}

/** Squares of `size` neighbours are added, then scaled, shifted, raised and divided. */
const lrn: WorkRule = {
  formula: "(size + 5) |Y|",
  flops: (work) => ((work.call.int("size") ?? 1) + 5) * outputCount(work),
};

/** Bits that tell `count` things apart. */
function bits(count: number): number {
  return Math.ceil(Math.log2(Math.max(2, count)));
}

const topK: WorkRule = {
  formula: "|X| ceil(log2 k)",
  flops: (work) => {
    const axis = work.call.int("axis") ?? -1;
    return inputCount(work, 0) * bits(work.outputs[0]?.dims?.at(axis) ?? 1);
  },
};

const sorted: WorkRule = {
  formula: "|X| ceil(log2 |X|)",
  flops: (work) => inputCount(work, 0) * bits(inputCount(work, 0)),
};

/** Neighbours that one resampled element is made of, along each dim that changes. */
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

const resize: WorkRule = {
  formula: "2 taps^d |Y| over d resized dims; taps: nearest 0, linear 2, cubic 4",
  flops: (work) => {
    const taps = TAPS[work.call.text("mode") ?? "nearest"] ?? 0;
    return taps === 0 ? 0 : 2 * taps ** changedDims(work) * outputCount(work);
  },
};

const gridSample: WorkRule = {
  formula: "2 taps^d |Y| over d spatial dims; taps: nearest 0, linear 2, cubic 4",
  flops: (work) => {
    const taps = TAPS[work.call.text("mode") ?? "linear"] ?? 2;
    return taps === 0 ? 0 : 2 * taps ** inputSize(work, 1, -1) * outputCount(work);
  },
};

/** Bilinear samples per output: `sampling_ratio` squared; as many as fit (taken as 2 x 2) when adaptive. */
const roiAlign: WorkRule = {
  formula: "8 ratio^2 |Y|, ratio = sampling_ratio or 2",
  flops: (work) => 8 * (work.call.int("sampling_ratio") || 2) ** 2 * outputCount(work),
};

/** Complex fast Fourier transforms of length n. */
const dft: WorkRule = {
  formula: "5 n log2 n per transform",
  flops: (work) => {
    const dims = work.call.dims(0) ?? [];
    const axis =
      work.call.opset >= 20 ? (work.call.values(2)?.[0] ?? -2) : (work.call.int("axis") ?? 1);
    const n = work.call.values(1)?.[0] ?? dims.at(axis) ?? 1;
    const transforms = inputCount(work, 0) / Math.max(1, (dims.at(axis) ?? 1) * (dims.at(-1) ?? 1));
    return Math.round(5 * n * Math.log2(Math.max(2, n)) * transforms);
  },
};

const stft: WorkRule = {
  formula: "(5 n log2 n + 2 n) per frame of n",
  flops: (work) => {
    const n = work.call.values(3)?.[0] ?? inputSize(work, 2, 0);
    const frames = product(work.outputs[0]?.dims?.slice(0, 2) ?? []);
    return Math.round(frames * n * (5 * Math.log2(Math.max(2, n)) + 2));
  },
};

/** Scores are compared with the threshold. */
const nonMaxSuppression: WorkRule = {
  formula: "|scores|",
  flops: (work) => inputCount(work, 1),
};

/** Updates are added, multiplied or compared when a reduction is asked for. */
const scatter: WorkRule = {
  formula: "|updates| with a reduction, else 0",
  flops: (work) => ((work.call.text("reduction") ?? "none") === "none" ? 0 : inputCount(work, 2)),
};

/** The sum of word, position and segment embeddings is normalised. */
const embedLayerNormalization: WorkRule = {
  formula: "9 |Y|",
  flops: (work) => 9 * outputCount(work),
};

/** Work of the operators that reduce, normalise, pool, resample and select. */
export const REDUCTION_WORK: WorkTable = {
  ReduceSum: perInput(1),
  ReduceMean: perInput(1),
  ReduceMax: perInput(1),
  ReduceMin: perInput(1),
  ReduceProd: perInput(1),
  ReduceL1: perInput(2),
  ReduceL2: perInput(2, 1),
  ReduceSumSquare: perInput(2),
  ReduceLogSum: perInput(1, 1),
  ReduceLogSumExp: perInput(2, 1),
  "com.microsoft:ReduceSumInteger": perInput(1),
  ArgMax: perInput(1),
  ArgMin: perInput(1),
  CumSum: perInput(1),
  CumProd: perInput(1),
  NonZero: perInput(1),
  Compress: perInput(0),
  Softmax: perInput(5),
  LogSoftmax: perInput(5),
  Hardmax: perInput(1),
  "com.microsoft:BiasSoftmax": perInput(6),
  "com.microsoft:QLinearSoftmax": perInput(11),
  LpNormalization: perInput(3),
  MeanVarianceNormalization: perInput(5),
  LayerNormalization: perInput(7),
  SimplifiedLayerNormalization: perInput(4),
  "com.microsoft:LayerNormalization": perInput(7),
  "com.microsoft:SimplifiedLayerNormalization": perInput(4),
  "com.microsoft:SkipLayerNormalization": perInput(9),
  "com.microsoft:SkipSimplifiedLayerNormalization": perInput(6),
  "com.microsoft:EmbedLayerNormalization": embedLayerNormalization,
  RMSNormalization: perInput(4),
  InstanceNormalization: perInput(7),
  GroupNormalization: perInput(7),
  "com.microsoft:GroupNorm": perInput(7),
  LRN: lrn,
  MaxPool: window(1, -1),
  AveragePool: window(1, 0),
  LpPool: window(2, 1),
  "com.microsoft:QLinearAveragePool": window(1, 1),
  GlobalAveragePool: perInput(1),
  GlobalMaxPool: perInput(1),
  GlobalLpPool: perInput(2, 1),
  "com.microsoft:QLinearGlobalAveragePool": perInput(1, 1),
  MaxRoiPool: perInput(1),
  RoiAlign: roiAlign,
  Resize: resize,
  Upsample: resize,
  GridSample: gridSample,
  "com.microsoft:GridSample": gridSample,
  DFT: dft,
  STFT: stft,
  TopK: topK,
  Unique: sorted,
  NonMaxSuppression: nonMaxSuppression,
  ScatterElements: scatter,
  ScatterND: scatter,
};
