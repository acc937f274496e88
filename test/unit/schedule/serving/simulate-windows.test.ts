import { describe, expect, it } from "vitest";
import { type PlannedTask, plainWindow } from "../../../../src/launcher/make-window.js";
import type { GpuProblem } from "../../../../src/schedule/gpu-problem.js";
import type { WindowTask } from "../../../../src/schedule/serving/merged-window.js";
import type { LauncherWindow } from "../../../../src/schedule/serving/serving-model.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { searchSequential } from "../../../../src/search/operator/sequential.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";
import { taskOf, tenProblemOf } from "../../../support/windows.js";

// On a device that holds ten thread blocks: halves of it side by side, a launch gap of 1 us.
const SHORT = tenProblemOf({ blocks: 5, us: 3 });
const CHAIN = tenProblemOf({ blocks: 5, us: 2 }, { blocks: 5, us: 3, after: [0] });
const US = 1000;

/** Serves requests, given in microseconds by model, in windows; answers in microseconds. */
function answers(
  models: readonly GpuProblem[],
  tasks: readonly WindowTask[],
  periodUs: number,
  requests: readonly (readonly number[])[],
): number[][] {
  const planned = tasks.map((task): PlannedTask => {
    const problem = models[task.model] as GpuProblem;
    return { ...task, problem, schedule: searchSequential(problem) };
  });
  const window: LauncherWindow = {
    window: plainWindow(planned),
    problems: planned.map(({ problem }) => problem),
  };
  const policy = policyOf(models.map(() => ({ periodNs: periodUs * US, batch: 2 })));
  const problem = problemOf(models.map(() => modelOf(runOf(2, { ns: 1 }))));
  const arrivals = requests.map((times) => Float64Array.from(times, (us) => us * US));
  const { endNs } = simulateServing(problem, arrivals, { ...policy, window });
  return endNs.map((ends) => Array.from(ends, (ns) => ns / US));
}

describe("windows", () => {
  it("begin when the period is over and requests wait", () => {
    expect(answers([SHORT], [taskOf(0, [0])], 5, [[0, 1, 9]])).toEqual([[3, 8, 13]]);
    expect(answers([SHORT], [taskOf(0, [0])], 0, [[0, 1, 9]])).toEqual([[3, 6, 12]]);
  });

  it("skip tasks without requests, and answer each when its own task is over", () => {
    const both = [taskOf(0, [0]), taskOf(1, [0, 1])];
    // 3 us next to 2 + 1 + 3; the second window has the short task alone.
    expect(answers([SHORT, CHAIN], both, 0, [[0, 4, 20], [0]])).toEqual([[3, 9, 23], [6]]);
    expect(answers([SHORT, CHAIN], both, 0, [[2], []])).toEqual([[5], []]);
  });

  it("give tasks of one model requests in order, each at most its batch", () => {
    const two = [
      { ...taskOf(0, [0]), batch: 2 },
      { ...taskOf(0, [0]), batch: 2 },
    ];
    // At 3 us five wait, of which four are taken.
    expect(answers([SHORT], two, 0, [[0, 1, 2, 3, 3, 3, 4]])).toEqual([[3, 6, 6, 6, 6, 9, 9]]);
  });

  it("run later parts in later windows, next to those of later tasks", () => {
    const cut = [taskOf(0, [0], [1])];
    // Alone: 2 us and 3 us. Then the second part beside the first of the next: 3 us.
    expect(answers([CHAIN], cut, 0, [[0]])).toEqual([[5]]);
    expect(answers([CHAIN], cut, 0, [[0, 1, 2]])).toEqual([[5, 8, 11]]);
    // A period of 4 us after the first launch also holds up the second part.
    expect(answers([CHAIN], cut, 4, [[0, 1, 2]])).toEqual([[7, 11, 15]]);
  });
});
