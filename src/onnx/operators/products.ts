/** Convolutions, matrix products, attention and recurrent operators: most FLOPs of most models. */
import * as attention from "../infer/attention.js";
import * as sizes from "../infer/attention-sizes.js";
import * as convolution from "../infer/convolution.js";
import { einsum } from "../infer/einsum.js";
import { likeFirst } from "../infer/elementwise.js";
import * as matrix from "../infer/matrix.js";
import type { InferRule } from "../infer/node-call.js";
import { quantizedRecurrent, recurrent } from "../infer/recurrent.js";
import { none } from "../work/movement.js";
import * as work from "../work/products.js";
import { alike, type OperatorTable, type OperatorType } from "./operator-type.js";
import * as products from "./product-rules.js";

const CONVOLUTIONS: OperatorTable = {
  Conv: {
    form: "product",
    infer: convolution.conv,
    work: work.convolution(1, 2, 0),
    products: products.convolution(1),
  },
  ...alike("com.microsoft:FusedConv com.microsoft.nchwc:Conv", {
    form: "product",
    infer: convolution.conv,
    work: work.convolution(1, 2, 1),
    products: products.convolution(1),
  }),
  ConvInteger: {
    form: "product",
    infer: convolution.convInteger,
    work: work.convolution(1, 99, 0),
    products: products.convolution(1),
    readsQuantized: true,
  },
  ...alike("QLinearConv com.microsoft:QLinearConv", {
    form: "product",
    infer: convolution.qLinearConv,
    work: work.convolution(3, 8, 3),
    products: products.convolution(3),
    readsQuantized: true,
  }),
  ConvTranspose: {
    form: "product",
    infer: convolution.convTranspose,
    work: work.convTranspose,
    products: products.transposedConvolution,
  },
  DeformConv: {
    form: "product",
    infer: convolution.conv,
    work: work.deformConv,
    products: products.convolution(1),
  },
  Col2Im: { form: "movement", infer: convolution.col2Im, work: none },
};

const MATRICES: OperatorTable = {
  MatMul: {
    form: "product",
    infer: matrix.matMul,
    work: work.matMul(0),
    products: products.matrices,
  },
  MatMulInteger: {
    form: "product",
    infer: matrix.matMulInteger,
    work: work.matMul(0),
    products: products.matrices,
    readsQuantized: true,
  },
  QLinearMatMul: {
    form: "product",
    infer: matrix.qLinearMatMul,
    work: work.matMul(3),
    products: products.matrices,
    readsQuantized: true,
  },
  "com.microsoft:MatMulIntegerToFloat": {
    form: "product",
    infer: matrix.matMulIntegerToFloat,
    work: work.matMul(2),
    products: products.matrices,
    readsQuantized: true,
  },
  "com.microsoft:DynamicQuantizeMatMul": {
    form: "product",
    infer: matrix.dynamicQuantizeMatMul,
    work: work.matMul(2),
    products: products.matrices,
    readsQuantized: true,
  },
  ...alike("com.microsoft:FusedMatMul com.microsoft:TransposeMatMul", {
    form: "product",
    infer: matrix.fusedMatMul,
    work: work.fusedMatMul(0),
    products: products.fusedMatrices,
  }),
  "com.microsoft:MatMulNBits": {
    form: "product",
    infer: matrix.matMulBlocks,
    work: work.matMulBlocks(5),
    products: products.packedMatrices,
    readsQuantized: true,
    places: [4],
    packs: { inputs: [1, 3], bits: "bits", count: products.blockCount },
  },
  "com.microsoft:MatMulBnb4": {
    form: "product",
    infer: matrix.matMulBlocks,
    work: work.matMulBlocks(),
    products: products.packedMatrices,
    readsQuantized: true,
    packs: { inputs: [1], bits: "bits", count: products.blockCount },
  },
  "com.microsoft:FusedMatMulActivation": {
    form: "product",
    infer: matrix.fusedMatMul,
    work: work.fusedMatMul(1),
    products: products.fusedMatrices,
  },
  "com.microsoft:GemmFastGelu": {
    form: "product",
    infer: matrix.matMul,
    work: work.matMul(9),
    products: products.matrices,
  },
  Gemm: {
    form: "product",
    infer: matrix.gemm,
    work: work.gemm(2),
    products: products.general,
  },
  "com.microsoft:FusedGemm": {
    form: "product",
    infer: matrix.gemm,
    work: work.gemm(2),
    products: products.general,
  },
  "com.microsoft:QGemm": {
    form: "product",
    infer: matrix.qGemm,
    work: work.gemm(6),
    products: products.general,
    readsQuantized: true,
  },
  Einsum: { form: "product", infer: einsum, work: work.einsum, products: products.einsum },
};

