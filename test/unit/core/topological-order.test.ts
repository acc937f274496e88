import { expect, test } from "vitest";
import { topologicalOrder } from "../../../src/core/topological-order.js";

test.each<readonly [what: string, next: readonly (readonly number[])[], order: readonly number[]]>([
  ["nothing", [], []],
  ["without arcs, as numbered", [[], [], []], [0, 1, 2]],
  ["a chain that is numbered backwards", [[], [0], [1]], [2, 1, 0]],
  ["a diamond, in the order of its arcs", [[2, 1], [3], [3], []], [0, 2, 1, 3]],
  ["an arc that is there twice", [[1, 1], [2], []], [0, 1, 2]],
  ["without a cycle and what is behind it", [[1], [2], [1, 3], [], [3]], [0, 4]],
  ["without a node that leads to itself", [[0], []], [1]],
])("orders %s", (_, next, order) => {
  expect(topologicalOrder(next)).toEqual(order);
});
