import { invariant } from "../../core/invariant.js";
import type { Operator, OperatorWork } from "../../ir/operator-graph.js";
import { groupWork } from "../../onnx/fuse/group-work.js";
import type { KernelGroup } from "../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { Kernel } from "../kernel.js";
import type { ProductContext } from "./arithmetic.js";
import { attentionKernels } from "./attention-kernels.js";
import { trafficOf } from "./product-kernels.js";
import { passesOf, resultsOf, rowKernel } from "./row-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";

/** The kernels of an operator by itself, with work that may be another's. */
export type OwnKernels = (operator: Operator) => readonly Kernel[];

/**
 * The kernels of operators that one launch computes: those of its main operator, which move what enters and
 * leaves the group and nothing else, and do the arithmetic of all members. What is computed on the way to
 * or from memory takes no time of its own.
 */
export function groupKernels(
  group: KernelGroup,
  lowered: LoweredModel,
  context: ProductContext,
  own: OwnKernels,
): readonly Kernel[] {
  const { graph } = lowered;
  const members = group.members.map((id) => graph.operators[id]!);
  const main = graph.operators[group.main]!;
  const last = members.at(-1)!;
  const work = groupWork(lowered, group.members);
  switch (group.kind) {
    case "attention":
      return withArithmetic(attention(members, main, work, context), work);
    case "epilogue":
      return withArithmetic(
        own({ ...main, outputs: last.outputs, work: { ...work, flops: main.work.flops } }),
        work,
      );
    case "normalization":
      return [rowKernel({ ...main, work }, graph, context.device, passesOfGroup(members, lowered))];
    case "elements": {
      const items = resultsOf(last, graph);
      const { flops } = work;
      const stream = { ...ELEMENTWISE_SHAPE, items, flops, bytes: trafficOf(work) };
      return [streamKernel(stream, context.device)];
    }
    case "merged":
      return own(main);
  }
}

/** Scores and weighted sum as one, with what is arranged around them. */
function attention(
  members: readonly Operator[],
  main: Operator,
  work: OperatorWork,
  context: ProductContext,
): readonly Kernel[] {
  const products = members.filter(({ form }) => form === "product");
  const [scores] = products.find(({ id }) => id !== main.id)?.products ?? [];
  const [values] = main.products ?? [];
  invariant(scores !== undefined && values !== undefined, "attention has two products");
  return attentionKernels({ scores, values }, trafficOf(work), context);
}

/**
 * How often rows are gone over: as often as the member that does most, or as a normalization where whole
 * values are made of what rows were reduced to.
 */
export function passesOfGroup(
  members: readonly Operator[],
  { graph }: Pick<LoweredModel, "graph">,
): number {
  const rows = members.filter(({ form }) => form === "rows");
  const [first] = rows;
  const last = members.at(-1)!;
  const isReduced = first !== undefined && resultsOf(first, graph) < resultsOf(last, graph);
  return Math.max(
    ...rows.map(({ type }) => passesOf(type)),
    isReduced ? passesOf("LayerNormalization") : 1,
  );
}

/** The longest kernel does the arithmetic that the kernels do not have yet. */
function withArithmetic(kernels: readonly Kernel[], { flops }: OperatorWork): readonly Kernel[] {
  const known = kernels.reduce((sum, kernel) => sum + kernel.flops, 0);
  const longest = kernels.reduce(
    (most, { durationNs }, at) => (durationNs > (kernels[most]?.durationNs ?? 0) ? at : most),
    0,
  );
  return kernels.map((kernel, at) =>
    at === longest ? { ...kernel, flops: kernel.flops + Math.max(0, flops - known) } : kernel,
  );
}
