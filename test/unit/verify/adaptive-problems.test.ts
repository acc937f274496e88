import { describe, expect, it } from "vitest";
import type { ArtifactReaction } from "../../../src/artifact/adaptive-policy.js";
import { adaptiveProblems, reachOfArtifact } from "../../../src/verify/adaptive-problems.js";
import { measuredModels } from "../../../src/verify/served-problem.js";
import { OWN, SECTION } from "../../support/reactive-section.js";

const STILL: ArtifactReaction = {
  steps: [],
  fill: 0,
  dueNs: 0,
  atLeast: 1,
  busy: 0,
  holdNs: 0,
};

const STEP = { ...OWN, waiting: 3, batch: 2, concurrency: 4 };

function problemsOf(...models: readonly ArtifactReaction[]): readonly string[] {
  const adaptive = { kind: "reactive", models } as const;
  return adaptiveProblems({ models: [{ model: "m", ...OWN }], adaptive }, SECTION, [100], "/p");
}

describe("recorded reactions", () => {
  it("are of every model, in steps that ascend, of variants and batches that there are", () => {
    expect(problemsOf({ ...STILL, steps: [STEP, { ...STEP, waiting: 4 }] })).toEqual([]);
    expect(problemsOf()).toEqual(["/p/adaptive/models are not those of /launcher"]);
    expect(problemsOf({ ...STILL, steps: [STEP, STEP] })).toEqual([
      "/p/adaptive/models/0/steps are not ascending",
    ]);
    expect(problemsOf({ ...STILL, steps: [{ ...STEP, variant: "none" }] })).toEqual([
      "/p/adaptive/models/0/steps/0/variant is none of the model's",
    ]);
    expect(problemsOf({ ...STILL, steps: [{ ...STEP, batch: 3 }] })).toEqual([
      "/p/adaptive/models/0/steps/0/batch is larger than that of any run",
    ]);
  });

  it("reach as far as their steps and what is done with few requests", () => {
    const models = measuredModels(SECTION);
    const reach = (...steps: ArtifactReaction["steps"]) =>
      reachOfArtifact(
        {
          models: [{ model: "m", ...OWN }],
          adaptive: { kind: "reactive", models: [{ ...STILL, steps }] },
        },
        models,
      );
    expect(reach()).toEqual([{ batch: 1, concurrency: 2, variants: [0] }]);
    expect(reach(STEP)).toEqual([{ batch: 2, concurrency: 4, variants: [0] }]);
    expect(reach({ ...STEP, variant: "2 threads", concurrency: 1 })).toEqual([
      { batch: 2, concurrency: 2, variants: [0, 1] },
    ]);
  });
});
