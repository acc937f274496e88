import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  eachTime,
  type StartSteps,
  startStepsShape,
  stepCount,
  stepsOf,
} from "../../../src/artifact/start-steps.js";
import type { JsonProblem } from "../../../src/core/json-shape.js";

function timesOf(first: number, steps: StartSteps): readonly number[] {
  const times: number[] = [];
  eachTime(first, steps, (time) => times.push(time));
  return times;
}

/** Times that repeat at several levels, with irregular ones between. */
const TIMES = fc
  .array(
    fc.record({
      pattern: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
      times: fc.integer({ min: 1, max: 6 }),
      again: fc.integer({ min: 1, max: 3 }),
      between: fc.nat(20),
    }),
    { maxLength: 5 },
  )
  .map((parts) => {
    let time = 0;
    return [0].concat(
      parts.flatMap(({ pattern, times, again, between }) =>
        Array.from({ length: again }, () => [
          ...Array.from({ length: times }, () => pattern).flat(),
          between,
        ])
          .flat()
          .map((step) => {
            time += step;
            return time;
          }),
      ),
    );
  });

describe("steps between starts", () => {
  it.each<[readonly number[], StartSteps]>([
    [[5], []],
    [[0, 4], [[1, 4]]],
    [[0, 4, 8, 12], [[3, 4]]],
    [
      [0, 4, 8, 9],
      [
        [2, 4],
        [1, 1],
      ],
    ],
    [
      [0, 1, 2, 3, 10, 11, 12, 13, 20],
      [
        [
          2,
          [
            [3, 1],
            [1, 7],
          ],
        ],
      ],
    ],
  ])("of %j are %j", (times, steps) => {
    expect(stepsOf(times)).toEqual(steps);
    expect(timesOf(times[0]!, steps)).toEqual(times);
    expect(stepCount(steps, 100)).toBe(times.length - 1);
  });

  it("lead back to the times, and are read as they are written", () => {
    fc.assert(
      fc.property(TIMES, (times) => {
        const steps = stepsOf(times);
        expect(timesOf(0, steps)).toEqual(times);
        expect(stepCount(steps, times.length)).toBe(times.length - 1);
        const problems: JsonProblem[] = [];
        const read = startStepsShape.read(JSON.parse(JSON.stringify(steps)), "", problems);
        expect(problems).toEqual([]);
        expect(read).toEqual(steps);
      }),
    );
  });

  it("of what repeats twice over take as little room for a thousand times as for ten", () => {
    const times = (groups: number): number[] =>
      Array.from({ length: groups }, (_, group) =>
        Array.from({ length: 64 }, (__, at) => group * 5000 + at * 9),
      ).flat();
    expect(JSON.stringify(stepsOf(times(1000))).length).toBeLessThan(60);
    expect(timesOf(0, stepsOf(times(1000)))).toEqual(times(1000));
  });

  it("are not counted to the end where there are too many", () => {
    const deep = Array.from({ length: 10 }).reduce<StartSteps>(
      (steps) => [[Number.MAX_SAFE_INTEGER, steps]],
      [[1, 1]],
    );
    expect(stepCount(deep, 1000)).toBeGreaterThan(1000);
  });

  it.each<[string, unknown, string]>([
    ["text", "1", ""],
    ["a number of runs", 3, ""],
    ["a run of one part", [[1]], "/0"],
    ["a run of three parts", [[1, 2, 3]], "/0"],
    ["no time", [[0, 5]], "/0/0"],
    ["a fraction", [[1.5, 5]], "/0/0"],
    ["a step back", [[1, -5]], "/0/1"],
    ["nothing", [[1, null]], "/0/1"],
    ["an error further in", [[2, [[1, "x"]]]], "/0/1/0/1"],
    [
      "steps that are too deep",
      Array.from({ length: 20 }).reduce((steps) => [[1, steps]], [[1, 1]] as unknown),
      "/0/1".repeat(16),
    ],
  ])("are refused for %s", (_, value, pointer) => {
    const problems: JsonProblem[] = [];
    expect(startStepsShape.read(value, "", problems)).toBeUndefined();
    expect(problems.map((problem) => problem.pointer)).toEqual([pointer]);
  });
});
