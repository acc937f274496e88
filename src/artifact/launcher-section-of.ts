/** The `launcher` section from what was found out about serving models. */
import type { ArrivalProcess, ModelArrivals } from "../arrivals/workload.js";
import { present } from "../core/invariant.js";
import { sixDigits } from "../core/six-digits.js";
import { accelerationOf } from "../launcher/acceleration.js";
import type { Capacity } from "../launcher/capacity.js";
import type { ComparedPolicy, PolicyComparison } from "../launcher/compare-policies.js";
import type { PolicyEvaluation } from "../launcher/evaluate-policy.js";
import type { ServingJob } from "../launcher/serving-job.js";
import { reachBytes, reachOf } from "../schedule/serving/adaptive-memory.js";
import type { CapacityProblem } from "../schedule/serving/capacity-problem.js";
import { withOperatorNames } from "../schedule/serving/served-schedule.js";
import { policyBytes } from "../schedule/serving/serving-memory.js";
import type { ServingMetrics } from "../schedule/serving/serving-metrics.js";
import type {
  BatchRun,
  LauncherWindow,
  ServedSchedule,
  ServingModel,
  ServingProblem,
  ShedRule,
} from "../schedule/serving/serving-model.js";
import { profileNs } from "../schedule/serving/task-profile.js";
import { windowGraphOf, windowPartsOf } from "../schedule/serving/window-graph.js";
import { adaptivePolicyOf } from "./adaptive-policy-of.js";
import { figuresOver } from "./figures-over-samples.js";
import {
  type ArtifactArrivals,
  type ArtifactShed,
  MERGED_VARIANT,
  type ModelFigures,
  type RegimePolicy,
  type SampledFigures,
  type SampleFigures,
} from "./launcher-policies.js";
import type {
  ArtifactBatchRun,
  ArtifactRegime,
  ArtifactServedModel,
  LauncherSection,
} from "./launcher-section.js";
import { policyDigest } from "./policy-digest.js";

/** What was found out about the rates of the arrivals times `scale`. */
export interface FoundRegime {
  readonly scale: number;
  readonly rates: readonly number[];
  readonly capacityProblem: CapacityProblem;
  readonly capacity: Capacity;
  readonly comparison: PolicyComparison;
}

/** The section for a job at scale 1 and its regimes. Cost: O(operators of all schedules + figures). */
export function launcherSectionOf(
  { problem, workload, objectives }: ServingJob,
  regimes: readonly FoundRegime[],
): LauncherSection {
  const [first] = regimes;
  const [policy] = first?.comparison.policies ?? [];
  return {
    device: problem.device,
    durationNs: workload.durationNs,
    heldOutSamples: policy?.heldOut.samples.length ?? 0,
    models: problem.models.map((model, at) => {
      const served = modelOf(model, present(workload.models[at], "requests"), objectives[at] ?? 0);
      const variants = served.variants.map((variant, number) => ({
        ...variant,
        acceleration: accelerationOf(problem, at, number).map(sixDigits),
      }));
      return { ...served, variants };
    }),
    regimes: regimes.map((regime) => regimeOf(problem, regime)),
  };
}

type PlainVariant = Omit<ArtifactServedModel["variants"][number], "acceleration">;

function modelOf(
  { name, residentBytes, variants }: ServingModel,
  { process: source, shed }: ModelArrivals,
  objectiveNs: number,
): Omit<ArtifactServedModel, "variants"> & { readonly variants: readonly PlainVariant[] } {
  const schedules: ServedSchedule[] = [];
  const known = new Map<string, number>();
  const positionOf = (schedule: ServedSchedule): number => {
    const key = JSON.stringify(schedule);
    const at = known.get(key) ?? schedules.push(schedule) - 1;
    known.set(key, at);
    return at;
  };
  return {
    model: name,
    residentBytes,
    objectiveNs,
    arrivals: arrivalsOf(source),
    ...(shed === undefined ? {} : { shed }),
    variants: variants.map((variant) => ({
      name: variant.name,
      ...(variant.also === undefined ? {} : { also: variant.also }),
      runs: variant.runs.map((run) => runOf(run, positionOf)),
    })),
    schedules,
  };
}

function arrivalsOf(source: ArrivalProcess): ArtifactArrivals {
  return source.kind === "trace" ? { kind: "trace", gapsNs: Array.from(source.gapsNs) } : source;
}

