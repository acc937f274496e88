/**
 * A study of `verify` for policies that change: every number of theirs is changed, each parameter of the networks among them,
 * of which no sample may ever ask. All changes are refused; those with a digest made to match, where they change a decision.
 */
import { describe, expect, it } from "vitest";
import type { ArtifactAdaptive } from "../../src/artifact/adaptive-policy.js";
import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import { launcherSectionOf } from "../../src/artifact/launcher-section-of.js";
import { policyDigest } from "../../src/artifact/policy-digest.js";
import { InternalError } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { capacityOf } from "../../src/launcher/capacity.js";
import { comparePolicies } from "../../src/launcher/compare-policies.js";
import { cpuProblemOf } from "../../src/launcher/cpu-problem.js";
import type { LearnedCandidate } from "../../src/launcher/marl/learn-launchers.js";
import { STILL } from "../../src/launcher/marl/reaction-moves.js";
import { startingLauncher } from "../../src/launcher/marl/starting-launcher.js";
import { ratesOf, type ServingJob, servingJobOf } from "../../src/launcher/serving-job.js";
import { withLearned } from "../../src/launcher/with-learned.js";
import {
  decodeParameters,
  encodeParameters,
  roundParameters,
} from "../../src/learn/fixed-point.js";
import { capacityProblemOf } from "../../src/schedule/serving/capacity-problem.js";
import type { LauncherPolicy } from "../../src/schedule/serving/serving-model.js";
import { verifyLauncher } from "../../src/verify/verify-launcher.js";
import { numberChanges } from "../support/field-changes.js";
import { policyOf } from "../support/serving.js";
import { servingProfile } from "../support/serving-profiles.js";

const SEED = 3;
const RATE = 150;

function jobOf(): ServingJob {
  const problem = cpuProblemOf([{ name: "m", profile: servingProfile(), batches: [1, 2] }]);
  const process = { kind: "poisson", ratePerSecond: RATE } as const;
  const models = [{ model: "m", process, objectiveNs: 3e7, batches: [1, 2] }];
  return servingJobOf(problem, { models, durationNs: 4e8, seed: undefined });
}

/** One launcher of each kind: networks of random parameters, a table, and a reaction. */
function learnedFrom(job: ServingJob, start: LauncherPolicy): readonly LearnedCandidate[] {
  const random = seededRandom(SEED);
  const drawn = (parameters: Float64Array): Float64Array =>
    roundParameters(parameters.map(() => random.between(-1, 1)));
  const still = startingLauncher(job, start)!;
  const policies = [start, policyOf([{ batch: 2, concurrency: 1, periodNs: 1e6 }])];
  const regimes = policies.map((policy, at) => ({ rates: [RATE * (1 + at)], policy }));
  const step = { waiting: 2, variant: 0, batch: 2, concurrency: 3, periodNs: 1000 };
  const reaction = {
    ...STILL,
    steps: [step],
    fill: 0.75,
    dueNs: 5,
    atLeast: 2,
    busy: 1,
    holdNs: 1e6,
  };
  const models = start.models.map((own) => ({ ...own, reaction }));
  return [
    {
      name: "maddpg",
      launcher: { ...still, launcher: drawn(still.launcher), scheduler: drawn(still.scheduler) },
      curve: [],
    },
    { name: "cross-entropy", launcher: { kind: "regimes", tickNs: 4e6, regimes }, curve: [] },
    { name: "reactive", launcher: { kind: "reactive", policy: { models } }, curve: [] },
  ];
}

/** As `launch` would write it. */
function artifactOf(): ScheduleArtifact {
  const job = jobOf();
  const plain = comparePolicies(job, { seed: SEED, samples: 1 });
  const start = plain.policies.find(({ name }) => name === "static")!.policy;
  const options = { seed: SEED, samples: 1 };
  const comparison = withLearned(plain, learnedFrom(plain.job, start), options);
  const rates = ratesOf(job);
  const capacityProblem = capacityProblemOf(job.problem, rates);
  const capacity = capacityOf(capacityProblem);
  return {
    provenance: {
      tool: "top-compile 0.0.0",
      inputs: [{ role: "model", name: "m.onnx", sha256: "0".repeat(64) }],
      seed: SEED,
      options: { device: "cpu", rate: [`m=${RATE}`], samples: 1, "train-steps": 100 },
    },
    device: { name: "cpu", source: "measured" },
    launcher: launcherSectionOf(job, [{ scale: 1, rates, capacityProblem, capacity, comparison }]),
  };
}

