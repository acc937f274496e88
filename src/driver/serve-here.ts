/** Serves requests on this machine for real, beside what the simulator predicts of the same requests. */
import { drawArrivals } from "../arrivals/draw-arrivals.js";
import type { Workload } from "../arrivals/workload.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { comparePolicies, type SessionPolicyName } from "../launcher/compare-policies.js";
import { threadsOfVariant } from "../launcher/cpu-problem.js";
import { countedSpan } from "../launcher/evaluate-policy.js";
import { servingJobOf } from "../launcher/serving-job.js";
import { doubtOf, machineLoad } from "../profile/machine-load.js";
import { type AnswerCheck, checkAnswers } from "../profile/serving/check-answers.js";
import { servableModelOf } from "../profile/serving/served-model.js";
import { openServer, type Served, type Server } from "../runtime/serving/server.js";
import type { ServedModel } from "../runtime/serving/serving-plan.js";
import {
  type CountedSpan,
  type ServingMetrics,
  servingMetrics,
} from "../schedule/serving/serving-metrics.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingModel,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import type { ServingRun } from "../schedule/serving/serving-run.js";
import { simulateServing } from "../schedule/serving/simulate-serving.js";
import type { DriverContext } from "./context.js";
import { batchNotServed, outputsDiffer, threadsNotMeasured } from "./failures.js";
import { type CpuLaunchRequest, type CpuServing, cpuServingOf } from "./launch-on-cpu.js";

/** A configuration by hand, the same for every model. */
export interface ServingSettings {
  /** Sessions of each model. */
  readonly sessions: number;
  /** Threads of each session. */
  readonly threads: number;
  readonly batch: number;
  readonly periodNs: number;
}

/** A request to serve. */
export interface ServeRequest extends Omit<CpuLaunchRequest, "samples" | "scales"> {
  /** Which policy: by hand, by name, or the best on validation. */
  readonly policy: ServingSettings | SessionPolicyName | "best";
  /** How long requests arrive; absent: as the arrivals say. */
  readonly durationNs: number | undefined;
}

/** One model: what was predicted and what was measured. */
export interface ServedReport {
  readonly model: string;
  readonly policy: ModelPolicy;
  /** Name of the policy's variant. */
  readonly variant: string;
  readonly predicted: ServingMetrics;
  readonly measured: ServingMetrics;
}

/** What came of serving. */
export interface ServeReport {
  readonly seed: number;
  readonly policy: string;
  readonly inFlight: number | undefined;
  /** The span whose requests are counted. */
  readonly span: CountedSpan;
  readonly models: readonly ServedReport[];
  readonly answers: AnswerCheck;
  /** Why not all requests were answered. */
  readonly cut: Served["cut"];
}

/** Answers that are compared with the whole model's, about. */
const COMPARED = 64;

/** A larger difference from the whole model's outputs, by their largest element, is no rounding. */
const TOLERANCE = 1e-3;

/** Longest time that is spent on warming up. */
const WARM_NS = 1e9;
const WARM_TASKS = 300;

/** Time after the last arrival in which a server has to answer, at least and as a share of the duration. */
const LEAST_GRACE_MS = 5000;

/**
 * Serves held-out requests under a policy on worker threads of this machine, and simulates the same.
 *
 * Fails: as `cpuServingOf`; `threads-not-measured`, `batch-not-served`; as the server; `outputs-differ`.
 */
export async function serveHere(
  request: ServeRequest,
  context: DriverContext,
): Promise<Result<ServeReport>> {
  const serving = await cpuServingOf(request, context);
  if (!serving.ok) {
    return serving;
  }
  const { problem, seed } = serving.value;
  const workload = lasting(serving.value.workload, request.durationNs);
  const chosen = await policyFor(request, { ...serving.value, workload }, context);
  if (!chosen.ok) {
    return chosen;
  }
  const { name, policy } = chosen.value;
  const arrivals = drawArrivals(workload, { seed, purpose: "held-out", episode: 0 });
  const simulated = await context.compute(() =>
    ok(simulateServing(problem, arrivals, policy, { seed })),
  );
  if (!simulated.ok) {
    return simulated;
  }
  const models = servedModels(serving.value, policy);
  if (!models.ok) {
    return models;
  }
  const doubt = doubtOf((context.machineLoad ?? machineLoad)(), undefined);
  if (doubt !== undefined) {
    context.onNote(`${doubt}: the times are not to be trusted`);
  }
  const served = await serveAll(models.value, { problem, policy, arrivals }, context);
  if (!served.ok) {
    return served;
  }
  const answers = await checkAnswers(serving.value.lowered, models.value, served.value.answers);
  if (!answers.ok) {
    return answers;
  }
  if (answers.value.largest > TOLERANCE) {
    const { model, largest } = answers.value;
    return fail([outputsDiffer(model ?? "", largest, largest)]);
  }
  const span = spanOf(workload, served.value);
  const objectives = servingJobOf(problem, workload).objectives;
  const runs = [simulated.value, answered(served.value)] as const;
  return ok({
    seed,
    policy: name,
    inFlight: policy.inFlight,
    span,
    models: problem.models.map((model, at): ServedReport => {
      const own = present(policy.models[at], "policy of a model");
      const [predicted, measured] = runs.map((run) =>
        servingMetrics(run, at, objectives[at], span),
      ) as [ServingMetrics, ServingMetrics];
      const variant = model.variants[own.variant]?.name ?? "";
      return { model: model.name, policy: own, variant, predicted, measured };
    }),
    answers: answers.value,
    cut: served.value.cut,
  });
}

function lasting(workload: Workload, durationNs: number | undefined): Workload {
  return durationNs === undefined ? workload : { ...workload, durationNs };
}

