import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import {
  type DataflowNode,
  type LaunchPlace,
  orderLikeLaunches,
} from "../../../../src/export/ort/launch-order.js";
import { arbitraryCase } from "../../../support/arbitrary-graphs.js";
import { randomLaunches } from "../../../support/random-launches.js";

function node(name: string, reads: readonly string[], outputs = [`${name}.out`]): DataflowNode {
  return { name, reads, outputs };
}

function placed(...launches: readonly (readonly [string, number])[]): Map<string, LaunchPlace> {
  return new Map(launches.map(([name, stream], position) => [name, { stream, position }]));
}

describe("orderLikeLaunches", () => {
  it("puts a node without a launch right before its first reader, on the same stream", () => {
    const nodes = [node("cast", ["x"]), node("conv", ["x"]), node("pool", ["cast.out"])];
    expect(orderLikeLaunches(nodes, placed(["conv", 0], ["relu", 0], ["pool", 1]))).toEqual([
      { name: "conv", stream: 0 },
      { name: "cast", stream: 1 },
      { name: "pool", stream: 1 },
    ]);
  });

  it("puts a node that nothing reads behind what it reads", () => {
    const nodes = [node("a", ["x"]), node("b", ["x"]), node("reorder", ["a.out"])];
    expect(orderLikeLaunches(nodes, placed(["a", 1], ["b", 0])).map(({ name }) => name)).toEqual([
      "a",
      "reorder",
      "b",
    ]);
  });

  it("never puts a node before what it reads, whatever was computed inside of it", () => {
    // The sum is computed inside of conv, which is launched first and now reads what pool writes.
    const nodes = [node("pool", ["x"]), node("conv", ["x", "pool.out"])];
    expect(
      orderLikeLaunches(nodes, placed(["conv", 0], ["pool", 0])).map(({ name }) => name),
    ).toEqual(["pool", "conv"]);
  });

  it("is the order of launches where every node has one", () => {
    fc.assert(
      fc.property(
        arbitraryCase(),
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        (made, seed, streams) => {
          const { operators } = made.graph;
          const launches = randomLaunches(made.graph, streams, seededRandom(seed));
          const nodes = operators.map(({ name, predecessors }) =>
            node(
              name,
              predecessors.map((id) => `${operators[id]?.name}.out`),
            ),
          );
          const places = placed(...launches.map((each) => [each.operator, each.stream] as const));
          const expected = launches.map(({ operator, stream }) => ({ name: operator, stream }));
          expect(orderLikeLaunches(nodes, places)).toEqual(expected);
        },
      ),
    );
  });

  it("has every node once, behind what it reads, whichever of them have launches", () => {
    fc.assert(
      fc.property(arbitraryCase(), fc.nat(), fc.nat(), (made, seed, kept) => {
        const { operators } = made.graph;
        const launches = randomLaunches(made.graph, 3, seededRandom(seed));
        const known = launches.filter((_, at) => ((kept >>> (at % 31)) & 1) === 1);
        const nodes = operators.map(({ name, predecessors }) =>
          node(
            name,
            predecessors.map((id) => `${operators[id]?.name}.out`),
          ),
        );
        const places = placed(...known.map((each) => [each.operator, each.stream] as const));
        const order = orderLikeLaunches(nodes, places);
        const position = new Map(order.map(({ name }, at) => [name, at]));
        expect(position.size).toBe(operators.length);
        for (const { name, predecessors } of operators) {
          for (const id of predecessors) {
            expect(position.get(operators[id]?.name ?? "")).toBeLessThan(position.get(name) ?? -1);
          }
        }
        for (const { name, stream } of order) {
          expect(places.get(name)?.stream ?? stream).toBe(stream);
        }
      }),
    );
  });
});
