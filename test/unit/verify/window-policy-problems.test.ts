import { describe, expect, it } from "vitest";
import type { ArtifactWindow, RegimePolicy } from "../../../src/artifact/launcher-policies.js";
import type { LauncherSection } from "../../../src/artifact/launcher-section.js";
import { windowPolicyProblems } from "../../../src/verify/window-policy-problems.js";

const NO_FIGURES = { cost: { mean: 0, half: 0 }, models: [], samples: [] };

const WINDOW: ArtifactWindow = {
  periodNs: 20,
  lowerBoundNs: 20,
  boundedBy: "capacity",
  status: "optimal",
  tasks: [
    { model: "a", batch: 4, parts: 2 },
    { model: "b", batch: 1, parts: 1 },
    { model: "b", batch: 1, parts: 1 },
  ],
  schedule: { streams: 1, launches: [] },
};

const A = { model: "a", variant: "merged", batch: 4, concurrency: 2, periodNs: 30 };
const B = { model: "b", variant: "merged", batch: 1, concurrency: 2, periodNs: 30 };
const POLICY: RegimePolicy = {
  name: "merged",
  models: [A, B],
  window: WINDOW,
  memoryBytes: 0,
  validation: NO_FIGURES,
  heldOut: NO_FIGURES,
};

function sectionOn(kind: "gpu" | "cpu"): LauncherSection {
  const served = (model: string, batches: readonly number[]) => ({
    model,
    residentBytes: 0,
    objectiveNs: 1,
    arrivals: { kind: "poisson", ratePerSecond: 1 } as const,
    variants: [
      {
        name: "sequential",
        runs: batches.map((batch) => ({ batch, aloneNs: 1, workspaceBytes: 0 })),
        acceleration: [],
      },
    ],
    schedules: [],
  });
  return {
    device:
      kind === "gpu"
        ? { kind, interference: { arithmetic: 0, mixed: 0, bandwidth: 0 } }
        : { kind, workers: 1, slowdown: [1] },
    durationNs: 1,
    heldOutSamples: 1,
    models: [served("a", [1, 4]), served("b", [1])],
    regimes: [],
  };
}

/** What is wrong with the policy when this about it is other. */
function faultsOf(other: Partial<RegimePolicy>, kind: "gpu" | "cpu" = "gpu"): readonly string[] {
  return windowPolicyProblems({ ...POLICY, ...other }, sectionOn(kind), "/p");
}

const windowed = (other: Partial<ArtifactWindow>): Partial<RegimePolicy> => {
  return { window: { ...WINDOW, ...other } };
};

describe("a policy with a window", () => {
  it("follows from the window", () => {
    expect(faultsOf({})).toEqual([]);
    expect(
      windowPolicyProblems({ ...POLICY, window: undefined as never }, sectionOn("cpu"), "/p"),
    ).toEqual([]);
  });

  it.each<[string, Partial<RegimePolicy>, string]>([
    ["a limit of tasks", { inFlight: 3 }, "/p/inFlight"],
    ["two periods", { models: [A, { ...B, periodNs: 0 }] }, "/p/models do not have one period"],
    ["another variant", { models: [{ ...A, variant: "sequential" }, B] }, "/p/models/0/variant"],
    ["another batch", { models: [{ ...A, batch: 1 }, B] }, "/p/models/0/batch"],
    ["another concurrency", { models: [A, { ...B, concurrency: 1 }] }, "/p/models/1/concurrency"],
    ["a period below its bound", windowed({ periodNs: 19 }), "/p/window/periodNs"],
    ["a proof that there is not", windowed({ lowerBoundNs: 19 }), "/p/window/status"],
    ["no proof where there is one", windowed({ status: "bounded" }), "/p/window/status"],
  ])("has not %s", (_, other, place) => {
    expect(faultsOf(other)[0]).toContain(place);
  });

  it("has tasks of all models, in their order, of batches that they have", () => {
    const [a, b, last] = WINDOW.tasks as [
      ArtifactWindow["tasks"][number],
      ArtifactWindow["tasks"][number],
      ArtifactWindow["tasks"][number],
    ];
    expect(faultsOf(windowed({ tasks: [b, a, last] }))).toEqual([
      "/p/window/tasks are not of its models, in their order",
    ]);
    expect(faultsOf(windowed({ tasks: [a, b, { ...last, model: "c" }] }))).toContain(
      "/p/models/1/concurrency is not the number of its parts in the window, 1",
    );
    expect(faultsOf(windowed({ tasks: [a] }))[0]).toBe("/p/window/tasks has none of model 1");
    expect(faultsOf(windowed({ tasks: [{ ...a, batch: 2 }, b, last] }))).toEqual([
      "/p/models/0/batch is not that of its tasks in the window",
    ]);
    const of3 = windowed({ tasks: [{ ...a, batch: 3 }, b, last] });
    expect(faultsOf({ ...of3, models: [{ ...A, batch: 3 }, B] })).toEqual([
      "/p/models/0/batch is not that of its tasks in the window",
    ]);
  });

  it("is not of a CPU", () => {
    expect(faultsOf({}, "cpu")).toEqual(["/p/window is of a CPU, which has none"]);
  });
});
