/** An independent check of launcher policies. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { ArtifactRegime, LauncherSection } from "../artifact/launcher-section.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { COST_MODEL_VERSION } from "../cost/cost-model-version.js";
import { deviceModelNamed } from "../cost/device-models/catalog.js";
import { precisionNamed } from "../kernels/precision.js";
import type { OnProgress } from "../profile/progress.js";
import { reachBytes } from "../schedule/serving/adaptive-memory.js";
import { capacityProblemOf } from "../schedule/serving/capacity-problem.js";
import { capacityBound } from "../schedule/serving/check-capacity.js";
import { policyBytes } from "../schedule/serving/serving-memory.js";
import type { LauncherPolicy, ServingProblem } from "../schedule/serving/serving-model.js";
import { learnedFigureProblems, reachOfArtifact } from "./adaptive-problems.js";
import { scheduleBroken, sectionMissing } from "./failures.js";
import { isSame } from "./is-same.js";
import { launcherProblems } from "./launcher-problems.js";
import { provenanceProblems } from "./provenance-problems.js";
import { accelerationProblems, launcherPolicy, replaySamples } from "./replay-problems.js";
import {
  type CheckedModel,
  type EstimatedDevice,
  measuredModels,
  type ServedModelLoader,
  servedModel,
} from "./served-problem.js";
import { windowOfArtifact } from "./window-of-artifact.js";

/** What was checked of launcher policies. */
export interface VerifiedLauncher {
  readonly models: number;
  readonly policies: number;
  readonly regimes: number;
  /** Samples that there are, and those that were simulated again. */
  readonly samples: number;
  readonly replayed: number;
  /** What could not be checked. */
  readonly notes: readonly string[];
}

/** Problems reported at most. */
const MOST_PROBLEMS = 20;

/**
 * Checks the `launcher` section of an artifact without the search: its schedules against their models, what they
 * take and hold, the bound by its prices in exact arithmetic, memory, names, and the figures of all
 * samples by a simulator that shares no code with the one that they are from.
 *
 * Fails: `schedule-without-section`; `schedule-broken`, once per problem, at most twenty; as `load` does.
 */
export async function verifyLauncher(
  artifact: ScheduleArtifact,
  file: string,
  load: ServedModelLoader,
  onProgress: OnProgress = () => undefined,
): Promise<Result<VerifiedLauncher>> {
  const { launcher, provenance } = artifact;
  if (launcher === undefined) {
    return fail([sectionMissing(file, "launcher")]);
  }
  const inside = [...provenanceProblems(artifact), ...launcherProblems(artifact)];
  if (inside.length > 0) {
    return broken(file, inside);
  }
  const device = deviceOf(artifact);
  if (!device.ok) {
    return broken(file, [device.error]);
  }
  const source = { file, load, onProgress };
  const served = await servedModels(artifact, launcher, device.value, source);
  if (!served.ok) {
    return served;
  }
  const regimes = launcher.regimes.length;
  const policies = launcher.regimes.reduce((sum, regime) => sum + regime.policies.length, 0);
  const counts = { models: launcher.models.length, policies, regimes };
  if (served.value === undefined) {
    const note =
      "its times are of a device model file or of another version of the cost model: figures were compared with each other only";
    return ok({ ...counts, samples: 0, replayed: 0, notes: [note] });
  }
  const models = served.value.map(({ model }) => model);
  const problem: ServingProblem = { device: launcher.device, models };
  const known = policiesOf(launcher, problem, served.value, file);
  if (!known.ok) {
    return known;
  }
  const wrong = launcher.regimes.flatMap((regime, at) =>
    regimeProblems(regime, { problem, policies: known.value[at] ?? [] }, at),
  );
  if (wrong.length > 0) {
    return broken(file, wrong);
  }
  const faster = accelerationProblems(launcher, problem);
  const { problems, samples, replayed } = replaySamples(
    launcher,
    { problem, policies: known.value },
    provenance.seed,
    { onProgress },
  );
  return problems.length + faster.length > 0
    ? broken(file, [...faster, ...problems])
    : ok({ ...counts, samples, replayed, notes: notesOn(samples, replayed) });
}

function notesOn(samples: number, replayed: number): readonly string[] {
  return replayed === samples
    ? []
    : [`${replayed} of ${samples} samples were simulated again; the others would take too long`];
}

