/** Convolutions, matrix products, attention and recurrent operators: most FLOPs of most models. */
import * as attention from "../infer/attention.js";
import * as convolution from "../infer/convolution.js";
import * as matrix from "../infer/matrix.js";
import { recurrent } from "../infer/recurrent.js";
import { none } from "../work/movement.js";
import * as work from "../work/products.js";
import { alike, type OperatorTable } from "./operator-type.js";
import * as sizes from "./product-rules.js";

const CONVOLUTIONS: OperatorTable = {
  Conv: {
    form: "product",
    infer: convolution.conv,
    work: work.convolution(1, 2, 0),
    product: sizes.convolution(1),
  },
  "com.microsoft:FusedConv": {
    form: "product",
    infer: convolution.conv,
    work: work.convolution(1, 2, 1),
    product: sizes.convolution(1),
  },
  ConvInteger: {
    form: "product",
    infer: convolution.convInteger,
    work: work.convolution(1, 99, 0),
    product: sizes.convolution(1),
    readsQuantized: true,
  },
  QLinearConv: {
    form: "product",
    infer: convolution.qLinearConv,
    work: work.convolution(3, 8, 3),
    product: sizes.convolution(3),
    readsQuantized: true,
  },
  ConvTranspose: {
    form: "product",
    infer: convolution.convTranspose,
    work: work.convTranspose,
    product: sizes.transposedConvolution,
  },
  DeformConv: { form: "product", infer: convolution.conv, work: work.deformConv },
  Col2Im: { form: "movement", infer: convolution.col2Im, work: none },
};

const MATRICES: OperatorTable = {
  MatMul: {
    form: "product",
    infer: matrix.matMul,
    work: work.matMul(0),
    product: sizes.matrices,
  },
  MatMulInteger: {
    form: "product",
    infer: matrix.matMulInteger,
    work: work.matMul(0),
    product: sizes.matrices,
    readsQuantized: true,
  },
  QLinearMatMul: {
    form: "product",
    infer: matrix.qLinearMatMul,
    work: work.matMul(3),
    product: sizes.matrices,
    readsQuantized: true,
  },
  "com.microsoft:MatMulIntegerToFloat": {
    form: "product",
    infer: matrix.matMulIntegerToFloat,
    work: work.matMul(2),
    readsQuantized: true,
  },
  "com.microsoft:DynamicQuantizeMatMul": {
    form: "product",
    infer: matrix.dynamicQuantizeMatMul,
    work: work.matMul(2),
    readsQuantized: true,
  },
  "com.microsoft:FusedMatMul": {
    form: "product",
    infer: matrix.fusedMatMul,
    work: work.fusedMatMul,
    product: sizes.matrices,
  },
  "com.microsoft:TransposeMatMul": {
    form: "product",
    infer: matrix.fusedMatMul,
    work: work.fusedMatMul,
  },
  ...alike("com.microsoft:MatMulNBits com.microsoft:MatMulBnb4", {
    form: "product",
    infer: matrix.matMulBlocks,
    work: work.matMulBlocks,
    readsQuantized: true,
  }),
  Gemm: {
    form: "product",
    infer: matrix.gemm,
    work: work.gemm(2),
    product: sizes.general,
  },
  "com.microsoft:FusedGemm": { form: "product", infer: matrix.gemm, work: work.gemm(2) },
  "com.microsoft:QGemm": {
    form: "product",
    infer: matrix.qGemm,
    work: work.gemm(6),
    readsQuantized: true,
  },
  Einsum: { form: "product", infer: matrix.einsum, work: work.einsum },
};

const ATTENTION: OperatorTable = {
  Attention: { form: "product", infer: attention.attention, work: work.attention },
  "com.microsoft:Attention": {
    form: "product",
    infer: attention.fusedAttention,
    work: work.fusedAttention,
  },
  "com.microsoft:MultiHeadAttention": {
    form: "product",
    infer: attention.multiHeadAttention,
    work: work.multiHeadAttention,
  },
};

const RECURRENT: OperatorTable = {
  LSTM: {
    form: "recurrent",
    infer: recurrent,
    work: work.recurrent(4, 18),
    recurrence: sizes.recurrence(4),
  },
  GRU: {
    form: "recurrent",
    infer: recurrent,
    work: work.recurrent(3, 14),
    recurrence: sizes.recurrence(3),
  },
  RNN: {
    form: "recurrent",
    infer: recurrent,
    work: work.recurrent(1, 1),
    recurrence: sizes.recurrence(1),
  },
};

/** Rows of the operators that multiply. */
export const PRODUCTS: OperatorTable = {
  ...CONVOLUTIONS,
  ...MATRICES,
  ...ATTENTION,
  ...RECURRENT,
};
