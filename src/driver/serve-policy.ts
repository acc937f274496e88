/** Serves requests on this machine under a policy of a file that `launch` wrote for a CPU. */
import { availableParallelism } from "node:os";
import { type ModelArrivals, meanRate, type Workload } from "../arrivals/workload.js";
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { ArtifactRegime, LauncherSection } from "../artifact/launcher-section.js";
import { counted } from "../core/format.js";
import { fail, ok, type Result } from "../core/result.js";
import { servingJobOf } from "../launcher/serving-job.js";
import { sheddingJob } from "../launcher/shedding.js";
import type { BatchLowering } from "../profile/serving/served-model.js";
import { nearestRegime } from "../schedule/serving/nearest-regime.js";
import type { LauncherPolicy, ServingProblem } from "../schedule/serving/serving-model.js";
import { withShedRules } from "../schedule/serving/shed-rules.js";
import { scheduleBroken, sectionMissing } from "../verify/failures.js";
import { launcherProblems, workloadOf } from "../verify/launcher-problems.js";
import { servedModelLoader } from "../verify/load-model-of-artifact.js";
import { provenanceProblems } from "../verify/provenance-problems.js";
import { launcherPolicy } from "../verify/replay-problems.js";
import { measuredModels } from "../verify/served-problem.js";
import type { DriverContext } from "./context.js";
import { policyChanges, policyNotForCpu, policyUnknown } from "./failures.js";
import { type ArrivalsSource, checkRequests, matchedArrivals } from "./launch.js";
import { maySaveTraces, type TracePlace } from "./save-traces.js";
import { lasting } from "./serve-here.js";
import { type ServeReport, serveRequests } from "./serve-requests.js";

/** A request to serve under a policy of a file. */
export interface ServePolicyRequest {
  readonly file: string;
  readonly artifact: ScheduleArtifact;
  /** The model, or the folder of several; absent: where the file is. */
  readonly model: string | undefined;
  /** Absent: the requests that the policies were made for. */
  readonly arrivals: ArrivalsSource | undefined;
  /** The name of a policy, or the one to use. */
  readonly policy: string | "best";
  /** Absent: that of the arrivals, or of the file. */
  readonly seed: number | undefined;
  /** How long requests arrive; absent: as the arrivals say. */
  readonly durationNs: number | undefined;
  /** Where the requests go as traces; absent: nowhere. */
  readonly traces?: TracePlace | undefined;
}

/**
 * Serves held-out requests under the policy of the regime that is nearest to their rates, and simulates the same with the
 * times in the file.
 *
 * Fails: `schedule-without-section`, `schedule-broken` for a file that contradicts itself, `policy-not-for-cpu`,
 * `policy-unknown`, `policy-changes`; as `maySaveTraces`, reading arrivals and loading the models do; as `serveRequests`.
 */
export async function servePolicy(
  request: ServePolicyRequest,
  context: DriverContext,
): Promise<Result<ServeReport>> {
  const { file, artifact } = request;
  const section = launcherOf(request);
  if (!section.ok) {
    return section;
  }
  const workload = requestsFor(request, section.value);
  if (!workload.ok) {
    return workload;
  }
  const may = maySaveTraces(
    request.traces,
    section.value.models.map(({ model }) => model),
  );
  if (!may.ok) {
    return may;
  }
  const { device } = section.value;
  const problem: ServingProblem = { device, models: measuredModels(section.value) };
  const chosen = policyOf(request, section.value, { problem, workload: workload.value });
  if (!chosen.ok) {
    return chosen;
  }
  const lowered = await modelsOf(request, section.value, chosen.value.policy, context);
  if (!lowered.ok) {
    return lowered;
  }
  const cores = availableParallelism();
  if (device.kind === "cpu" && device.workers !== cores) {
    const [here, there] = [counted(cores, "core"), counted(device.workers, "core")];
    context.onNote(`the times in ${file} are of a machine with ${there}; this one has ${here}`);
  }
  const seed = request.seed ?? workload.value.seed ?? artifact.provenance.seed;
  const plan = { problem, workload: workload.value, seed, lowered: lowered.value, ...chosen.value };
  return serveRequests({ ...plan, traces: request.traces }, context);
}