/** What verify says: nothing, or why not. */
async function refusals(document: unknown): Promise<readonly string[]> {
  const artifact = parseArtifact(JSON.stringify(document), "m.policy.json");
  if (!artifact.ok) {
    return artifact.error.map(({ message }) => message);
  }
  const verified = await verifyLauncher(artifact.value, "m.policy.json", () => {
    throw new InternalError("no model is read for a CPU");
  });
  return verified.ok ? [] : verified.error.map(({ message }) => message);
}

type Document = ScheduleArtifact & { readonly launcher: NonNullable<ScheduleArtifact["launcher"]> };

function policiesOf(document: Document) {
  return document.launcher.regimes[0]!.policies;
}

describe("policies that change", async () => {
  const text = encodeArtifact(artifactOf());
  const original = (): Document => JSON.parse(text) as Document;

  it("are what verify accepts, all of their samples simulated again", async () => {
    const kinds = policiesOf(original()).map(({ adaptive }) => adaptive?.kind);
    expect(kinds).toEqual([undefined, undefined, undefined, "learned", "regimes", "reactive"]);
    expect(await refusals(original())).toEqual([]);
  });

  it("are refused with any of their numbers changed", async () => {
    const passed: string[] = [];
    let count = 0;
    for (const { pointer, what, document } of numberChanges(original())) {
      if (/\/policies\/[345]\//.test(pointer)) {
        count++;
        const problems = await refusals(document);
        if (problems.length === 0) {
          passed.push(`${pointer}: ${what}`);
        }
      }
    }
    expect(passed).toEqual([]);
    expect(count).toBeGreaterThan(500);
  });

  it("are refused with any parameter of their networks changed by the least there is", async () => {
    let count = 0;
    for (const agent of ["launcher", "scheduler"] as const) {
      const adaptive = policiesOf(original())[3]!.adaptive!;
      const parameters = adaptive.kind === "learned" ? decodeParameters(adaptive[agent]) : [];
      for (const at of parameters.keys()) {
        const other = Float64Array.from(parameters, (each, i) => each + (i === at ? 1 / 4096 : 0));
        const document = original();
        Object.assign(policiesOf(document)[3]!.adaptive!, { [agent]: encodeParameters(other) });
        expect(await refusals(document)).not.toEqual([]);
        count++;
      }
    }
    expect(count).toBeGreaterThan(500);
  });

  it("are refused under another digest, without one, and under each other's name", async () => {
    const changes: readonly ((document: Document) => void)[] = [
      (document) => Object.assign(policiesOf(document)[3]!, { digest: "0".repeat(64) }),
      (document) => delete (policiesOf(document)[4] as { digest?: string }).digest,
      (document) => Object.assign(policiesOf(document)[2]!, { digest: "0".repeat(64) }),
      (document) => {
        const [first, second] = policiesOf(document).slice(3);
        Object.assign(first!, { name: "cross-entropy" });
        Object.assign(second!, { name: "maddpg" });
      },
    ];
    for (const change of changes) {
      const document = original();
      change(document);
      expect((await refusals(document)).join("\n")).toContain("digest is not that of what was");
    }
  });

  it("are refused with a digest made to match where they decide otherwise", async () => {
    const changes: readonly (readonly [at: number, (adaptive: ArtifactAdaptive) => object])[] = [
      [
        3,
        (adaptive) => {
          const parameters = decodeParameters(adaptive.kind === "learned" ? adaptive.launcher : "");
          return { launcher: encodeParameters(parameters.map((each) => -each)) };
        },
      ],
      [
        4,
        (adaptive) => {
          const [first, second] = adaptive.kind === "regimes" ? adaptive.rows : [];
          return { rows: [{ ...second!, ratesPerSecond: [1] }, first!] };
        },
      ],
      [
        5,
        (adaptive) => {
          const models = adaptive.kind === "reactive" ? adaptive.models : [];
          return { models: models.map((own) => ({ ...own, holdNs: 5e6 })) };
        },
      ],
    ];
    for (const [at, change] of changes) {
      const document = original();
      const policy = policiesOf(document)[at]!;
      Object.assign(policy.adaptive!, change(policy.adaptive!));
      Object.assign(policy, { digest: policyDigest(policy) });
      expect((await refusals(document)).join("\n")).toContain("simulating the sample again");
    }
  });
});
