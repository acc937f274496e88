import { describe, expect, it } from "vitest";
import { foldRun, pipelineOf } from "../../../../src/schedule/serving/pipelined-runs.js";
import { profileNs } from "../../../../src/schedule/serving/task-profile.js";
import { profileOf, runOf } from "../../../support/serving.js";

const gap = { ns: 1, share: 0 };
const STAGES = [{ ns: 3 }, gap, { ns: 2 }, gap, { ns: 3 }] as const;

describe("parts of a task", () => {
  it("begin behind gaps, as evenly as there are", () => {
    // Parts may begin after 4 and after 7 of 10.
    expect(pipelineOf(profileOf(...STAGES), 1)).toEqual([0]);
    expect(pipelineOf(profileOf(...STAGES), 2)).toEqual([0, 2]);
    expect(pipelineOf(profileOf(...STAGES), 3)).toEqual([0, 2, 4]);
    expect(pipelineOf(profileOf(...STAGES), 4)).toBeUndefined();
    expect(pipelineOf(profileOf({ ns: 5 }, { ns: 5, share: 0.5 }), 2)).toBeUndefined();
    expect(pipelineOf(profileOf({ ns: 5 }, gap), 2)).toBeUndefined();
  });

  it("stay parts when profiles are folded", () => {
    const run = { ...runOf(1, ...STAGES), pipeline: [0, 2] };
    const folded = foldRun(run, 2);
    expect(folded.pipeline).toEqual([0, 1]);
    expect(Array.from(folded.profile.ns)).toEqual([4, 6]);
    // 3 of 4 and 5 of 6 with the whole device.
    expect(Array.from(folded.profile.share)).toEqual([3 / 4, 5 / 6]);
    expect(foldRun(run, 5)).toEqual(run);
    expect(profileNs(foldRun(run, 4).profile)).toBe(10);
  });
});
