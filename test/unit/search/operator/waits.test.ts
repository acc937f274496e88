import { describe, expect, it } from "vitest";
import { verifyOperatorSchedule } from "../../../../src/schedule/verify-operator-schedule.js";
import { composeSchedule } from "../../../../src/search/operator/waits.js";
import { graphOf } from "../../../support/graphs.js";

function waitsOf(
  after: readonly (readonly number[])[],
  streamOf: readonly number[],
  isQuiet?: readonly number[],
): number[][] {
  const graph = graphOf(after.map((reads) => ({ after: [...reads] })));
  const schedule = composeSchedule(graph, "test", {
    order: Int32Array.from(after, (_, id) => id),
    streamOf: Int32Array.from(streamOf),
    ...(isQuiet === undefined ? {} : { isQuiet: Uint8Array.from(isQuiet) }),
  });
  expect(verifyOperatorSchedule(graph, schedule)).toEqual([]);
  return schedule.launches.map(({ waits }) => waits.map(Number));
}

describe("composeSchedule", () => {
  it("does not wait inside a stream", () => {
    expect(waitsOf([[], [0], [0, 1]], [0, 0, 0])).toEqual([[], [], []]);
  });

  it("waits for the last of several predecessors on one stream", () => {
    expect(waitsOf([[], [], [0, 1]], [0, 0, 1])).toEqual([[], [], [1]]);
  });

  it("does not wait for what an earlier launch of the stream has waited for", () => {
    expect(waitsOf([[], [0], [0]], [0, 1, 1])).toEqual([[], [0], []]);
  });

  it("does not wait for what a later wait implies over a third stream", () => {
    expect(waitsOf([[], [0], [0, 1]], [0, 1, 2])).toEqual([[], [0], [1]]);
  });

  it("keeps waits that do not imply each other, ascending", () => {
    expect(waitsOf([[], [], [], [0, 1, 2]], [2, 1, 0, 7])).toEqual([[], [], [], [0, 1, 2]]);
  });

  it("numbers streams by first launch, whatever their numbers were", () => {
    const graph = graphOf([{}, {}, { after: [0] }]);
    const { launches, streams } = composeSchedule(graph, "test", {
      order: Int32Array.from([1, 0, 2]),
      streamOf: Int32Array.from([900, 7, 900]),
    });
    expect(streams).toBe(2);
    expect(launches.map(({ operator, stream }) => [Number(operator), stream])).toEqual([
      [1, 0],
      [0, 1],
      [2, 1],
    ]);
  });

  it("waits for the next launch of the stream instead of a quiet operator", () => {
    expect(waitsOf([[], [0], [0]], [0, 0, 1], [1, 0, 0])).toEqual([[], [], [1]]);
  });

  it("waits for a quiet operator itself when nothing follows it in time", () => {
    expect(waitsOf([[], [0], [0]], [0, 1, 0], [1, 0, 0])).toEqual([[], [0], []]);
  });
});
