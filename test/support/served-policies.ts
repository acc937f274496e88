import type {
  ArtifactModelPolicy,
  ArtifactShed,
  RegimePolicy,
} from "../../src/artifact/launcher-policies.js";
import type { LauncherSection } from "../../src/artifact/launcher-section.js";

/** A policy of one model, for a section. */
export interface PolicyOf extends Partial<ArtifactModelPolicy> {
  readonly name?: string;
  readonly inFlight?: number;
  readonly cost?: number;
}

/** A section of one model with variants `sequential` and `wide` on a GPU, or of two threads on a CPU. */
export function servedSection(
  policies: readonly PolicyOf[],
  options: {
    readonly device?: "gpu" | "cpu";
    readonly best?: string;
    readonly shed?: ArtifactShed;
    readonly scales?: readonly number[];
  } = {},
): LauncherSection {
  const { device = "gpu", best = "static", shed = { kind: "none" }, scales = [1] } = options;
  const onCpu = device === "cpu";
  const run = {
    batch: 1,
    aloneNs: 1000,
    workspaceBytes: 0,
    ...(onCpu ? { stages: { ns: [1000], threads: [2] } } : {}),
  };
  return {
    device: onCpu
      ? { kind: "cpu", workers: 4, slowdown: [1, 1, 1, 1] }
      : { kind: "gpu", interference: { arithmetic: 0, mixed: 0, bandwidth: 0 } },
    durationNs: 1_000_000_000,
    heldOutSamples: 1,
    models: [
      {
        model: "m",
        residentBytes: 0,
        objectiveNs: 5_000_999,
        arrivals: { kind: "constant", ratePerSecond: 1 },
        variants: (onCpu ? ["2 threads"] : ["sequential", "wide"]).map((name) => {
          return { name, runs: [run], acceleration: [1] };
        }),
        schedules: [],
      },
    ],
    regimes: scales.map((scale) => ({
      scale,
      ratesPerSecond: [scale],
      capacity: { atMost: 1, prices: [] },
      shed: [shed],
      best,
      absent: [],
      policies: policies.map((policy) =>
        regimePolicy({ variant: onCpu ? "2 threads" : "wide", ...policy }, scale),
      ),
    })),
  };
}

function regimePolicy(
  { name = "static", inFlight, cost = 1, ...own }: PolicyOf,
  scale: number,
): RegimePolicy {
  const figures = { cost: { mean: cost, half: 0 }, models: [], samples: [] };
  return {
    name: scale === 1 ? name : `${name} at ${scale}`,
    ...(inFlight === undefined ? {} : { inFlight }),
    models: [{ model: "m", variant: "wide", batch: 1, concurrency: 1, periodNs: 0, ...own }],
    memoryBytes: 0,
    validation: figures,
    heldOut: figures,
  };
}
