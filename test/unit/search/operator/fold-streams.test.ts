import { expect, it } from "vitest";
import { foldStreams } from "../../../../src/search/operator/fold-streams.js";
import { searchOpara } from "../../../../src/search/operator/opara.js";
import { durations, forkJoin } from "../../../support/graphs.js";

const graph = forkJoin([1, 1, 1]);

it("leaves a schedule that fits as it is", () => {
  const problem = { graph, costs: durations([1, 1, 1, 1, 1]) };
  const schedule = searchOpara(problem);
  expect(foldStreams(problem, schedule, 3)).toBe(schedule);
});

it("gives a stream to the worker that is free first", () => {
  const problem = { graph, costs: durations([10, 100, 20, 30, 10]) };
  const folded = foldStreams(problem, searchOpara(problem, { demand: ({ id }) => id }), 2);
  expect(folded.streams).toBe(2);
  expect(folded.launches.map(({ operator, stream, waits }) => [operator, stream, waits])).toEqual([
    [0, 0, []],
    [1, 0, []],
    [2, 1, [0]],
    [3, 1, []],
    [4, 0, [3]],
  ]);
});
