import { describe, expect, it } from "vitest";
import { inheritStreams, searchOpara } from "../../../../src/search/operator/opara.js";
import {
  chain,
  costsOf,
  durations,
  forkJoin,
  graphOf,
  inceptionLike,
} from "../../../support/graphs.js";

describe("Algorithm 1", () => {
  it("keeps a chain on one stream", () => {
    expect([...inheritStreams(chain(5))]).toEqual([0, 0, 0, 0, 0]);
  });

  it("lets the first child of a fork inherit, and a join go on with its first branch", () => {
    expect([...inheritStreams(forkJoin([2, 1, 1]))]).toEqual([0, 0, 0, 1, 2, 0]);
  });

  it("opens a stream for a join whose predecessors have all handed theirs on", () => {
    const graph = graphOf([{}, {}, { after: [0] }, { after: [1] }, { after: [0, 1] }]);
    expect([...inheritStreams(graph)]).toEqual([0, 1, 0, 1, 2]);
  });

  it("gives sources streams of their own", () => {
    expect([...inheritStreams(graphOf([{}, {}, {}]))]).toEqual([0, 1, 2]);
  });

  it("opens three streams for each module of GoogLeNet, as the paper reports (28)", () => {
    expect(searchOpara({ graph: inceptionLike(9), costs: costsOf(inceptionLike(9)) }).streams).toBe(
      28,
    );
  });
});

describe("Algorithm 2", () => {
  const independent = graphOf([
    { type: "Relu", flops: 1, outputBytes: 100 },
    { type: "Relu", flops: 1, outputBytes: 50 },
    { type: "Conv", flops: 1e6, outputBytes: 80 },
    { type: "Conv", flops: 1e6, outputBytes: 20 },
  ]);
  const costs = durations([10, 10, 10, 10]);
  const order = (options?: Parameters<typeof searchOpara>[1]): number[] =>
    searchOpara({ graph: independent, costs }, options).launches.map(({ operator }) => operator);

  it("alternates classes, compute first, least demand first", () => {
    expect(order()).toEqual([3, 1, 2, 0]);
  });

  it("takes what is ready when a list is empty", () => {
    const memory = graphOf([
      { type: "Relu", flops: 1, outputBytes: 100 },
      { type: "Relu", flops: 1, outputBytes: 50 },
      { type: "Relu", flops: 1, outputBytes: 80 },
    ]);
    const { launches } = searchOpara({ graph: memory, costs: durations([10, 10, 10]) });
    expect(launches.map(({ operator }) => operator)).toEqual([1, 2, 0]);
  });

  it("takes another demand, and breaks ties by the way to the end and the id", () => {
    expect(order({ demand: () => 1 })).toEqual([2, 0, 3, 1]);
    const graph = graphOf([{}, {}, { after: [1] }]);
    const launched = searchOpara({ graph, costs: durations([5, 5, 5]) }, { demand: () => 0 });
    expect(launched.launches.map(({ operator }) => operator)).toEqual([1, 0, 2]);
  });
});
