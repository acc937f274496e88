import { join } from "node:path";
import { expect, it } from "vitest";
import type { OperatorGraph } from "../../../../src/ir/operator-graph.js";
import { readModel } from "../../../../src/onnx/read-model.js";
import { searchNimble } from "../../../../src/search/operator/nimble.js";
import { searchOpara } from "../../../../src/search/operator/opara.js";
import { searchWavefront } from "../../../../src/search/operator/wavefront.js";
import { costsOf, graphOf, type Node } from "../../../support/graphs.js";

const VIEWS = new Set(["Reshape", "Dropout", "Flatten", "Squeeze", "Unsqueeze", "Identity"]);

/** The operators of a fixture model and who reads whom: nodes that depend on an input, views passed through. */
function structureOf(file: string): OperatorGraph {
  const read = readModel(join(import.meta.dirname, "../../../../fixtures/models", file));
  if (!read.ok) {
    throw new Error(read.error[0].message);
  }
  const { graph } = read.value;
  // A value that depends on an input, and the operator that makes it, if one does.
  const values = new Map<string, number | undefined>();
  for (const { name } of graph.inputs) {
    values.set(name, undefined);
  }
  const nodes: Node[] = [];
  for (const { opType, inputs, outputs } of graph.nodes) {
    const live = inputs.filter((name) => values.has(name));
    if (live.length === 0) {
      continue;
    }
    const after = live.flatMap((name) => values.get(name) ?? []);
    const maker = VIEWS.has(opType) ? after[0] : nodes.length;
    if (maker === nodes.length) {
      nodes.push({ type: opType, after });
    }
    for (const name of outputs) {
      values.set(name, maker);
    }
  }
  return graphOf(nodes);
}

it.each([
  // Opara's paper counts 28 streams for itself and 4 for Nimble.
  { file: "googlenet.onnx", opara: 28, nimble: 4, wavefront: 4 },
  { file: "squeezenet.onnx", opara: 9, nimble: 2, wavefront: 2 },
  { file: "two-branch.onnx", opara: 2, nimble: 2, wavefront: 2 },
])("$file has $opara streams by Opara and $nimble by Nimble", ({ file, ...streams }) => {
  const graph = structureOf(file);
  const problem = { graph, costs: costsOf(graph) };
  expect({
    opara: searchOpara(problem).streams,
    nimble: searchNimble(problem).streams,
    wavefront: searchWavefront(problem).streams,
  }).toEqual(streams);
});