async function policyFor(
  { policy }: ServeRequest,
  { problem, workload, seed }: CpuServing,
  context: DriverContext,
): Promise<Result<{ readonly name: string; readonly policy: LauncherPolicy }>> {
  if (typeof policy === "object") {
    const models: ModelPolicy[] = [];
    for (const model of problem.models) {
      const own = settingsOf(model, policy);
      if (!own.ok) {
        return own;
      }
      models.push(own.value);
    }
    return ok({ name: "by hand", policy: { models } });
  }
  return context.compute(() => {
    const { policies, best } = comparePolicies(servingJobOf(problem, workload), {
      seed,
      samples: 1,
    });
    const found = policy === "best" ? policies[best] : policies.find(({ name }) => name === policy);
    const { name, policy: made } = present(found, "policy of every name");
    // This server refuses no request, so the simulation beside it does not either.
    const models = made.models.map(({ shed: _shed, ...each }) => each);
    return ok({ name, policy: { ...made, models } });
  });
}

function settingsOf(
  { name, variants }: ServingModel,
  { sessions, threads, batch, periodNs }: ServingSettings,
): Result<ModelPolicy> {
  const variant = variants.findIndex((each) => threadsOfVariant(each.name) === threads);
  if (variant < 0) {
    const measured = variants.map((each) => threadsOfVariant(each.name));
    return fail([threadsNotMeasured(name, threads, measured)]);
  }
  const most = variants[variant]?.runs.at(-1)?.batch ?? 1;
  return batch > most
    ? fail([batchNotServed(name, batch, most)])
    : ok({ periodNs, batch, concurrency: sessions, variant });
}

/** The models with the sessions that a policy needs. */
function servedModels(
  { problem, lowered, seed }: CpuServing,
  policy: LauncherPolicy,
): Result<readonly ServedModel[]> {
  const models: ServedModel[] = [];
  for (const [at, { name, variants }] of problem.models.entries()) {
    const { variant, batch, concurrency } = present(policy.models[at], "policy of a model");
    const batches = present(lowered[at], "lowered model");
    const last = batches.findIndex((each) => each.batch >= batch);
    const servable = servableModelOf(name, batches.slice(0, last + 1), seed);
    if (!servable.ok) {
      return servable;
    }
    const threads = threadsOfVariant(variants[variant]?.name ?? "");
    models.push({ ...servable.value, threads, workers: concurrency });
  }
  return ok(models);
}

interface ServeJob {
  readonly problem: ServingProblem;
  readonly policy: LauncherPolicy;
  readonly arrivals: readonly Float64Array[];
}

async function serveAll(
  models: readonly ServedModel[],
  { problem, policy, arrivals }: ServeJob,
  { signal, onProgress }: DriverContext,
): Promise<Result<Served>> {
  onProgress({ phase: "sessions", done: 0, total: 1, label: "making sessions" });
  const opened = await openServer(models, { signal });
  if (!opened.ok) {
    return opened;
  }
  const server = opened.value;
  const warm = await warmUp(server, problem, policy);
  if (!warm.ok || warm.value.cut === "stopped") {
    return warm;
  }
  const total = arrivals.reduce((sum, { length }) => sum + length, 0);
  const lastNs = Math.max(0, ...arrivals.map((times) => times.at(-1) ?? 0));
  const report = (done: number): void =>
    onProgress({ phase: "serving", done, total, label: `serving ${total} requests` });
  report(0);
  const served = await server.serve(arrivals, policy, {
    keepEvery: Math.max(1, Math.floor(total / COMPARED)),
    graceMs: Math.max(LEAST_GRACE_MS, lastNs / 1e6),
    onProgress: report,
  });
  if (served.ok && served.value.cut === "stopped") {
    // The process is about to end: what was measured is printed first.
    return served;
  }
  await server.close();
  return served;
}

/** Tasks of the largest batch, one after the other, on all sessions. */
function warmUp(
  server: Server,
  { models }: ServingProblem,
  policy: LauncherPolicy,
): Promise<Result<Served>> {
  const counts = policy.models.map(({ variant, batch, concurrency }, at) => {
    const ns = models[at]?.variants[variant]?.runs.at(-1)?.profile.ns[0] ?? WARM_NS;
    const tasks = Math.min(WARM_TASKS, Math.max(2, Math.floor(WARM_NS / ns)));
    return tasks * batch * concurrency;
  });
  const { inFlight: _, ...rest } = policy;
  const open = { ...rest, models: policy.models.map((each) => ({ ...each, periodNs: 0 })) };
  return server.serve(
    counts.map((count) => new Float64Array(count)),
    open,
  );
}

/** The counted span; that of a run that was cut ends with its last answer. */
function spanOf({ durationNs }: Workload, { cut, endNs }: Served): CountedSpan {
  const last = endNs.reduce((most, ends) => ends.reduce((a, b) => Math.max(a, b), most), 0);
  return countedSpan(cut === undefined ? durationNs : Math.min(durationNs, Math.max(1, last)));
}

/** The run of those requests that were answered. */
function answered({ arrivalNs, launchNs, endNs, launches }: Served): ServingRun {
  const isAnswered = (model: number, at: number): boolean => (endNs[model]?.[at] ?? -1) >= 0;
  const kept = (times: readonly Float64Array[]): readonly Float64Array[] =>
    times.map((each, model) => each.filter((_, at) => isAnswered(model, at)));
  return {
    arrivalNs: kept(arrivalNs),
    launchNs: kept(launchNs),
    endNs: kept(endNs),
    launches,
    doneNs: { share: 0, arithmetic: 0, bandwidth: 0 },
    events: 0,
  };
}
