import type { OnnxNode } from "../model.js";
import { ATTENTION } from "./attention.js";
import { CONVOLUTION } from "./convolution.js";
import { ELEMENTWISE } from "./elementwise.js";
import { GENERATION } from "./generation.js";
import { IMAGE } from "./image.js";
import { INDEXING } from "./indexing.js";
import { MATRIX } from "./matrix.js";
import type { InferRule } from "./node-call.js";
import { NORMALIZATION } from "./normalization.js";
import { POOLING } from "./pooling.js";
import { QUANTIZATION } from "./quantization.js";
import { RECURRENT } from "./recurrent.js";
import { REDUCTION } from "./reduction.js";
import { RESHAPING } from "./reshaping.js";
import { SEQUENCES } from "./sequences.js";
import { SLICING } from "./slicing.js";

const RULES: ReadonlyMap<string, InferRule> = new Map(
  [
    ELEMENTWISE,
    CONVOLUTION,
    POOLING,
    MATRIX,
    RESHAPING,
    SLICING,
    INDEXING,
    REDUCTION,
    NORMALIZATION,
    RECURRENT,
    QUANTIZATION,
    GENERATION,
    IMAGE,
    ATTENTION,
    SEQUENCES,
  ].flatMap((table) => Object.entries(table)),
);

/** The operator type as this program prints it: `domain:Type`, without the domain for ONNX's own. */
export function typeOf(node: OnnxNode): string {
  return node.domain === "" ? node.opType : `${node.domain}:${node.opType}`;
}

/** The inference rule of an operator type, or `undefined` for one that is not known. */
export function ruleOf(type: string): InferRule | undefined {
  return RULES.get(type);
}

/** Every operator type with a rule, sorted; control flow is apart. */
export function ruleTypes(): readonly string[] {
  return [...RULES.keys()].sort();
}
