import type { BoundClass } from "../../cost/bound-class.js";

/**
 * Opara's operator table: these are memory-intensive, everything else is compute-intensive.
 *
 * The authors match the names of PyTorch operators; these are the ONNX types of the same
 * operators. Adaptive pools are ONNX's global pools; `view`, `contiguous` and `permute` are
 * Reshape, Identity and Transpose; `ones` is ConstantOfShape; `to` is Cast. Their code misses
 * `sqrt` and `permute` by slips of the pen; the table of the paper, which has them, is meant here.
 *
 * Source: Chen et al., Opara, IEEE Trans. Computers 2025, section 4 (offline operator table).
 */
const MEMORY_INTENSIVE: ReadonlySet<string> = new Set([
  "Add",
  "AveragePool",
  "BatchNormalization",
  "Cast",
  "Ceil",
  "Clip",
  "Concat",
  "ConstantOfShape",
  "Dropout",
  "Exp",
  "Flatten",
  "Floor",
  "Gelu",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "Identity",
  "InstanceNormalization",
  "LayerNormalization",
  "Log",
  "MaxPool",
  "Neg",
  "Pow",
  "Reciprocal",
  "Relu",
  "Reshape",
  "Sigmoid",
  "Slice",
  "Sqrt",
  "Sub",
  "Tanh",
  "Transpose",
  "Unsqueeze",
]);

/** The class of an ONNX operator type in Opara's table; a `domain:` in front is ignored. */
export function oparaTableClass(type: string): BoundClass {
  const name = type.slice(type.lastIndexOf(":") + 1);
  return MEMORY_INTENSIVE.has(name) ? "memory" : "compute";
}
