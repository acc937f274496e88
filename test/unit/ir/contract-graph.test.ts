import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contractGraph } from "../../../src/ir/contract-graph.js";
import { verifyGraph } from "../../../src/ir/verify-graph.js";
import { arbitraryCase } from "../../support/arbitrary-graphs.js";
import { branchingModel, loweredTinyModel } from "../../support/tiny-model.js";

describe("contractGraph", () => {
  it("makes one operator of a group, and takes in what lies between its members", async () => {
    const { lowered, remove } = await loweredTinyModel(branchingModel());
    remove();
    // a1 and m share a group; a2, b1 to b3 ... of these only what lies on a path between joins.
    const group = [0, 1, 2, 3, 4, 5, 6, 1, 8, 9];
    const { graph, unitOf } = contractGraph(lowered.graph, group);
    expect(unitOf[1]).toBe(unitOf[7]);
    expect(unitOf[2]).toBe(unitOf[1]);
    expect(unitOf[4]).not.toBe(unitOf[1]);
    expect(graph.operators.length).toBe(8);
  });

  it("gives a sound graph with all the work, for any groups", () => {
    fc.assert(
      fc.property(arbitraryCase(), fc.infiniteStream(fc.nat(5)), ({ graph }, groups) => {
        const group = graph.operators.map(() => groups.next().value as number);
        const { graph: contracted, unitOf } = contractGraph(graph, group);
        expect(verifyGraph(contracted)).toEqual([]);
        const flops = (each: typeof graph): number =>
          each.operators.reduce((sum, { work }) => sum + work.flops, 0);
        expect(flops(contracted)).toBe(flops(graph));
        graph.operators.forEach(({ id }) => {
          const twin = group.indexOf(group[id] as number);
          expect(unitOf[id]).toBe(unitOf[twin]);
        });
      }),
      { numRuns: 50 },
    );
  });
});
