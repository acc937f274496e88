/** A `launcher` section of one model on a CPU, as far as policies that change are checked against it. */
import type { ArtifactKnobs } from "../../src/artifact/adaptive-policy.js";
import type { LauncherSection } from "../../src/artifact/launcher-section.js";

const RUNS = [1, 2].map((batch) => ({
  batch,
  aloneNs: 100 * batch,
  workspaceBytes: 10,
  stages: { ns: [100 * batch], threads: [1] },
}));

/** What a policy does for the model. */
export const OWN: ArtifactKnobs = { variant: "1 thread", batch: 1, concurrency: 2, periodNs: 0 };

/** The section. */
export const SECTION: LauncherSection = {
  device: { kind: "cpu", workers: 2, slowdown: [1, 1] },
  durationNs: 1e9,
  heldOutSamples: 1,
  models: [
    {
      model: "m",
      residentBytes: 0,
      objectiveNs: 1000,
      arrivals: { kind: "poisson", ratePerSecond: 100 },
      variants: ["1 thread", "2 threads"].map((name) => ({ name, runs: RUNS, acceleration: [1] })),
      schedules: [],
    },
  ],
  regimes: [],
};
