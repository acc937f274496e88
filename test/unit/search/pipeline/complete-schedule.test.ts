import { expect, test } from "vitest";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { completeSchedule } from "../../../../src/search/pipeline/complete-schedule.js";
import { searchPeriod } from "../../../../src/search/pipeline/period-search.js";

// Four is what an SMT solver found to be the least; sixteen has no proof.
test.each([
  ["v", 28, 76],
  ["k", 28, 100],
  ["m", 36, 108],
])("%s on 4 devices: 4 micro-batches in %i steps, 16 in %i", (name, four, sixteen) => {
  const built = buildShape(name, { devices: 4 });
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  const makespans = [4, 16].map((microBatches) => {
    const { schedule } = searchPeriod(built.value, { maxNodes: 1_000_000, seed: 1 });
    const whole = schedule && completeSchedule(built.value, schedule, microBatches);
    expect(whole && verifyPipelineSchedule(built.value, whole)).toEqual([]);
    return whole?.makespan;
  });
  expect(makespans).toEqual([four, sixteen]);
});
