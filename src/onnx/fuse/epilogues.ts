/**
 * Convolutions, products and pools with what stands around them: batch normalization, bias, activation and
 * residual addition behind, borders and activations before a convolution.
 *
 * Example: Conv -> BatchNormalization -> Add(., shortcut) -> Relu is one launch. If the normalized value is
 * also an output of the model, the group ends with the normalization.
 *
 * Behind the operator: scales and shifts, then an activation, and before or after it one addition of a
 * tensor of the same size; numbers that scale the result after that. That is what the epilogues of libraries
 * take; a second normalization or activation is a launch of its own.
 *
 * Before a convolution: activations and scales by constants whose result nothing else reads, as in networks that
 * normalize first (BatchNormalization -> Relu -> Conv), and a border of zeros.
 */
import type { OperatorId } from "../../ir/operator-graph.js";
import type { FusionIndex } from "./fusion-index.js";
import { isBorderOf } from "./pads.js";
import { isSingleInput, type Step, stepBehind } from "./steps.js";

/** Operators whose kernels take an epilogue. */
export const EPILOGUE_MAINS: ReadonlySet<string> = new Set([
  "Conv",
  "ConvTranspose",
  "com.microsoft:FusedConv",
  "MatMul",
  "Gemm",
  "Einsum",
  "com.microsoft:FusedMatMul",
  "com.microsoft:FusedGemm",
  "com.microsoft:TransposeMatMul",
  "com.microsoft:MatMulNBits",
  "com.microsoft:MatMulBnb4",
  "ConvInteger",
  "MatMulInteger",
  "com.microsoft:MatMulIntegerToFloat",
  "AveragePool",
  "MaxPool",
  "LpPool",
]);

/** Operators whose kernels change what they read. */
export const PROLOGUE_MAINS: ReadonlySet<string> = new Set([
  "Conv",
  "com.microsoft:FusedConv",
  "AveragePool",
  "MaxPool",
]);

/** Most operators of a group with one main operator. */
const MOST_MEMBERS = 24;

/** Most operators before one. */
const MOST_IN_FRONT = 6;

/** Pools take what is left: a convolution has the addition of both. */
const POOLS: ReadonlySet<string> = new Set(["AveragePool", "MaxPool", "LpPool"]);

/**
 * Makes the groups around operators that have an epilogue.
 *
 * An addition of two results goes to the operator that is ready last, the other one need not wait for it.
 * Cost: O(V + E), times the operators of a step.
 */
export function addEpilogues(index: FusionIndex): void {
  const depth = depthsOf(index);
  const mains = index.lowered.graph.operators
    .filter(({ id, type }) => EPILOGUE_MAINS.has(type) && index.isFree(id))
    .sort(
      (a, b) =>
        Number(POOLS.has(a.type)) - Number(POOLS.has(b.type)) ||
        depth[b.id]! - depth[a.id]! ||
        b.id - a.id,
    );
  const taken = mains.map(({ id }) => {
    const members = index.isFree(id) ? [id, ...behind(index, id)] : [];
    index.add("epilogue", id, members);
    return members;
  });
  mains.forEach(({ id, type }, at) => {
    const before = PROLOGUE_MAINS.has(type) ? inFront(index, id) : [];
    index.extend("epilogue", id, taken[at] ?? [], before);
  });
}

/** Operators on the longest way to each operator, itself included. */
function depthsOf({ lowered }: FusionIndex): Int32Array {
  const depth = new Int32Array(lowered.graph.operators.length);
  for (const { id, predecessors } of lowered.graph.operators) {
    depth[id] = predecessors.reduce((most, before) => Math.max(most, depth[before]!), 0) + 1;
  }
  return depth;
}

/** The operators behind a result that its kernel computes too. */
function behind(index: FusionIndex, main: OperatorId): readonly OperatorId[] {
  const members: OperatorId[] = [];
  const result = index.result(main);
  if (result === undefined) {
    return members;
  }
  let [hasResidual, hasActivation] = [false, false];
  for (let value = result; ; ) {
    const step = stepBehind(index, value);
    const fits =
      step !== undefined &&
      members.length + step.operators.length < MOST_MEMBERS &&
      follows(step, hasResidual, hasActivation);
    if (!fits) {
      return members;
    }
    hasResidual ||= step.kind === "residual";
    hasActivation ||= step.kind === "activation";
    members.push(...step.operators);
    value = step.result;
  }
}

function follows({ kind }: Step, hasResidual: boolean, hasActivation: boolean): boolean {
  switch (kind) {
    case "scalar":
      return true;
    case "affine":
      return !hasActivation && !hasResidual;
    case "residual":
      return !hasResidual;
    case "activation":
      return !hasActivation;
  }
}

/** A border, and the element-wise operators before it, that a kernel applies to what it reads. */
function inFront(index: FusionIndex, main: OperatorId): readonly OperatorId[] {
  const members: OperatorId[] = [];
  const source = (reader: OperatorId): OperatorId | undefined => {
    const tensor = index.operands(reader)[0]?.tensor;
    const producer = index.producer(tensor);
    const fits = producer !== undefined && index.onlyReader(tensor) === reader;
    return fits && index.isFree(producer) ? producer : undefined;
  };
  let reader = main;
  const border = source(main);
  if (border !== undefined && isBorderOf(index, border, main)) {
    members.push(border);
    reader = border;
  }
  const isPool = POOLS.has(index.operator(main).type);
  for (let id = source(reader); id !== undefined && !isPool; id = source(id)) {
    if (!isSingleInput(index, id) || members.length >= MOST_IN_FRONT) {
      break;
    }
    members.push(id);
  }
  return members;
}
