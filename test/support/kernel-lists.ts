/** Small models whose kernel list is looked at. */
import type { BuilderOptions, GraphBuilder } from "../../fixtures/generator/graph-builder.js";
import { graphBuilder } from "../../fixtures/generator/graph-builder.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import { type FusionList, isComputedElsewhere } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { lowerBytes } from "./operator-models.js";

/** A model that `build` makes, lowered with a kernel list. */
export async function listed(
  build: (g: GraphBuilder) => void,
  list: FusionList = "patterns",
  options: Partial<BuilderOptions> = {},
): Promise<LoweredModel> {
  const g = graphBuilder({ name: "small", opset: 17, seed: 3, ...options });
  build(g);
  const lowered = await lowerBytes(g.encode());
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return withKernelList(lowered.value, list);
}

/** The launches in order: the types of a group's operators after its kind, or a type alone. */
export function launchesOf({ graph, fused }: LoweredModel): readonly string[] {
  return graph.operators.flatMap(({ id, type }) => {
    const group = fused?.groups[fused.groupOf[id] ?? -1];
    if (isComputedElsewhere(fused, id)) {
      return [];
    }
    const types = group?.members.map((member) => graph.operators[member]?.type) ?? [];
    return [group === undefined ? type : `${group.kind}: ${types.join(" ")}`];
  });
}
