import { describe, expect, it } from "vitest";
import type { LauncherSection } from "../../../src/artifact/launcher-section.js";
import { replayOrder } from "../../../src/verify/replay-order.js";
import { modelOf, policyOf, problemOf, runOf } from "../../support/serving.js";

const stage = { ns: 10 };
/** Two stages for one request, four for two of them. */
const PROBLEM = problemOf([modelOf(runOf(1, stage, stage), runOf(2, stage, stage, stage, stage))]);

/** Policies by their figures on every sample: requests per task, and the share that is refused. */
function sectionOf(figures: readonly (readonly [batch: number, shed: number])[]): LauncherSection {
  const policies = figures.map(([batch, shed]) => {
    const sample = { models: [{ batch, shed }] };
    return { heldOut: { samples: [sample] }, validation: { samples: [sample, sample] } };
  });
  const regimes = [{ ratesPerSecond: [100], policies }];
  return { durationNs: 2e9, regimes } as unknown as LauncherSection;
}

describe("samples that are simulated again", () => {
  it("are one of each policy, then the next, those first that take least", () => {
    const section = sectionOf([
      [1, 0],
      [2, 0.5],
      [1.5, 0],
    ]);
    const policy = policyOf([{ batch: 2 }]);
    const order = replayOrder(section, { problem: PROBLEM, policies: [[policy, policy, policy]] });
    const lines = order.map((each) => [each.episode, each.policy, each.purpose, each.stages]);
    // 200 requests: one in a task of 2 stages; half of them, two in a task of 4; 1.5 in a task of 4.
    const [single, refusing, between] = [400, 200, (200 / 1.5) * 4];
    expect(lines).toEqual([
      [0, 1, "held-out", refusing],
      [0, 1, "validation", refusing],
      [0, 0, "held-out", single],
      [0, 0, "validation", single],
      [0, 2, "held-out", between],
      [0, 2, "validation", between],
      [1, 1, "validation", refusing],
      [1, 0, "validation", single],
      [1, 2, "validation", between],
    ]);
  });
});
