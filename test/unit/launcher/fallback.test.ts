/** What is refused where nothing is declared: nothing, unless no policy keeps up. */
import { describe, expect, it } from "vitest";
import type { Workload } from "../../../src/arrivals/workload.js";
import { capacityOf } from "../../../src/launcher/capacity.js";
import { comparePolicies } from "../../../src/launcher/compare-policies.js";
import type { ModelEvaluation } from "../../../src/launcher/evaluate-policy.js";
import { ratesOf, servingJobOf } from "../../../src/launcher/serving-job.js";
import { capacityProblemOf } from "../../../src/schedule/serving/capacity-problem.js";
import { modelOf, problemOf, runOf } from "../../support/serving.js";

const SERVICE_NS = 1e6;
const DURATION_NS = 2e9;
const PROBLEM = problemOf([modelOf(runOf(1, { ns: SERVICE_NS }))]);

/** Requests at 0.8 of capacity in the long run; `swing` higher in the only quarter of a period that samples see. */
function jobWith(swing: number) {
  const ratePerSecond = (0.8 * 1e9) / SERVICE_NS;
  const workload: Workload = {
    models: [
      {
        model: "m0",
        process: { kind: "diurnal", ratePerSecond, swing, periodNs: 2 * DURATION_NS },
        objectiveNs: undefined,
        batches: [1],
      },
    ],
    durationNs: DURATION_NS,
    seed: 1,
  };
  return servingJobOf(PROBLEM, workload);
}

describe("where nothing is declared", () => {
  it("nothing is refused while a policy keeps up", () => {
    const { job, policies, best } = comparePolicies(jobWith(0), { seed: 1, samples: 2 });
    expect(job.shed).toBeUndefined();
    const [{ shed, slope, throughput }] = policies[best]!.heldOut.models as unknown as [
      ModelEvaluation,
    ];
    expect(shed).toEqual({ mean: 0, half: 0 });
    expect(slope.mean).toBeLessThan(0.05 * throughput.mean);
  });

  it("late requests are refused if no policy keeps up, although the long run could be sustained", () => {
    const given = jobWith(1);
    const rates = ratesOf(given);
    expect(capacityOf(capacityProblemOf(PROBLEM, rates)).atMost).toBeGreaterThan(1.2);
    // The half of a period has 1 + 2 / pi times the mean: 1.3 times what can be answered.
    const { job, policies, best } = comparePolicies(given, { seed: 1, samples: 2 });
    expect(job.shed).toEqual([{ kind: "deadline", objectiveNs: 10 * SERVICE_NS }]);
    for (const { heldOut } of policies) {
      const [{ late, shed }] = heldOut.models as unknown as [ModelEvaluation];
      expect(late.mean).toBeLessThan(0.02);
      expect(shed.mean).toBeGreaterThan(0.15);
    }
    const [{ goodput }] = policies[best]!.heldOut.models as unknown as [ModelEvaluation];
    expect(goodput.mean).toBeGreaterThan((0.9 * 1e9) / SERVICE_NS);
  });
});
