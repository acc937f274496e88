/**
 * Values that a model itself suggests for its integer inputs.
 *
 * A single integer that the model compares with a constant to choose a branch (a sampling rate of
 * 16000 or 8000, a mode, a flag) is given that constant when the model is measured: users run the
 * branch for the value that the model names, and any other value would measure the remaining one.
 *
 * Example: `If(Equal(rate, 16000))`: rate is 16000. Of several constants the first in the order of the
 * nodes counts. Comparisons inside of branches are not looked at.
 */
import type { LoweredModel } from "./lowered-model.js";

/** Values for inputs of one integer each, by name; inputs that are compared with nothing are absent. */
export function comparedInputs({
  model,
  constants,
  types,
}: Pick<LoweredModel, "model" | "constants" | "types">): ReadonlyMap<string, number> {
  const { nodes, inputs } = model.graph;
  const conditions = new Set(
    nodes.filter(({ opType }) => opType === "If").map((node) => node.inputs[0] ?? ""),
  );
  const found = new Map<string, number>();
  const isSingle = (name: string): boolean => {
    const type = types.get(name);
    return (
      type !== undefined &&
      /^u?int\d+$/.test(type.elementType) &&
      type.dims.every((size) => size === 1)
    );
  };
  const candidates = new Set(inputs.map(({ name }) => name).filter(isSingle));
  for (const { opType, inputs: operands, outputs } of nodes) {
    if (opType !== "Equal" || !conditions.has(outputs[0] ?? "")) {
      continue;
    }
    const name = operands.find((operand) => candidates.has(operand));
    const other = operands.find((operand) => operand !== name);
    const value = other === undefined ? undefined : constants.get(other)?.values[0];
    if (name !== undefined && value !== undefined && !found.has(name)) {
      found.set(name, value);
    }
  }
  return found;
}
