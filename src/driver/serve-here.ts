/** Serves models on this machine for real, beside what the simulator predicts of the same requests. */
import type { Workload } from "../arrivals/workload.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { capacityOf } from "../launcher/capacity.js";
import { checkObjectives } from "../launcher/check-objectives.js";
import { comparePolicies, type SessionPolicyName } from "../launcher/compare-policies.js";
import { threadsOfVariant } from "../launcher/cpu-problem.js";
import { ratesOf, servingJobOf } from "../launcher/serving-job.js";
import { sheddingJob } from "../launcher/shedding.js";
import { capacityProblemOf } from "../schedule/serving/capacity-problem.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingModel,
} from "../schedule/serving/serving-model.js";
import { withShedRules } from "../schedule/serving/shed-rules.js";
import type { DriverContext } from "./context.js";
import { batchNotServed, threadsNotMeasured } from "./failures.js";
import { checkRequests, modelName, workloadFor } from "./launch.js";
import { type CpuLaunchRequest, type CpuServing, cpuServingOf } from "./launch-on-cpu.js";
import { maySaveTraces, type TracePlace } from "./save-traces.js";
import { type ServeReport, serveRequests } from "./serve-requests.js";

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
export interface ServeRequest extends Omit<CpuLaunchRequest, "samples" | "scales" | "trainSteps"> {
  /** Which policy: by hand, by name, or the best on validation. */
  readonly policy: ServingSettings | SessionPolicyName | "best";
  /** How long requests arrive; absent: as the arrivals say. */
  readonly durationNs: number | undefined;
  /** Where the requests go as traces; absent: nowhere. */
  readonly traces?: TracePlace | undefined;
}

/**
 * Serves held-out requests under a policy on worker threads of this machine, and simulates the same.
 *
 * Fails: as `maySaveTraces` and `cpuServingOf`; `objective-impossible`, `threads-not-measured`, `batch-not-served`; as `serveRequests`.
 */
export async function serveHere(
  request: ServeRequest,
  context: DriverContext,
): Promise<Result<ServeReport>> {
  const may = maySaveTraces(request.traces, request.models.map(modelName));
  const few = may.ok ? checkDuration(request) : may;
  if (!few.ok) {
    return few;
  }
  const serving = await cpuServingOf(request, context);
  if (!serving.ok) {
    return serving;
  }
  const workload = lasting(serving.value.workload, request.durationNs);
  const possible = checkObjectives(serving.value.problem, workload);
  if (!possible.ok) {
    return possible;
  }
  const found = { ...serving.value, workload };
  const chosen = await policyFor(request, found, context);
  return chosen.ok
    ? serveRequests({ ...found, ...chosen.value, traces: request.traces }, context)
    : chosen;
}

/** Fails: as `workloadFor`, and with `arrivals-invalid` if there would be too many requests in the given time. */
function checkDuration({ models, arrivals, durationNs }: ServeRequest): Result<void> {
  const workload = workloadFor({ models, arrivals });
  const where = arrivals.kind === "file" ? arrivals.path : arrivals.where;
  return workload.ok ? checkRequests(lasting(workload.value, durationNs), where, "has") : workload;
}

/** The same requests for a given time. */
export function lasting(workload: Workload, durationNs: number | undefined): Workload {
  return durationNs === undefined ? workload : { ...workload, durationNs };
}

async function policyFor(
  { policy }: ServeRequest,
  { problem, workload, seed }: CpuServing,
  context: DriverContext,
): Promise<Result<{ readonly name: string; readonly policy: LauncherPolicy }>> {
  const job = servingJobOf(problem, workload);
  const { atMost } = capacityOf(capacityProblemOf(problem, ratesOf(job)));
  if (typeof policy === "object") {
    const models: ModelPolicy[] = [];
    for (const model of problem.models) {
      const own = settingsOf(model, policy);
      if (!own.ok) {
        return own;
      }
      models.push(own.value);
    }
    const { shed } = sheddingJob(job, atMost < 1);
    return ok({ name: "by hand", policy: withShedRules({ models }, shed) });
  }
  return context.compute(() => {
    const options = { seed, samples: 1, isOverloaded: atMost < 1 };
    const { job: shedding, policies, best } = comparePolicies(job, options);
    const found = policy === "best" ? policies[best] : policies.find(({ name }) => name === policy);
    const { name, policy: made } = present(found, "policy of every name");
    return ok({ name, policy: withShedRules(made, shedding.shed) });
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
