/** Operators of text, and of images in files: no arithmetic that anybody counts. */
import { predicate } from "../infer/elementwise.js";
import type { InferRule } from "../infer/node-call.js";
import * as infer from "../infer/texts.js";
import { none } from "../work/movement.js";
import type { OperatorTable, OperatorType } from "./operator-type.js";

function text(types: InferRule): OperatorType {
  return { form: "movement", infer: types, work: none, gpuRefusal: "text is not for GPUs" };
}

/** Rows of text and of images in files. */
export const TEXTS: OperatorTable = {
  ImageDecoder: {
    form: "choice",
    infer: infer.image,
    work: none,
    gpuRefusal: "the size of its output stands in the image",
  },
  RegexFullMatch: text(predicate),
  StringConcat: text(infer.concatenated),
  StringNormalizer: text(infer.normalized),
  StringSplit: text(infer.split),
  TfIdfVectorizer: text(infer.termFrequencies),
};