function runOf(
  { batch, profile, workspaceBytes, schedule, pipeline, contention, records }: BatchRun,
  positionOf: (schedule: ServedSchedule) => number,
): ArtifactBatchRun {
  const common = { batch, aloneNs: Math.round(profileNs(profile)), workspaceBytes };
  return schedule === undefined
    ? {
        ...common,
        stages: { ns: Array.from(profile.ns), threads: Array.from(profile.share) },
        ...(contention === undefined ? {} : { contention }),
        ...(records === undefined ? {} : { records }),
      }
    : {
        ...common,
        schedule: positionOf(schedule),
        ...(pipeline === undefined ? {} : { pipeline }),
      };
}

function regimeOf(
  problem: ServingProblem,
  { scale, rates, capacityProblem, capacity, comparison }: FoundRegime,
): ArtifactRegime {
  return {
    scale,
    ratesPerSecond: rates,
    capacity: {
      atMost: capacity.atMost,
      prices: capacityProblem.resources.map((resource, at) => {
        return { resource, price: capacity.prices[at] ?? 0 };
      }),
    },
    shed: problem.models.map((_, at) => shedOf(comparison.job.shed?.[at])),
    best: comparison.policies[comparison.best]?.name ?? "",
    policies: comparison.policies.map((each) => policyOf(problem, each)),
    absent: comparison.absent,
  };
}

function shedOf(rule: ShedRule | undefined): ArtifactShed {
  return rule === undefined || rule.kind === "deadline" ? { kind: rule?.kind ?? "none" } : rule;
}

function policyOf(
  problem: ServingProblem,
  { name, policy, adaptive, validation, heldOut }: ComparedPolicy,
): RegimePolicy {
  const recorded: RegimePolicy = {
    name,
    ...(policy.inFlight === undefined ? {} : { inFlight: policy.inFlight }),
    models: policy.models.map(({ variant, batch, concurrency, periodNs }, at) => {
      const model = problem.models[at];
      const own = model?.variants[variant]?.name ?? "";
      const named = policy.window === undefined ? own : MERGED_VARIANT;
      return { model: model?.name ?? "", variant: named, batch, concurrency, periodNs };
    }),
    ...(policy.window === undefined ? {} : { window: windowOf(problem, policy.window) }),
    ...(adaptive === undefined ? {} : { adaptive: adaptivePolicyOf(problem, adaptive) }),
    memoryBytes:
      adaptive === undefined
        ? policyBytes(problem, policy)
        : reachBytes(problem, reachOf(adaptive), policy.inFlight),
    validation: sampledOf(validation),
    heldOut: sampledOf(heldOut),
  };
  return adaptive === undefined ? recorded : withDigest(recorded);
}

/** The digest stands behind what it is of. */
function withDigest({ memoryBytes, validation, heldOut, ...policy }: RegimePolicy): RegimePolicy {
  const digest = policyDigest({ ...policy, validation, heldOut });
  return { ...policy, digest, memoryBytes, validation, heldOut };
}

function sampledOf({ samples }: PolicyEvaluation): SampledFigures {
  const recorded: readonly SampleFigures[] = samples.map(({ cost, models }) => {
    return { cost: sixDigits(cost), models: models.map(figuresOf) };
  });
  return { ...figuresOver(recorded), samples: recorded };
}

function windowOf(
  { models }: ServingProblem,
  { window, problems }: LauncherWindow,
): NonNullable<RegimePolicy["window"]> {
  const { tasks, schedule, ...figures } = window;
  const { joint } = windowGraphOf(
    windowPartsOf(tasks),
    (task) => present(problems[task], "task").graph,
  );
  return {
    periodNs: figures.periodNs,
    lowerBoundNs: figures.lowerBoundNs,
    boundedBy: figures.boundedBy,
    status: figures.status,
    tasks: tasks.map(({ model, batch, parts }) => {
      return { model: models[model]?.name ?? "", batch, parts: parts.length };
    }),
    schedule: withOperatorNames(schedule, joint.graph),
  };
}

/** Figures of one sample as they are recorded. */
function figuresOf(metrics: ServingMetrics): ModelFigures<number> {
  const { throughput, goodput, late, shed, latencyNs, batch, backlog } = metrics;
  return {
    throughput: sixDigits(throughput),
    goodput: sixDigits(goodput),
    late: sixDigits(late),
    shed: sixDigits(shed),
    p50Ns: sixDigits(latencyNs.p50),
    p99Ns: sixDigits(latencyNs.p99),
    batch: sixDigits(batch),
    backlog: sixDigits(backlog.mean),
    slope: sixDigits(backlog.slope),
  };
}
