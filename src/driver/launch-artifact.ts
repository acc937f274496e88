/** The artifact of launcher policies, and its file. */
import { drawArrivals } from "../arrivals/draw-arrivals.js";
import type { ProvenanceInput, ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact } from "../artifact/artifact-format.js";
import { inputOf } from "../artifact/input-of.js";
import { launcherSectionOf } from "../artifact/launcher-section-of.js";
import { recordedDims } from "../artifact/recorded-dims.js";
import { recordedOptions } from "../artifact/recorded-options.js";
import { mayWrite, type Overwrite, writeText } from "../core/files.js";
import { ok, type Result } from "../core/result.js";
import { COST_MODEL_VERSION } from "../cost/cost-model-version.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Precision } from "../kernels/precision.js";
import type { DriverContext } from "./context.js";
import { comparePoliciesFor, type Launched, type LaunchRequest, modelName } from "./launch.js";
import { withLearnedLaunchers } from "./launch-learned.js";
import { comparePoliciesOnCpu } from "./launch-on-cpu.js";
import type { ServingSource } from "./obtain-serving-profile.js";
import { maySaveTraces, saveTraces, type TracePlace } from "./save-traces.js";

/** Where the models are served. */
export type ServingPlace =
  | {
      readonly kind: "model";
      readonly device: DeviceModel;
      /** The file of the device model; `undefined`: it comes with the tool. */
      readonly file: string | undefined;
      readonly math: Precision;
    }
  | { readonly kind: "cpu"; readonly source: ServingSource };

/** A request to compare launcher policies and to write down what was found. */
export interface PolicyRequest extends Omit<LaunchRequest, "device" | "math"> {
  readonly where: ServingPlace;
  readonly out: string;
  /** Overwrite a file that is not ours. */
  readonly force: boolean;
  /** Where the requests of the first held-out sample go as traces; absent: nowhere. */
  readonly traces?: TracePlace | undefined;
}

/** What was found, and the artifact that was written. */
export interface LaunchedArtifact {
  readonly launched: Launched;
  readonly artifact: ScheduleArtifact;
  /** Files of requests, as traces. */
  readonly traces: readonly string[];
}

/**
 * Compares launcher policies and writes the artifact. After a failure or an interrupt nothing is written.
 *
 * Fails: as `comparePoliciesFor`, `comparePoliciesOnCpu` and writing do.
 */
export async function launchModels(
  request: PolicyRequest,
  context: DriverContext,
): Promise<Result<LaunchedArtifact>> {
  const { where, out, force } = request;
  const inputs = inputFiles(request).map(([, path]) => path);
  const overwrite: Overwrite = { force, format: "top-compile/schedule", inputs };
  const names = request.models.map(modelName);
  const first = mayWrite(out, overwrite);
  const may = first.ok ? maySaveTraces(request.traces, names) : first;
  if (!may.ok) {
    return may;
  }
  const compared =
    where.kind === "model"
      ? await comparePoliciesFor({ ...request, ...where }, context)
      : await comparePoliciesOnCpu({ ...request, ...where }, context);
  const launched = compared.ok
    ? await withLearnedLaunchers(compared.value, request.trainSteps, context)
    : compared;
  if (!launched.ok) {
    return launched;
  }
  const artifact = artifactOf(request, launched.value, context.tool);
  const written = writeText(out, encodeArtifact(artifact), overwrite);
  if (!written.ok) {
    return written;
  }
  const { job, seed } = launched.value;
  const sample = drawArrivals(job.workload, { seed, purpose: "held-out", episode: 0 });
  const traces = saveTraces(request.traces, names, sample);
  return traces.ok ? ok({ launched: launched.value, artifact, traces: traces.value }) : traces;
}

/** The files that go in, with their roles, in the order in which they are recorded. */
function inputFiles({
  models,
  arrivals,
  where,
}: PolicyRequest): readonly (readonly [ProvenanceInput["role"], string])[] {
  const profiles = where.kind === "cpu" && where.source.kind === "files" ? where.source.paths : [];
  const device = where.kind === "model" && where.file !== undefined ? [where.file] : [];
  return [
    ...models.map((path) => ["model", path] as const),
    ...profiles.map((path) => ["profile", path] as const),
    ...device.map((path) => ["device", path] as const),
    ...(arrivals.kind === "file" ? [["arrivals", arrivals.path] as const] : []),
  ];
}

/** The rates of `--rate`, as they are typed; `undefined`: there is a file. */
function recordedRates({ arrivals }: PolicyRequest): readonly string[] | undefined {
  return arrivals.kind === "file"
    ? undefined
    : arrivals.workload.models.map(({ model, process: source }) => {
        return `${model}=${"ratePerSecond" in source ? source.ratePerSecond : 0}`;
      });
}

function artifactOf(request: PolicyRequest, found: Launched, tool: string): ScheduleArtifact {
  const { where, dims, samples, scales, trainSteps } = request;
  const isModel = where.kind === "model";
  return {
    provenance: {
      tool,
      inputs: inputFiles(request).map(([role, path]) => inputOf(role, path)),
      seed: found.seed,
      options: recordedOptions({
        device: isModel ? where.device.name : "cpu",
        math: isModel ? where.math : undefined,
        fuse: isModel ? "patterns" : undefined,
        rate: recordedRates(request),
        ratesScale: isPlain(scales) ? undefined : scales.map(String),
        samples,
        trainSteps: trainSteps === 0 ? undefined : trainSteps,
        dim: recordedDims(dims, []),
      }),
    },
    device: isModel
      ? { name: where.device.product, source: "estimated", costModel: COST_MODEL_VERSION }
      : { name: "cpu", source: "measured" },
    launcher: launcherSectionOf(found.job, found.regimes),
  };
}

/** Only the rates as they are given. */
function isPlain(scales: readonly number[]): boolean {
  return scales.length === 1 && scales[0] === 1;
}
