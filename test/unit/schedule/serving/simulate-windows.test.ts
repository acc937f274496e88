import { describe, expect, it } from "vitest";
import { type PlannedTask, plainWindow } from "../../../../src/launcher/make-window.js";
import type { GpuProblem } from "../../../../src/schedule/gpu-problem.js";
import type { WindowTask } from "../../../../src/schedule/serving/merged-window.js";
import { servingMetrics } from "../../../../src/schedule/serving/serving-metrics.js";
import type { LauncherWindow, ShedRule } from "../../../../src/schedule/serving/serving-model.js";
import type { ServingRun } from "../../../../src/schedule/serving/serving-run.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { searchSequential } from "../../../../src/search/operator/sequential.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";
import { taskOf, tenProblemOf } from "../../../support/windows.js";

// On a device that holds ten thread blocks: halves of it side by side, a launch gap of 1 us.
const SHORT = tenProblemOf({ blocks: 5, us: 3 });
const CHAIN = tenProblemOf({ blocks: 5, us: 2 }, { blocks: 5, us: 3, after: [0] });
const US = 1000;

/** Serves requests, given in microseconds by model, in windows. */
function served(
  models: readonly GpuProblem[],
  tasks: readonly WindowTask[],
  periodUs: number,
  requests: readonly (readonly number[])[],
  shed?: ShedRule,
): ServingRun {
  const planned = tasks.map((task): PlannedTask => {
    const problem = models[task.model] as GpuProblem;
    return { ...task, problem, schedule: searchSequential(problem) };
  });
  const window: LauncherWindow = {
    window: plainWindow(planned),
    problems: planned.map(({ problem }) => problem),
  };
  const rule = shed === undefined ? {} : { shed };
  const policy = policyOf(models.map(() => ({ periodNs: periodUs * US, batch: 2, ...rule })));
  const problem = problemOf(models.map(() => modelOf(runOf(2, { ns: 1 }))));
  const arrivals = requests.map((times) => Float64Array.from(times, (us) => us * US));
  return simulateServing(problem, arrivals, { ...policy, window });
}

/** The answers, or refusals, of `served` in microseconds. */
function answers(...given: Parameters<typeof served>): number[][] {
  return served(...given).endNs.map((ends) => Array.from(ends, (ns) => ns / US));
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

  it("count tasks of one model that are launched together as tasks", () => {
    const two = [taskOf(0, [0]), taskOf(0, [0])];
    const run = served([SHORT], two, 0, [[0, 0, 1]]);
    expect(run.launches).toEqual([3]);
    expect(servingMetrics(run, 0, undefined, { fromNs: 0, toNs: 9000 }).batch).toBe(1);
  });
});

/** Which requests were refused. */
function refused(...given: Parameters<typeof served>): number[][] {
  return served(...given).isRefused!.map((own) =>
    [...own.entries()].flatMap(([at, is]) => (is ? [at] : [])),
  );
}

describe("windows with rules", () => {
  const one = [taskOf(0, [0])];
  const cut = [taskOf(0, [0], [1])];

  it("refuse those that arrive while enough wait, or those that have waited longest", () => {
    // 3 us each, at once. While the first runs, one may wait.
    const rule = (kind: "newest" | "oldest") => ({ kind, queue: 1 });
    expect(refused([SHORT], one, 0, [[0, 1, 2, 7]], rule("newest"))).toEqual([[2]]);
    expect(answers([SHORT], one, 0, [[0, 1, 2, 7]], rule("newest"))).toEqual([[3, 6, 2, 10]]);
    expect(refused([SHORT], one, 0, [[0, 1, 2, 7]], rule("oldest"))).toEqual([[1]]);
    expect(answers([SHORT], one, 0, [[0, 1, 2, 7]], rule("oldest"))).toEqual([[3, 2, 6, 10]]);
  });

  it("refuse those that would be late when a task could take them", () => {
    const within = (us: number) => ({ kind: "deadline" as const, objectiveNs: us * US });
    // At 3 us the second has waited 2 and would take 3.
    expect(answers([SHORT], one, 0, [[0, 1]], within(5))).toEqual([[3, 6]]);
    expect(answers([SHORT], one, 0, [[0, 1]], within(4.9))).toEqual([[3, 3]]);
    expect(refused([SHORT], one, 0, [[0, 1]], within(4.9))).toEqual([[1]]);
    // Parts of 2 and 3 us take 5, or with a period of 4 us 7.
    expect(refused([CHAIN], cut, 0, [[0]], within(5))).toEqual([[]]);
    expect(refused([CHAIN], cut, 0, [[0]], within(4.9))).toEqual([[0]]);
    expect(refused([CHAIN], cut, 4, [[0]], within(7))).toEqual([[]]);
    expect(refused([CHAIN], cut, 4, [[0]], within(6.9))).toEqual([[0]]);
  });

  it("expect what the last tasks took, and go on when nothing is under way", () => {
    const within = (us: number) => ({ kind: "deadline" as const, objectiveNs: us * US });
    // The first two are beside each other's parts: 2 us, 3 us, 3 us. The second takes 6, so the third, at 20, is
    // expected to take that long.
    const requests = [[0, 1, 20]];
    expect(answers([CHAIN], cut, 0, requests, within(7))).toEqual([[5, 8, 25]]);
    expect(refused([CHAIN], cut, 0, requests, within(7))).toEqual([[]]);
    // 6 us is more than this objective. At 20 nothing is under way, so that 5 us count; at 22 something is.
    expect(refused([CHAIN], cut, 0, [[0, 1.9, 20, 21]], within(5.5))).toEqual([[3]]);
    expect(refused([CHAIN], cut, 0, [[0, 1.9, 20, 25]], within(5.5))).toEqual([[]]);
  });
});
