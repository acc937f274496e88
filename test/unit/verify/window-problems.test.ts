import { describe, expect, it } from "vitest";
import { gpuBounds } from "../../../src/schedule/gpu-bounds.js";
import type { GpuProblem } from "../../../src/schedule/gpu-problem.js";
import type { MergedWindow, WindowTask } from "../../../src/schedule/serving/merged-window.js";
import { windowPartsOf, windowProblemOf } from "../../../src/schedule/serving/window-graph.js";
import { composeSchedule } from "../../../src/search/operator/waits.js";
import { windowProblems } from "../../../src/verify/window-problems.js";
import { taskOf, tenProblemOf } from "../../support/windows.js";

const SHORT = tenProblemOf({ blocks: 5, us: 3 });
const CHAIN = tenProblemOf({ blocks: 5, us: 2 }, { blocks: 5, us: 3, after: [0] });
const MODELS = [SHORT, CHAIN];

const problemOf = (model: number, batch: number): GpuProblem | undefined =>
  batch === 1 ? MODELS[model] : undefined;

/** The window of tasks in which every part has a stream of its own, with a period worked out by hand. */
function windowOf(tasks: readonly WindowTask[], periodNs: number): MergedWindow {
  const { problem, joint } = windowProblemOf(
    windowPartsOf(tasks),
    (task) => MODELS[tasks[task]!.model]!,
  );
  const order = Int32Array.from(joint.task, (_, at) => at);
  const schedule = composeSchedule(problem.graph, "by hand", { order, streamOf: joint.task });
  const { lowerBoundNs, boundedBy } = gpuBounds(problem);
  const status = periodNs <= lowerBoundNs ? "optimal" : "bounded";
  return { tasks, schedule, periodNs, lowerBoundNs, boundedBy, status };
}

const WHOLE = windowOf([taskOf(0, [0]), taskOf(1, [0, 1])], 6000);

describe("windows", () => {
  it("are as long as their longest part, which cuts shorten", () => {
    expect(windowProblems(WHOLE, problemOf)).toEqual([]);
    expect(WHOLE).toMatchObject({ lowerBoundNs: 6000, status: "optimal" });
    const cut = windowOf([taskOf(0, [0]), taskOf(1, [0], [1])], 5000);
    // The first parts of both tasks take half of the device each, the third half waits for the shorter.
    expect(windowProblems(cut, problemOf)).toEqual([]);
    expect(cut).toMatchObject({ lowerBoundNs: 4000, boundedBy: "capacity", status: "bounded" });
  });

  it("are refused with parts that are no cut of the model", () => {
    const faultsOf = (task: WindowTask): readonly string[] =>
      windowProblems({ ...WHOLE, tasks: [task] }, problemOf);
    expect(faultsOf(taskOf(2, [0]))).toEqual([
      "task 0 is of model 2 with batch 1, which there is not",
    ]);
    expect(faultsOf(taskOf(1, [0, 2]))).toEqual(["task 0 has operator 2, which its model has not"]);
    expect(faultsOf(taskOf(1, [0], [0, 1]))).toEqual([
      "task 0 has operator 0 twice or out of order",
    ]);
    expect(faultsOf(taskOf(1, [1, 0]))).toEqual(["task 0 has operator 0 twice or out of order"]);
    expect(faultsOf(taskOf(1, [0]))).toEqual([
      "the parts of task 0: backward edge",
      "the parts of task 0: stage out of range",
    ]);
    expect(faultsOf(taskOf(1, [1], [0]))).toEqual(["the parts of task 0: backward edge"]);
    expect(faultsOf(taskOf(1, [0, 1], []))).toEqual(["the parts of task 0: empty stage"]);
    expect(windowProblems({ ...WHOLE, tasks: [] }, problemOf)).toEqual(["the window has no task"]);
  });

  it("are refused with a schedule of something else", () => {
    const { schedule } = WHOLE;
    const missing = { ...schedule, launches: schedule.launches.slice(1) };
    expect(windowProblems({ ...WHOLE, schedule: missing }, problemOf)).toEqual([
      "the schedule is broken: missing operator",
      "the schedule is broken: unused stream",
    ]);
  });

  it("are refused with figures that do not follow", () => {
    expect(windowProblems({ ...WHOLE, periodNs: 5999 }, problemOf)).toEqual([
      "the period is 5999, the schedule takes 6000",
    ]);
    expect(windowProblems({ ...WHOLE, lowerBoundNs: 6001 }, problemOf)).toEqual([
      "the bound is 6001 by critical-path, it should be 6000 by critical-path",
    ]);
    expect(windowProblems({ ...WHOLE, boundedBy: "capacity" }, problemOf)).toEqual([
      "the bound is 6000 by capacity, it should be 6000 by critical-path",
    ]);
    expect(windowProblems({ ...WHOLE, status: "bounded" }, problemOf)).toEqual([
      "the status is bounded",
    ]);
  });
});
