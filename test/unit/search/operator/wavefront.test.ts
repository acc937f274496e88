import { expect, it } from "vitest";
import { searchWavefront } from "../../../../src/search/operator/wavefront.js";
import { costsOf, forkJoin } from "../../../support/graphs.js";

it("launches wave by wave and spreads each wave over the streams", () => {
  const graph = forkJoin([2, 1]);
  const { launches, streams } = searchWavefront({ graph, costs: costsOf(graph) });
  expect(streams).toBe(2);
  expect(launches).toEqual([
    { operator: 0, stream: 0, waits: [], record: true },
    { operator: 1, stream: 0, waits: [], record: false },
    { operator: 3, stream: 1, waits: [0], record: true },
    { operator: 2, stream: 0, waits: [], record: false },
    { operator: 4, stream: 0, waits: [3], record: false },
  ]);
});
