/** Normalizations: by rows, by windows of channels, by given statistics. */
import { likeFirst } from "../infer/elementwise.js";
import { embedLayerNormalization, quantizedEmbedding } from "../infer/indexing.js";
import type { InferRule } from "../infer/node-call.js";
import * as infer from "../infer/normalization.js";
import { perElement } from "../work/elementwise.js";
import * as work from "../work/reductions.js";
import { alike, type OperatorTable, type OperatorType } from "./operator-type.js";

/** `flops` operations for each element of the input. */
function rows(flops: number, types: InferRule = likeFirst): OperatorType {
  return { form: "rows", infer: types, work: work.perInput(flops) };
}

/** Rows of the normalizations. */
export const NORMALIZATIONS: OperatorTable = {
  BatchNormalization: { form: "element", infer: infer.batchNormalization, work: perElement(2) },
  LRN: { form: "window", infer: likeFirst, work: work.lrn },
  Hardmax: rows(1),
  LpNormalization: rows(3),
  ...alike("Softmax LogSoftmax MeanVarianceNormalization", rows(5)),
  "com.microsoft:BiasSoftmax": rows(6),
  "com.microsoft:QLinearSoftmax": { ...rows(11), readsQuantized: true },
  RMSNormalization: rows(4),
  ...alike("InstanceNormalization GroupNormalization com.microsoft:GroupNorm", rows(7)),
  "com.microsoft:SkipGroupNorm": rows(9, infer.skipGroupNormalization),
  ...alike(
    "LayerNormalization com.microsoft:LayerNormalization",
    rows(7, infer.layerNormalization),
  ),
  ...alike(
    "SimplifiedLayerNormalization com.microsoft:SimplifiedLayerNormalization",
    rows(4, infer.layerNormalization),
  ),
  "com.microsoft:SkipLayerNormalization": rows(9, infer.skipLayerNormalization),
  "com.microsoft:SkipSimplifiedLayerNormalization": rows(6, infer.skipLayerNormalization),
  "com.microsoft:EmbedLayerNormalization": {
    form: "rows",
    infer: embedLayerNormalization,
    work: work.embedLayerNormalization,
  },
  "com.microsoft:QEmbedLayerNormalization": {
    form: "rows",
    infer: quantizedEmbedding,
    work: perElement(15),
    readsQuantized: true,
    places: [0, 1, 7],
  },
};