/** The device of estimates; `undefined`: it is not known here, or times were measured. */
function deviceOf({
  provenance,
  device,
  launcher,
}: ScheduleArtifact):
  | { readonly ok: true; readonly value: EstimatedDevice | undefined }
  | { readonly ok: false; readonly error: string } {
  const { options, inputs } = provenance;
  if (device?.source !== "estimated") {
    return launcher?.device.kind === "cpu" && options["device"] === "cpu"
      ? { ok: true, value: undefined }
      : { ok: false, error: "/device/source is not that of a GPU by its data sheet" };
  }
  if (launcher?.device.kind === "cpu") {
    return { ok: false, error: "/launcher/device is a CPU, of which nothing is estimated" };
  }
  if (inputs.some(({ role }) => role === "device") || device.costModel !== COST_MODEL_VERSION) {
    return { ok: true, value: undefined };
  }
  const model = deviceModelNamed(String(options["device"]));
  const math = precisionNamed(options["math"]);
  if (model === undefined || device.name !== model.product) {
    return { ok: false, error: "/device/name is not that of /provenance/options/device" };
  }
  if (math === undefined) {
    return { ok: false, error: "/provenance/options/math is not how times are estimated" };
  }
  return isSame(launcher?.device.memoryBytes, model.memoryBytes)
    ? { ok: true, value: { model, math } }
    : { ok: false, error: "/launcher/device/memoryBytes does not follow from the device model" };
}

/** The models with their profiles; `undefined`: they cannot be worked out here. */
async function servedModels(
  artifact: ScheduleArtifact,
  section: LauncherSection,
  device: EstimatedDevice | undefined,
  {
    onProgress,
    ...source
  }: { readonly file: string; readonly load: ServedModelLoader; readonly onProgress: OnProgress },
): Promise<Result<readonly CheckedModel[] | undefined>> {
  if (section.device.kind === "cpu") {
    return ok(measuredModels(section).map((model) => ({ model, problems: new Map() })));
  }
  if (device === undefined) {
    return ok(undefined);
  }
  const models: CheckedModel[] = [];
  for (const [at, { model }] of section.models.entries()) {
    const label = `checking the schedules of ${model}`;
    onProgress({ phase: "models", done: at, total: section.models.length, label });
    const checked = await servedModel(artifact, { section, at }, device, source);
    if (!checked.ok) {
      return checked;
    }
    models.push(checked.value);
  }
  return ok(models);
}

/** The policies of all regimes as simulators take them, each window whole. Fails: as `windowOfArtifact`. */
function policiesOf(
  { models, regimes }: LauncherSection,
  problem: ServingProblem,
  served: readonly CheckedModel[],
  file: string,
): Result<readonly (readonly LauncherPolicy[])[]> {
  const known = {
    names: models.map(({ model }) => model),
    problemOf: (model: number, batch: number) => served[model]?.problems.get(batch),
  };
  const all: LauncherPolicy[][] = [];
  for (const [regime, { policies }] of regimes.entries()) {
    const own: LauncherPolicy[] = [];
    for (const [at, policy] of policies.entries()) {
      const place = `/launcher/regimes/${regime}/policies/${at}/window`;
      const window =
        policy.window === undefined
          ? ok(undefined)
          : windowOfArtifact(policy.window, known, { file, place });
      if (!window.ok) {
        return window;
      }
      own.push(launcherPolicy(problem, policy, window.value));
    }
    all.push(own);
  }
  return ok(all);
}

function regimeProblems(
  { ratesPerSecond, capacity, policies }: ArtifactRegime,
  { problem, policies: known }: { problem: ServingProblem; policies: readonly LauncherPolicy[] },
  at: number,
): string[] {
  const place = `/launcher/regimes/${at}`;
  const program = capacityProblemOf(problem, ratesPerSecond);
  const names = capacity.prices.map(({ resource }) => resource);
  if (!isSame(names, program.resources)) {
    return [`${place}/capacity/prices are not of the resources of the device`];
  }
  const prices = capacity.prices.map(({ price }) => price);
  const bound = capacityBound(program, prices);
  const { memoryBytes = Number.POSITIVE_INFINITY } = problem.device;
  return [
    ...(capacity.atMost === bound
      ? []
      : [`${place}/capacity/atMost is not what the prices prove, ${bound}`]),
    ...policies.flatMap((policy, i) => {
      const at = `${place}/policies/${i}`;
      const { adaptive, inFlight, models: own } = policy;
      const needs =
        adaptive === undefined
          ? policyBytes(problem, known[i] as LauncherPolicy)
          : reachBytes(
              problem,
              reachOfArtifact({ adaptive, models: own }, problem.models),
              inFlight,
            );
      return [
        ...learnedFigureProblems(adaptive, problem.models, `${at}/adaptive`),
        ...(policy.memoryBytes === needs
          ? []
          : [`${at}/memoryBytes is not what its tasks may hold, ${needs}`]),
        ...(needs <= memoryBytes ? [] : [`${at} needs more than the device has`]),
      ];
    }),
  ];
}

function broken(file: string, problems: readonly string[]): Result<never> {
  const failures = problems
    .slice(0, MOST_PROBLEMS)
    .map((problem): Failure => scheduleBroken(file, problem, "launch"));
  return fail(failures as unknown as Failures);
}
