import type { OnnxGraph, OnnxNode } from "./model.js";

/** Branches and bodies of a node, in the order of its attributes. */
export function bodiesOf(node: OnnxNode): readonly OnnxGraph[] {
  return [...node.attributes.values()].flatMap((value) =>
    value.kind === "graph" ? [value.value] : value.kind === "graphs" ? value.value : [],
  );
}