/** The section, if it is of a CPU and does not contradict itself. */
function launcherOf({ file, artifact }: ServePolicyRequest): Result<LauncherSection> {
  const { launcher } = artifact;
  if (launcher === undefined) {
    return fail([sectionMissing(file, "launcher")]);
  }
  const [problem] = [...provenanceProblems(artifact), ...launcherProblems(artifact)];
  if (problem !== undefined) {
    return fail([scheduleBroken(file, problem, "launch")]);
  }
  return launcher.device.kind === "cpu" ? ok(launcher) : fail([policyNotForCpu(file)]);
}

/** The requests to serve. What the given arrivals leave open is as in the file. */
function requestsFor(
  { file, arrivals, durationNs }: ServePolicyRequest,
  section: LauncherSection,
): Result<Workload> {
  const own = workloadOf(section, 1);
  const names = section.models.map(({ model }) => model);
  const given = arrivals === undefined ? ok(own) : matchedArrivals(names, arrivals);
  if (!given.ok) {
    return given;
  }
  const models = given.value.models.map((each, at): ModelArrivals => {
    const { objectiveNs, shed } = section.models[at] ?? {};
    const known = each.shed ?? shed;
    return {
      ...each,
      objectiveNs: each.objectiveNs ?? objectiveNs,
      ...(known === undefined ? {} : { shed: known }),
    };
  });
  const workload = lasting({ ...given.value, models }, durationNs);
  const few = checkRequests(workload, whereOf(arrivals, file), "has");
  return few.ok ? ok(workload) : few;
}

/** Where the requests are said. */
function whereOf(arrivals: ArrivalsSource | undefined, file: string): string {
  if (arrivals === undefined) {
    return file;
  }
  return arrivals.kind === "file" ? arrivals.path : arrivals.where;
}

interface Serving {
  readonly problem: ServingProblem;
  readonly workload: Workload;
}

/** The policy, with the rules of its regime where the requests say nothing of what is refused. */
function policyOf(
  { file, policy: asked }: ServePolicyRequest,
  { regimes }: LauncherSection,
  { problem, workload }: Serving,
): Result<{ readonly name: string; readonly policy: LauncherPolicy; readonly scale: number }> {
  const rates = workload.models.map(({ process }) => meanRate(process));
  const known = regimes.map((regime) => ({ regime, rates: regime.ratesPerSecond }));
  const { regime } = nearestRegime(known, rates);
  const name = asked === "best" ? regime.best : asked;
  const found = regime.policies.find((each) => each.name === name);
  if (found === undefined) {
    const names = regime.policies.map((each) => each.name);
    return fail([policyUnknown(file, name, names)]);
  }
  if (found.adaptive !== undefined) {
    const others = regime.policies.filter(({ adaptive }) => adaptive === undefined);
    return fail([
      policyChanges(
        file,
        name,
        others.map((each) => each.name),
      ),
    ]);
  }
  const { shed } = sheddingJob(servingJobOf(problem, withRules(workload, regime)), false);
  const policy = withShedRules(launcherPolicy(problem, found, undefined), shed);
  return ok({ name, policy, scale: regime.scale });
}

function withRules(workload: Workload, { shed }: ArtifactRegime): Workload {
  const models = workload.models.map((each, at): ModelArrivals => {
    const rule = each.shed ?? shed[at];
    return { ...each, ...(rule === undefined ? {} : { shed: rule }) };
  });
  return { ...workload, models };
}

/** The models, lowered for the batch sizes that the policy takes. */
async function modelsOf(
  { file, artifact, model }: ServePolicyRequest,
  section: LauncherSection,
  policy: LauncherPolicy,
  { allowExternal = [] }: DriverContext,
): Promise<Result<readonly (readonly BatchLowering[])[]>> {
  const load = servedModelLoader(file, model, allowExternal);
  const models: (readonly BatchLowering[])[] = [];
  for (const [at, { variants }] of section.models.entries()) {
    const { variant = 0, batch: most = 1 } = policy.models[at] ?? {};
    const sizes = (variants[variant]?.runs ?? []).map(({ batch }) => batch);
    const used = sizes.slice(0, sizes.findIndex((batch) => batch >= most) + 1);
    const lowered: BatchLowering[] = [];
    for (const batch of used) {
      const loaded = await load(artifact, at, batch);
      if (!loaded.ok) {
        return loaded;
      }
      lowered.push({ batch, lowered: loaded.value });
    }
    models.push(lowered);
  }
  return ok(models);
}
