/** Classic models and their encodings: the operators of `ai.onnx.ml` that take and give tensors. */
import * as infer from "../infer/classic.js";
import { likeFirst } from "../infer/elementwise.js";
import type { InferRule } from "../infer/node-call.js";
import * as work from "../work/classic.js";
import { perElement } from "../work/elementwise.js";
import { none } from "../work/movement.js";
import { perInput } from "../work/reductions.js";
import type { WorkRule } from "../work/work-rule.js";
import type { OperatorTable, OperatorType } from "./operator-type.js";

function element(flops: number, types: InferRule): OperatorType {
  return { form: "element", infer: types, work: perElement(flops) };
}

function encoding(types: InferRule): OperatorType {
  return { form: "movement", infer: types, work: none };
}

function model(types: InferRule, flops: WorkRule): OperatorType {
  return { form: "rows", infer: types, work: flops };
}

/** Rows of the classic models. */
export const CLASSIC: OperatorTable = {
  "ai.onnx.ml:ArrayFeatureExtractor": { ...encoding(infer.arrayFeatures), readsPart: true },
  "ai.onnx.ml:Binarizer": element(1, likeFirst),
  "ai.onnx.ml:CategoryMapper": encoding(infer.categories),
  "ai.onnx.ml:FeatureVectorizer": encoding(infer.featureVector),
  "ai.onnx.ml:Imputer": element(1, likeFirst),
  "ai.onnx.ml:LabelEncoder": encoding(infer.labels),
  "ai.onnx.ml:LinearClassifier": model(infer.linearClassification, work.linearClassifier),
  "ai.onnx.ml:LinearRegressor": model(infer.regression, work.linearRegressor),
  "ai.onnx.ml:Normalizer": model(infer.asFloats, perInput(3)),
  "ai.onnx.ml:OneHotEncoder": encoding(infer.oneHotEncoded),
  "ai.onnx.ml:SVMClassifier": model(infer.vectorClassification, work.vectorMachine),
  "ai.onnx.ml:SVMRegressor": model(infer.regression, work.vectorMachine),
  "ai.onnx.ml:Scaler": element(2, infer.asFloats),
  "ai.onnx.ml:TreeEnsemble": model(infer.treeRegression, work.forest),
  "ai.onnx.ml:TreeEnsembleClassifier": model(infer.treeClassification, work.forest),
  "ai.onnx.ml:TreeEnsembleRegressor": model(infer.regression, work.forest),
};
