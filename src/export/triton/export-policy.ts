/** Launcher policies as a model repository of Triton. */
import type { RegimePolicy } from "../../artifact/launcher-policies.js";
import type {
  ArtifactRegime,
  ArtifactServedModel,
  LauncherSection,
} from "../../artifact/launcher-section.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { Exported, ExportFile } from "../export-format.js";
import { fileNames } from "../file-names.js";
import { configFile } from "./config-file.js";
import { tritonCannot } from "./failures.js";
import { policyConfig, TASKS } from "./policy-config.js";
import { servedModelFiles, servedTensor, whyNotBatched } from "./served-model.js";
import { tensorConfigs } from "./tensor-config.js";
import { message, printTextProto, type TextField } from "./text-proto.js";

/** Loads a served model by its position, for a batch. */
export type BatchLoader = (model: number, batch: number) => Promise<Result<LoweredModel>>;

/** Policies, and the models that they are for. */
export interface PolicyExport {
  readonly section: LauncherSection;
  /** The artifact, for failures. */
  readonly file: string;
  readonly load: BatchLoader;
}

/**
 * A folder for each model with its configuration and the model itself. The rates are those of the arrivals
 * (scale 1, or the nearest to it), the policy is the best of those that a configuration can say.
 *
 * Fails: `export-triton-impossible`; as `load` does, and as reading and writing models do.
 */
export async function exportPolicyForTriton({
  section,
  file,
  load,
}: PolicyExport): Promise<Result<Exported>> {
  const regime = nearestRegime(section.regimes);
  const policy = bestStatic(section, regime);
  if (policy === undefined) {
    return fail([
      tritonCannot(`${file} at /launcher/regimes`, "has no policy that stays the same"),
    ]);
  }
  const files: ExportFile[] = [];
  const notes = policyNotes(regime, policy);
  const folders = fileNames(section.models.map(({ model }) => model));
  for (const [at, model] of section.models.entries()) {
    const folder = present(folders[at], "folder");
    const served = await exportModel({ section, regime, policy, at, folder }, load);
    if (!served.ok) {
      return served;
    }
    files.push(...served.value.files);
    notes.push(...served.value.losses.map((loss) => `${model.model}: not said is ${loss}`));
  }
  return ok({ files, notes });
}

function policyNotes(regime: ArtifactRegime, policy: RegimePolicy): string[] {
  const rates = regime.scale === 1 ? "" : ` at ${regime.scale} times their rates`;
  const limit =
    policy.inFlight === undefined
      ? ""
      : ` --rate-limit=execution_count --rate-limit-resource=${TASKS}:${policy.inFlight}`;
  return [
    `policy "${policy.name}" for the arrivals${rates}`,
    ...(policy.name === regime.best
      ? []
      : [
          `the best policy is "${regime.best}", which Triton cannot follow: it takes no more than limits that stay the same`,
        ]),
    `start tritonserver --model-repository=FOLDER${limit}`,
  ];
}

/** The regime at scale 1 or nearest to it; of two the lower one. */
function nearestRegime(regimes: readonly ArtifactRegime[]): ArtifactRegime {
  const distance = ({ scale }: ArtifactRegime): number => Math.max(scale, 1 / scale);
  return regimes.reduce((nearest, each) => (distance(each) < distance(nearest) ? each : nearest));
}

/** What policies have whose tasks are launched in windows, or that change from tick to tick. */
const NOT_STATIC = ["window", "adaptive"] as const;

/** The best policy if every model runs a variant of its own, else the one of those that costs least. */
function bestStatic(
  { models }: LauncherSection,
  { best, policies }: ArtifactRegime,
): RegimePolicy | undefined {
  const possible = policies.filter(
    (policy) =>
      !NOT_STATIC.some((key) => key in policy) &&
      policy.models.every(({ variant }, at) =>
        models[at]?.variants.some(({ name }) => name === variant),
      ),
  );
  const [first, ...others] = possible;
  return (
    possible.find(({ name }) => name === best) ??
    others.reduce(
      (least, each) =>
        least !== undefined && each.validation.cost.mean < least.validation.cost.mean
          ? each
          : least,
      first,
    )
  );
}

interface ServedUnder {
  readonly section: LauncherSection;
  readonly regime: ArtifactRegime;
  readonly policy: RegimePolicy;
  readonly at: number;
  readonly folder: string;
}

async function exportModel(
  { section, regime, policy, at, folder }: ServedUnder,
  load: BatchLoader,
): Promise<Result<{ readonly files: readonly ExportFile[]; readonly losses: readonly string[] }>> {
  const served = present(section.models[at], "model");
  const own = present(policy.models[at], "policy of every model");
  const one = await load(at, 1);
  if (!one.ok) {
    return one;
  }
  const trial = Math.max(own.batch, 2);
  const many = await load(at, trial);
  const against = many.ok ? whyNotBatched(one.value, many.value, trial) : many.error[0].message;
  if (against !== undefined && own.batch > 1) {
    return fail([tritonCannot(served.model, `is served in batches, but ${against}`)]);
  }
  const isBatched = against === undefined;
  const config = policyConfig({
    device: section.device.kind,
    policy: own,
    shed: regime.shed[at] ?? { kind: "none" },
    objectiveNs: served.objectiveNs,
    isBatched,
    ...threadsOf(section, served, own.variant),
    isLimited: policy.inFlight !== undefined,
  });
  const tensors = interfaceOf(one.value, isBatched, served.model);
  const model = servedModelFiles(one.value, `${folder}/1`, isBatched);
  if (!tensors.ok) {
    return tensors;
  }
  if (!model.ok) {
    return model;
  }
  const text = printTextProto(
    message(["name", folder], ["backend", "onnxruntime"], ...tensors.value, ...config.fields),
    config.losses.map((loss) => `Not said: ${loss}.`),
  );
  return ok({ files: [configFile(folder, text), ...model.value], losses: config.losses });
}

function interfaceOf(
  lowered: LoweredModel,
  isBatched: boolean,
  name: string,
): Result<readonly TextField[]> {
  const { inputs, outputs } = lowered.model.graph;
  const typed = (values: typeof inputs) => values.map((value) => servedTensor(lowered, value));
  const given = tensorConfigs("input", typed(inputs), isBatched, name);
  const made = tensorConfigs("output", typed(outputs), isBatched, name);
  if (!given.ok || !made.ok) {
    return given.ok ? made : given;
  }
  return ok([...given.value, ...made.value]);
}

/** Threads of a session on a CPU: what its tasks keep busy. */
function threadsOf(
  { device }: LauncherSection,
  { variants }: ArtifactServedModel,
  variant: string,
): { readonly threads?: number } {
  const run = variants.find(({ name }) => name === variant)?.runs[0];
  const busy = Math.max(0, ...(run?.stages?.threads ?? []));
  return device.kind === "cpu" && busy > 0 ? { threads: Math.ceil(busy) } : {};
}
