import { describe, expect, it } from "vitest";
import type { ArtifactWindow } from "../../../src/artifact/launcher-policies.js";
import { type PlannedTask, plainWindow } from "../../../src/launcher/make-window.js";
import type { GpuProblem } from "../../../src/schedule/gpu-problem.js";
import { withOperatorNames } from "../../../src/schedule/serving/served-schedule.js";
import { windowGraphOf, windowPartsOf } from "../../../src/schedule/serving/window-graph.js";
import { searchSequential } from "../../../src/search/operator/sequential.js";
import { windowOfArtifact } from "../../../src/verify/window-of-artifact.js";
import { taskOf, tenProblemOf } from "../../support/windows.js";

const SHORT = tenProblemOf({ blocks: 5, us: 3 });
const CHAIN = tenProblemOf({ blocks: 5, us: 2 }, { blocks: 5, us: 3, after: [0] });
const MODELS = [SHORT, CHAIN];
const SERVED = {
  names: ["short", "chain"],
  problemOf: (model: number, batch: number): GpuProblem | undefined =>
    batch === 1 ? MODELS[model] : undefined,
};

const PLANNED = [taskOf(0, [0]), taskOf(1, [0], [1])].map((task): PlannedTask => {
  const problem = MODELS[task.model] as GpuProblem;
  return { ...task, problem, schedule: searchSequential(problem) };
});
const WINDOW = plainWindow(PLANNED);

/** The window as an artifact has it. */
function recorded(): ArtifactWindow {
  const { tasks, schedule, periodNs, lowerBoundNs, boundedBy, status } = WINDOW;
  const { joint } = windowGraphOf(windowPartsOf(tasks), (task) => PLANNED[task]!.problem.graph);
  return {
    periodNs,
    lowerBoundNs,
    boundedBy,
    status,
    tasks: tasks.map(({ model, batch, parts }) => {
      return { model: SERVED.names[model]!, batch, parts: parts.length };
    }),
    schedule: withOperatorNames(schedule, joint.graph),
  };
}

/** What is wrong with a window at /w. */
function faultsOf(window: ArtifactWindow): readonly string[] {
  const found = windowOfArtifact(window, SERVED, { file: "a.json", place: "/w" });
  return found.ok ? [] : found.error.map(({ message }) => message);
}

function renamed(from: string, to: string): ArtifactWindow {
  return JSON.parse(JSON.stringify(recorded()).replaceAll(`"${from}`, `"${to}`)) as ArtifactWindow;
}

describe("a recorded window", () => {
  it("is the window that was recorded", () => {
    const found = windowOfArtifact(recorded(), SERVED, { file: "a.json", place: "/w" });
    expect(found.ok && found.value.problems).toEqual([SHORT, CHAIN]);
    const { schedule, ...rest } = WINDOW;
    expect(found.ok && found.value.window).toEqual({
      ...rest,
      schedule: { ...schedule, algorithm: "" },
    });
  });

  it("has operators of its tasks and their parts alone", () => {
    for (const to of ["2/0:", "0/1:", "00/0:", "0:", "", "0/0:no"]) {
      expect(faultsOf(renamed("0/0:", to)), to).toEqual([
        expect.stringMatching(/\/w: \/schedule\/launches\/\d names ".*", which no task .* has/),
      ]);
    }
    const { tasks } = recorded();
    const [first, second] = tasks as [(typeof tasks)[0], (typeof tasks)[0]];
    const other = (task: Partial<typeof second>) =>
      faultsOf({ ...recorded(), tasks: [first, { ...second, ...task }] });
    expect(other({ model: "other" })).toEqual([expect.stringContaining("which no task")]);
    expect(other({ batch: 2 })).toEqual([expect.stringContaining("which no task")]);
    expect(other({ parts: 1 })).toEqual([expect.stringContaining("which no task")]);
    expect(other({ parts: 3 })).toEqual([expect.stringContaining("stage count invalid")]);
  });

  it("has every operator once, in parts that follow each other", () => {
    const { schedule } = recorded();
    const [first, ...launches] = schedule.launches;
    const without = { ...recorded(), schedule: { ...schedule, launches } };
    expect(faultsOf(without)).not.toEqual([]);
    const twice = { ...schedule, launches: [first!, first!, ...launches] };
    expect(faultsOf({ ...recorded(), schedule: twice })).toEqual([
      expect.stringContaining("twice or out of order"),
    ]);
    const text = JSON.stringify(recorded());
    const turned = text.replaceAll("1/0:", "1/x:").replaceAll("1/1:", "1/0:");
    expect(faultsOf(JSON.parse(turned.replaceAll("1/x:", "1/1:")))).toEqual([
      expect.stringContaining("backward edge"),
    ]);
  });

  it("takes what its schedule takes, with the bound of its parts", () => {
    const { periodNs, lowerBoundNs } = recorded();
    expect(faultsOf({ ...recorded(), periodNs: periodNs + 1 })).toEqual([
      expect.stringContaining(`the period is ${periodNs + 1}`),
    ]);
    expect(faultsOf({ ...recorded(), lowerBoundNs: lowerBoundNs - 1 })).toEqual([
      expect.stringContaining(`the bound is ${lowerBoundNs - 1}`),
    ]);
    expect(faultsOf({ ...recorded(), boundedBy: "bandwidth" })).toEqual([
      expect.stringContaining("by bandwidth"),
    ]);
  });
});
