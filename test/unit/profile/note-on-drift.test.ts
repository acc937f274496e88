import { expect, it } from "vitest";
import { noteOnDrift } from "../../../src/profile/note-on-drift.js";
import type { Profile, Timing } from "../../../src/profile/profile.js";
import { PROFILE } from "../../support/profiles.js";

const timing = (medianNs: number): Timing => ({
  medianNs,
  p10Ns: medianNs,
  p90Ns: medianNs,
  samples: 15,
});

function measuredAt(operatorsNs: number, schedulesNs: number): Profile {
  const { measurement } = PROFILE;
  const baselines = measurement!.baselines.map((each) => ({
    ...each,
    ...(each.name === "sequential" ? { latency: timing(schedulesNs) } : {}),
  }));
  return {
    ...PROFILE,
    method: { ...PROFILE.method!, run: timing(operatorsNs) },
    measurement: { ...measurement!, baselines },
  };
}

it.each([
  [45.2e6, 28.9e6],
  [28.9e6, 45.2e6],
])("says that %d ns and %d ns are not the same pace", (operatorsNs, schedulesNs) => {
  const note = noteOnDrift(measuredAt(operatorsNs, schedulesNs));
  expect(note).toContain("45.2 ms");
  expect(note).toContain("28.9 ms");
  expect(note).toContain("--remeasure");
});

it("is silent where the paces agree, and where nothing was measured", () => {
  expect(noteOnDrift(measuredAt(30e6, 33e6))).toBeUndefined();
  const { measurement: _, ...unmeasured } = PROFILE;
  expect(noteOnDrift(unmeasured)).toBeUndefined();
});
