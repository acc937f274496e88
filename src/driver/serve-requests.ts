/** Serves requests under a policy on worker threads of this machine, and simulates the same. */
import { drawArrivals } from "../arrivals/draw-arrivals.js";
import type { Workload } from "../arrivals/workload.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
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
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import type { ServingRun } from "../schedule/serving/serving-run.js";
import { simulateServing } from "../schedule/serving/simulate-serving.js";
import { profileNs } from "../schedule/serving/task-profile.js";
import type { DriverContext } from "./context.js";
import { outputsDiffer } from "./failures.js";
import type { CpuServing } from "./launch-on-cpu.js";
import { saveTraces, type TracePlace } from "./save-traces.js";

/** Models with the policy that they are served under. */
export interface ServingPlan extends CpuServing {
  /** Of the policy. */
  readonly name: string;
  /** As many tasks of each model in flight as it has sessions, in batches that are lowered. */
  readonly policy: LauncherPolicy;
  /** The regime of the policy's file: times the rates of its arrivals; absent: it is of no file. */
  readonly scale?: number;
  /** Where the requests go as traces; absent: nowhere. */
  readonly traces?: TracePlace | undefined;
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
  /** The regime of the policy's file: times the rates of its arrivals. */
  readonly scale?: number;
  /** The span whose requests are counted. */
  readonly span: CountedSpan;
  readonly models: readonly ServedReport[];
  readonly answers: AnswerCheck;
  /** Why not all requests were answered. */
  readonly cut: Served["cut"];
  /** Files of the requests, as traces; absent: none were asked for. */
  readonly traces?: readonly string[];
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
 * Serves the held-out requests of a plan, and simulates the same.
 *
 * Fails: as the server and running the models alone do; `outputs-differ`; as `saveTraces`.
 */
export async function serveRequests(
  plan: ServingPlan,
  context: DriverContext,
): Promise<Result<ServeReport>> {
  const { problem, workload, seed, name, policy, scale, traces } = plan;
  const names = problem.models.map((model) => model.name);
  const arrivals = drawArrivals(workload, { seed, purpose: "held-out", episode: 0 });
  const simulated = await context.compute(() =>
    ok(simulateServing(problem, arrivals, policy, { seed })),
  );
  if (!simulated.ok) {
    return simulated;
  }
  const models = servedModels(plan);
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
  const answers = await checkAnswers(plan.lowered, models.value, served.value.answers);
  if (!answers.ok) {
    return answers;
  }
  if (answers.value.largest > TOLERANCE) {
    const { model, largest } = answers.value;
    return fail([outputsDiffer(model ?? "", largest, largest)]);
  }
  const files = saveTraces(traces, names, arrivals);
  if (!files.ok) {
    return files;
  }
  const span = spanOf(workload, served.value);
  const objectives = servingJobOf(problem, workload).objectives;
  const runs = [simulated.value, answered(served.value)] as const;
  return ok({
    seed,
    policy: name,
    inFlight: policy.inFlight,
    ...(scale === undefined ? {} : { scale }),
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
    ...(traces === undefined ? {} : { traces: files.value }),
  });
}

/** The models with the sessions that a policy needs. */
function servedModels({
  problem,
  lowered,
  seed,
  policy,
}: ServingPlan): Result<readonly ServedModel[]> {
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
    aloneNs: problem.models.map(({ variants }, at) =>
      profileNs(present(variants[policy.models[at]?.variant ?? 0]?.runs[0], "run").profile),
    ),
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
  const open = {
    ...rest,
    models: policy.models.map(({ shed: _shed, ...each }) => ({ ...each, periodNs: 0 })),
  };
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

/** The run of those requests that were answered or refused. */
function answered({ arrivalNs, launchNs, endNs, isRefused, launches }: Served): ServingRun {
  const isDecided = (model: number, at: number): boolean => (endNs[model]?.[at] ?? -1) >= 0;
  const kept = (times: readonly Float64Array[]): readonly Float64Array[] =>
    times.map((each, model) => each.filter((_, at) => isDecided(model, at)));
  return {
    arrivalNs: kept(arrivalNs),
    launchNs: kept(launchNs),
    endNs: kept(endNs),
    isRefused: isRefused.map((each, model) => each.filter((_, at) => isDecided(model, at))),
    launches,
    doneNs: { share: 0, arithmetic: 0, bandwidth: 0 },
    events: 0,
  };
}