function attended(types: InferRule, sizesOf: sizes.AttentionRule, formula: string): OperatorType {
  return {
    form: "product",
    infer: types,
    work: work.attention(sizesOf, formula),
    products: products.attention(sizesOf),
  };
}

const PROJECTED = "2 B L W (Q + K + V) + B L (Q + K + V) + B heads L (L + past) (2 Dk + 2 Dv + 7)";

const ATTENTION: OperatorTable = {
  Attention: attended(
    attention.attention,
    sizes.plainSizes,
    "B heads Lq (past + Lk) (2 Dk + 2 Dv + 7)",
  ),
  "ai.onnx.preview:FlexAttention": attended(
    attention.flexAttention,
    sizes.plainSizes,
    "B heads Lq Lk (2 Dk + 2 Dv + 7), score_mod and prob_mod apart",
  ),
  "com.microsoft:Attention": attended(attention.fusedAttention, sizes.projectedSizes(4), PROJECTED),
  "com.microsoft:QAttention": {
    ...attended(attention.quantizedAttention, sizes.projectedSizes(8), PROJECTED),
    readsQuantized: true,
    places: [5],
  },
  "com.microsoft:MultiHeadAttention": attended(
    attention.multiHeadAttention,
    sizes.multiHeadSizes,
    "B Lq (past + Lk) (2 Hk + 2 Hv + 7 heads)",
  ),
  "com.microsoft:DecoderMaskedMultiHeadAttention": attended(
    attention.decoderAttention,
    sizes.decoderSizes,
    "B Lq (past + Lk) (2 Hk + 2 Hv + 7 heads)",
  ),
  "com.microsoft:GroupQueryAttention": {
    ...attended(attention.groupQueryAttention, sizes.groupedSizes, "B heads L total (4 D + 7)"),
    isMisjudged: true,
  },
};

const EXPERTS: OperatorTable = {
  "com.microsoft:MoE": {
    form: "product",
    infer: likeFirst,
    work: work.experts([2, 4, 6], false),
    products: products.experts(2, 4, false),
    readShare: products.chosenExperts(2),
  },
  "com.microsoft:QMoE": {
    form: "product",
    infer: likeFirst,
    work: work.experts([2, 5, 8], true),
    products: products.experts(2, 5, true),
    readShare: products.chosenExperts(2),
    readsQuantized: true,
    packs: { inputs: [2, 5, 8, 11, 12, 13], bits: "expert_weight_bits" },
  },
};

const RECURRENT: OperatorTable = {
  LSTM: {
    form: "recurrent",
    infer: recurrent,
    work: work.recurrent(4, 18),
    recurrence: products.recurrence(4),
  },
  GRU: {
    form: "recurrent",
    infer: recurrent,
    work: work.recurrent(3, 14),
    recurrence: products.recurrence(3),
  },
  "com.microsoft:DynamicQuantizeLSTM": {
    form: "recurrent",
    infer: quantizedRecurrent,
    work: work.recurrent(4, 18, 1),
    recurrence: products.recurrence(4, 1),
    readsQuantized: true,
    places: [4],
  },
  RNN: {
    form: "recurrent",
    infer: recurrent,
    work: work.recurrent(1, 1),
    recurrence: products.recurrence(1),
  },
};

/** Rows of the operators that multiply. */
export const PRODUCTS: OperatorTable = {
  ...CONVOLUTIONS,
  ...MATRICES,
  ...ATTENTION,
  ...EXPERTS,
  ...RECURRENT,
};
