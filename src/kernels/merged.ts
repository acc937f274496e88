/** Merged operators: one convolution or one element-wise kernel for all parts. */
import { present } from "../core/invariant.js";
import type { Operator } from "../ir/operator-graph.js";
import {
  type MergedConvolution,
  type MergedOperator,
  mergedConstants,
} from "../onnx/merged-operator.js";
import type { DeviceNode, Place } from "./device-node.js";
import { STORAGE_BYTES } from "./language/expression.js";
import { rowMajor, sizeOf } from "./language/layout.js";
import type { ModelIndex, Operand, OperatorCall } from "./operator-call.js";
import { affineCopy } from "./operators/affine-copy.js";
import { convolutionNodes } from "./operators/convolution.js";
import { elementNodes, elementwiseStep } from "./operators/elementwise.js";
import { libraryType } from "./operators/matrix.js";

/** The device nodes of a merged operator; `op` is its first member. */
export function mergedNodes(
  op: OperatorCall,
  merged: MergedOperator,
  index: ModelIndex,
): readonly DeviceNode[] | undefined {
  return merged.kind === "convolution"
    ? stackedConvolution(op, merged, index)
    : jointElementwise(op, merged.elements);
}

/** A place where results follow each other. */
function joint(ids: Operator["outputs"]): Place {
  return { kind: "joint", ids };
}

function stackedConvolution(
  op: OperatorCall,
  merged: MergedConvolution,
  index: ModelIndex,
): readonly DeviceNode[] | undefined {
  const { name, outputs } = op.operator;
  const constants = mergedConstants(name);
  const [x, w] = [op.input(0), index.operand(constants.weight)];
  if (x === undefined || w === undefined) {
    return undefined;
  }
  const { storage, elementType } = x;
  const dims = merged.outputDims;
  const y: Operand = merged.isJoint
    ? { place: joint(outputs), elementType, storage, dims }
    : op.scratch(storage, STORAGE_BYTES[storage], dims);
  const bias = index.operand(constants.bias);
  const type = libraryType(op, [x, w, y, bias]);
  if (type === undefined) {
    return undefined;
  }
  const nodes = convolutionNodes(op, type, { x, w, y, bias, window: merged.window, groups: 1 });
  return nodes && [...nodes, ...(merged.isJoint ? [] : partCopies(op, merged, y, index))];
}

/** Copies each part's channels out of the whole result. */
function partCopies(
  { operator }: OperatorCall,
  { parts, outputDims }: MergedConvolution,
  whole: Operand,
  index: ModelIndex,
): readonly DeviceNode[] {
  const strides = rowMajor(outputDims);
  let offset = 0;
  return parts.flatMap(({ channels }, at) => {
    const id = present(operator.outputs[at], "output");
    const { name } = present(index.lowered.graph.tensors[id], "tensor");
    const target = present(index.operand(name), "operand");
    const source = { operand: whole, layout: { offset, strides } };
    offset += channels * (strides[1] ?? 1);
    const own = { offset: 0, strides: rowMajor(target.dims) };
    return affineCopy("part", target.dims, source, { operand: target, layout: own });
  });
}

/** Applies the first member's formula to the elements of all members. */
function jointElementwise(op: OperatorCall, elements: number): readonly DeviceNode[] | undefined {
  const step = elementwiseStep(op);
  if (step === undefined) {
    return undefined;
  }
  const { inputs, outputs } = op.operator;
  const operands = step.formula.operands.map(
    (operand): Operand =>
      operand.place.kind === "tensor"
        ? { ...operand, place: joint(inputs), dims: [elements] }
        : { ...operand, dims: sizeOf(operand.dims) === 1 ? [] : operand.dims },
  );
  const result = { ...step.result, place: joint(outputs), dims: [elements] };
  return elementNodes({ formula: { ...step.formula, operands }, result });
}
