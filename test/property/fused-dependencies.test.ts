/**
 * Groups are what docs/fusion.md says, by what ONNX Runtime computes: inside a group an element is made of
 * those at its own place, or of its own row.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { productOf } from "../../src/core/product.js";
import type { Operator, TensorId } from "../../src/ir/operator-graph.js";
import type { KernelGroup } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { type Dependencies, dependenciesOn } from "../support/dependencies.js";
import { listed } from "../support/kernel-lists.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { patternModel, patternSteps } from "../support/pattern-models.js";

/** The place that an element of a tensor of `count` has; `undefined`: the tensor must not be in the group. */
type PlaceOf = (at: number, count: number) => number | undefined;

/** A value that an operator of a group reads. */
interface Edge {
  readonly from: Operator | undefined;
  readonly tensor: TensorId;
  readonly to: Operator;
}

function operatorOf({ graph }: LoweredModel, id: number): Operator {
  return present(graph.operators[id], "operator");
}

function sizeOf({ graph }: LoweredModel, tensor: TensorId): number {
  return productOf(present(graph.tensors[tensor], "tensor").dims);
}

/** Values that operators of a group read of each other, and with `all` those from outside. */
function edgesOf(lowered: LoweredModel, { members }: KernelGroup, all = false): readonly Edge[] {
  return members.flatMap((id) => {
    const to = operatorOf(lowered, id);
    return [...new Set(to.inputs)].flatMap((tensor) => {
      const producer = present(lowered.graph.tensors[tensor], "tensor").producer;
      const isInside = producer !== undefined && members.includes(producer);
      const from = isInside ? operatorOf(lowered, producer) : undefined;
      return all || isInside ? [{ from, tensor, to }] : [];
    });
  });
}

/** What a value makes that is not at its place. */
async function strays(lowered: LoweredModel, { tensor, to }: Edge, placeOf: PlaceOf) {
  const found = await dependenciesOn(lowered, to, tensor);
  const result = sizeOf(lowered, present(to.outputs[0], "output"));
  const isStray = found.some((places, at) => {
    const place = placeOf(at, found.length);
    return place === undefined || [...places].some((other) => placeOf(other, result) !== place);
  });
  return isStray ? [`${to.type} reads ${tensor} elsewhere`] : [];
}

async function all(
  edges: readonly Edge[],
  find: (edge: Edge) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const edge of edges) {
    found.push(...(await find(edge)));
  }
  return found;
}

const itself: PlaceOf = (at) => at;

/** The row of each element, by what a row-wise operator makes of it; rows count by their first element. */
function rowsBy(found: Dependencies): readonly number[] {
  const firstOf = found.map((places) => Math.min(...places));
  const firsts = [...new Set(firstOf)].sort((a, b) => a - b);
  return firstOf.map((first) => firsts.indexOf(first));
}

async function problemsOfRows(lowered: LoweredModel, group: KernelGroup) {
  const main = operatorOf(lowered, group.main);
  const rowOf = rowsBy(await dependenciesOn(lowered, main, present(main.inputs[0], "input")));
  const count = new Set(rowOf).size;
  const placeOf: PlaceOf = (at, size) =>
    size === rowOf.length ? rowOf[at] : size === count ? at : undefined;
  return await all(edgesOf(lowered, group), (edge) => strays(lowered, edge, placeOf));
}

/** Before the main operator and behind it all stays at its place; what comes in behind does, too. */
async function problemsOfEpilogue(lowered: LoweredModel, group: KernelGroup) {
  const edges = edgesOf(lowered, group, true).filter(
    ({ from, to }) =>
      to.id !== group.main && to.type !== "Pad" && (from !== undefined || to.id > group.main),
  );
  return await all(edges, (edge) => strays(lowered, edge, itself));
}

/** Between the products all stays in the row of its query. */
async function problemsOfAttention(lowered: LoweredModel, group: KernelGroup) {
  const between = group.members.map((id) => operatorOf(lowered, id));
  const softmax = present(
    between.find(({ type }) => type === "Softmax"),
    "softmax",
  );
  const [scores] = between.filter(({ id, type }) => type === "MatMul" && id < softmax.id).slice(-1);
  const values = operatorOf(lowered, group.main);
  const { dims } = present(lowered.graph.tensors[present(scores?.outputs[0], "scores")], "scores");
  const queries = productOf(dims.slice(0, -1));
  const keys = present(dims.at(-1), "keys");
  const result = sizeOf(lowered, present(values.outputs[0], "result"));
  const edges = edgesOf(lowered, group).filter(
    ({ from, to }) => from !== undefined && from.id >= (scores?.id ?? 0) && to.id <= values.id,
  );
  return await all(edges, async (edge) => {
    const isResult = edge.to.id === values.id;
    const found = await dependenciesOn(lowered, edge.to, edge.tensor);
    const width = isResult ? result / queries : keys;
    const isStray = found.some((places, at) =>
      [...places].some((other) => Math.floor(other / width) !== Math.floor(at / keys)),
    );
    return isStray ? [`${edge.to.type} mixes queries`] : [];
  });
}

async function problemsOf(lowered: LoweredModel, group: KernelGroup): Promise<readonly string[]> {
  switch (group.kind) {
    case "elements":
      return await all(edgesOf(lowered, group), (edge) => strays(lowered, edge, itself));
    case "normalization":
      return await problemsOfRows(lowered, group);
    case "epilogue":
      return await problemsOfEpilogue(lowered, group);
    case "attention":
      return await problemsOfAttention(lowered, group);
    case "merged":
      return [];
  }
}

describe.skipIf(SKIP_REASON !== undefined)("groups of random models", () => {
  it("compute each element of what its place or its row has", async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(patternSteps, async (steps) => {
        const lowered = await listed(patternModel(steps));
        for (const group of lowered.fused?.groups ?? []) {
          seen.set(group.kind, (seen.get(group.kind) ?? 0) + 1);
          const types = group.members.map((id) => operatorOf(lowered, id).type).join(" ");
          expect(await problemsOf(lowered, group), `${group.kind}: ${types}`).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
    for (const kind of ["elements", "normalization", "epilogue"]) {
      expect(seen.get(kind), kind).toBeGreaterThan(5);
    }
  });
});
