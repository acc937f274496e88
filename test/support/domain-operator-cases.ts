/** Cases of operators of classic models, of text, of training, and of the newest operator sets. */
import type { ExpectedCase } from "./operator-cases.js";
import type { CaseAttribute } from "./operator-models.js";

function row(
  type: string,
  inputs: string,
  types: string,
  flops: number,
  attributes: Readonly<Record<string, CaseAttribute>> = {},
  opset = 17,
): ExpectedCase {
  return { type, inputs, types, flops, attributes, opset, outputs: types.split(" ").length };
}

const HEADS = { q_num_heads: 2, kv_num_heads: 1 };

/** Two trees of a decision and two leaves each, over the first feature and the second. */
const TREES = {
  nodes_treeids: [0, 0, 0, 1, 1, 1],
  nodes_nodeids: [0, 1, 2, 0, 1, 2],
  nodes_featureids: [0, 0, 0, 1, 0, 0],
  nodes_values: { fs: [0.5, 0, 0, 0.5, 0, 0] },
  nodes_modes: ["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
  nodes_truenodeids: [1, 0, 0, 1, 0, 0],
  nodes_falsenodeids: [2, 0, 0, 2, 0, 0],
};

/** The leaves of `TREES`, each for a target or class of its own. */
function leaves(kind: "target" | "class"): Readonly<Record<string, CaseAttribute>> {
  return {
    [`${kind}_treeids`]: [0, 0, 1, 1],
    [`${kind}_nodeids`]: [1, 2, 1, 2],
    [`${kind}_ids`]: [0, 1, 0, 1],
    [`${kind}_weights`]: { fs: [1, 2, 3, 4] },
  };
}

const TERMS = {
  mode: "TF",
  min_gram_length: 2,
  max_gram_length: 2,
  max_skip_count: 0,
  ngram_counts: [0, 0],
  ngram_indexes: [0, 1, 3],
  pool_int64s: [5, 6, 7, 8, 6, 7],
};

/** The cases. */
export const DOMAIN_CASES: readonly ExpectedCase[] = [
  row("SwiGLU", "f32[2,3] f32[2,3]", "f32[2,3]", 36, {}, 28),
  row(
    "LinearAttention",
    "f32[2,3,8] f32[2,3,4] f32[2,3,6]",
    "f32[2,3,12] f32[2,1,4,6]",
    6 * (2 * 24 + 12 * 9),
    { ...HEADS, update_rule: "linear" },
    27,
  ),
  row(
    "LinearAttention",
    "f32[2,3,8] f32[2,3,4] f32[2,3,6] f32[2,1,4,6] f32[2,3,1] f32[2,3,1]",
    "f32[2,3,12] f32[2,1,4,6]",
    6 * (5 * 24 + 2 * 6 + 12 * 9) + 6,
    HEADS,
    27,
  ),
  row(
    "CausalConvWithState",
    "f32[2,4,8] f32[4,1,3] f32[4]",
    "f32[2,4,8] f32[2,4,2]",
    64 * (6 + 1 + 4),
    { activation: "silu" },
    27,
  ),
  row(
    "ai.onnx.preview:FlexAttention",
    "f32[1,2,3,4] f32[1,2,5,4] f32[1,2,5,6]",
    "f32[1,2,3,6]",
    2 * 3 * 5 * (8 + 12 + 7),
    {},
    26,
  ),
  row(
    "ai.onnx.preview.training:Adam",
    `f32()=0.1 i64()=1${" f32[2,3] f32[4]".repeat(4)}`,
    "f32[2,3] f32[4] f32[2,3] f32[4] f32[2,3] f32[4]",
    14 * 10,
  ),
  row(
    "ai.onnx.preview.training:Adagrad",
    "f32()=0.1 i64()=1 f32[2,3] f32[2,3] f32[2,3]",
    "f32[2,3] f32[2,3]",
    9 * 6,
  ),
  row(
    "ai.onnx.preview.training:Momentum",
    "f32()=0.1 i64()=1 f32[2,3] f32[2,3] f32[2,3]",
    "f32[2,3] f32[2,3]",
    7 * 6,
    { alpha: { f: 0.9 }, beta: { f: 1 }, norm_coefficient: { f: 0 }, mode: "standard" },
  ),
  row("ai.onnx.ml:ArrayFeatureExtractor", "f32[3,4] i64=1,3", "f32[3,2]", 0),
  row("ai.onnx.ml:Binarizer", "f32[2,3]", "f32[2,3]", 6, { threshold: { f: 0.5 } }),
  row("ai.onnx.ml:CategoryMapper", "s[2,3]", "i64[2,3]", 0, {
    cats_strings: ["a", "b"],
    cats_int64s: [1, 2],
  }),
  row("ai.onnx.ml:FeatureVectorizer", "f32[2,3] f32[2,2]", "f32[2,5]", 0, {
    inputdimensions: [3, 2],
  }),
  row("ai.onnx.ml:Imputer", "f32[2,3]", "f32[2,3]", 6, { imputed_value_floats: { fs: [0] } }),
  row("ai.onnx.ml:LabelEncoder", "s[4]", "i64[4]", 0, {
    keys_strings: ["a", "b"],
    values_int64s: [1, 2],
  }),
  row("ai.onnx.ml:LabelEncoder", "i64[4]", "f32[4]", 0, {
    keys_int64s: [1, 2],
    values_floats: { fs: [0.5, 1] },
  }),
  row("ai.onnx.ml:LinearClassifier", "f32[2,3]", "i64[2] f32[2,3]", (2 * 6 + 2) * 3, {
    coefficients: { fs: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    intercepts: { fs: [0, 1, 2] },
    classlabels_ints: [0, 1, 2],
  }),
  row("ai.onnx.ml:LinearClassifier", "f32[2,3]", "s[2] f32[2,2]", (2 * 6 + 2) * 2, {
    coefficients: { fs: [1, 2, 3] },
    intercepts: { fs: [0] },
    classlabels_strings: ["no", "yes"],
  }),
  row("ai.onnx.ml:LinearRegressor", "f32[2,3]", "f32[2,2]", (2 * 6 + 2) * 2, {
    coefficients: { fs: [1, 2, 3, 4, 5, 6] },
    targets: 2,
  }),
  row("ai.onnx.ml:Normalizer", "f32[2,3]", "f32[2,3]", 18, { norm: "L2" }),
  row("ai.onnx.ml:OneHotEncoder", "i64[2,3]", "f32[2,3,4]", 0, { cats_int64s: [0, 1, 2, 3] }),
  row("ai.onnx.ml:Scaler", "f32[2,3]", "f32[2,3]", 12, {
    offset: { fs: [0, 0, 0] },
    scale: { fs: [1, 2, 3] },
  }),
  row("ai.onnx.ml:SVMRegressor", "f32[2,3]", "f32[2,1]", 2 * 6 * 2, {
    coefficients: { fs: [1, 2] },
    kernel_type: "LINEAR",
    n_supports: 2,
    rho: { fs: [0] },
    support_vectors: { fs: [1, 2, 3, 4, 5, 6] },
  }),
  row("ai.onnx.ml:TreeEnsembleRegressor", "f32[2,3]", "f32[2,2]", 2 * 2 * 2, {
    ...TREES,
    ...leaves("target"),
    n_targets: 2,
  }),
  row("ai.onnx.ml:TreeEnsembleClassifier", "f32[2,3]", "i64[2] f32[2,2]", 2 * 2 * 2, {
    ...TREES,
    ...leaves("class"),
    classlabels_int64s: [0, 1],
  }),
  row("RegexFullMatch", "s[2]", "b[2]", 0, { pattern: "a+" }, 20),
  row("StringConcat", "s[2,1] s[3]", "s[2,3]", 0, {}, 20),
  row("StringNormalizer", "s[3]", "s[3]", 0, { case_change_action: "UPPER" }),
  row("TfIdfVectorizer", "i64[2,5]", "f32[2,4]", 0, TERMS),
];
