/** All known operator types, by name. */
import { mostIterations } from "../infer/bounds.js";
import type { Fact } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";
import type { OnnxNode } from "../model.js";
import { CLASSIC } from "./classic.js";
import { ELEMENTS } from "./elements.js";
import { GENERATORS } from "./generators.js";
import { MOVEMENTS } from "./movements.js";
import { NORMALIZATIONS } from "./normalizations.js";
import { alike, type OperatorTable, type OperatorType } from "./operator-type.js";
import { PRODUCTS } from "./products.js";
import { QUANTIZATIONS } from "./quantizations.js";
import { REDUCTIONS } from "./reductions.js";
import { SEQUENCES } from "./sequences.js";
import { STATES } from "./states.js";
import { TEXTS } from "./texts.js";
import { TRAINING } from "./training.js";
import { TRANSFORMS } from "./transforms.js";
import { WINDOWS } from "./windows.js";

const FLOW = {
  form: "control",
  gpuRefusal: "control flow cannot be captured in a CUDA graph",
} as const;

const CONTROL: OperatorTable = {
  ...alike("If Scan SequenceMap", FLOW),
  Loop: { ...FLOW, bound: mostIterations },
};

const ROWS: ReadonlyMap<string, OperatorType> = new Map(
  [
    ELEMENTS,
    PRODUCTS,
    WINDOWS,
    REDUCTIONS,
    NORMALIZATIONS,
    TRANSFORMS,
    MOVEMENTS,
    GENERATORS,
    QUANTIZATIONS,
    SEQUENCES,
    STATES,
    TEXTS,
    CLASSIC,
    TRAINING,
    CONTROL,
  ].flatMap((table) => Object.entries(table)),
);

/** The operator type as this program prints it: `domain:Type`, without the domain for ONNX's own. */
export function typeOf(node: OnnxNode): string {
  return node.domain === "" ? node.opType : `${node.domain}:${node.opType}`;
}

/** The row of an operator type; `undefined` for an unknown type. */
export function operatorTypeNamed(type: string): OperatorType | undefined {
  return ROWS.get(type);
}

/** The known operator types, sorted. */
export function operatorTypes(): readonly string[] {
  return [...ROWS.keys()].sort();
}

/** Whether the operator has branches or bodies: If, Loop, Scan and SequenceMap. */
export function isControlFlow(type: string): boolean {
  return ROWS.get(type)?.form === "control";
}

/**
 * Whether the node's first output is its first input under another shape. Other inputs (the new
 * shape) must be constants, or the computation of them would be lost.
 */
export function isView(call: NodeCall, output: Fact): boolean {
  const rule = ROWS.get(typeOf(call.node))?.view;
  if (rule === undefined || call.input(0).isConstant || !rule(call, output)) {
    return false;
  }
  return call.inputs.every((input, i) => i === 0 || !call.has(i) || input.isConstant);
}
