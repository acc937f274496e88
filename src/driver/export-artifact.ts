/** `export`: a verified schedule as files for another tool. */
import { basename, dirname, join } from "node:path";
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { readArtifact } from "../artifact/read-artifact.js";
import type { Failure, Failures } from "../core/failure.js";
import { readText } from "../core/files.js";
import { fail, ok, type Result } from "../core/result.js";
import { writeFiles } from "../core/write-files.js";
import type {
  ExportedPipeline,
  ExportFile,
  ExportFormat,
  ExportSubject,
  ScheduleKind,
} from "../export/export-format.js";
import { measuredInvalid, outputNeeded, sectionNotTaken } from "../export/failures.js";
import { MAX_MEASURED_BYTES, type MeasuredBlock, readMeasuredRun } from "../export/measured-run.js";
import { readPlacement } from "../placement/parse-placement.js";
import { contradictionsIn } from "../verify/contradictions.js";
import { makerOf, scheduleBroken } from "../verify/failures.js";
import { modelLoader, servedModelLoader } from "../verify/load-model-of-artifact.js";
import { type Loaders, verifyArtifact } from "../verify/verify-artifact.js";
import type { DriverContext } from "./context.js";

/** What to export, and where to. */
export interface ExportRequest {
  /** The file of the schedule. */
  readonly file: string;
  readonly format: ExportFormat;
  /** A file, or a folder for formats that are one; `undefined`: nothing is written. */
  readonly out: string | undefined;
  readonly force: boolean;
  /** The model, or the folder of several; `undefined`: in the folder of the schedule. */
  readonly model: string | undefined;
  readonly computeOnly: boolean;
  /** A file of measured times; `undefined`: none. */
  readonly measured: string | undefined;
}

/** What was exported. */
export interface ExportReport {
  readonly format: string;
  /** The main one first; `path` is absent where it was not written. */
  readonly files: readonly (ExportFile & { readonly path?: string })[];
  readonly notes: readonly string[];
}

const KINDS: readonly ScheduleKind[] = ["operators", "pipeline", "launcher"];

/** The end of the name of a schedule file. */
const ENDING = /(?:\.(?:schedule|policy))?\.json$/i;

/** Where an export goes by default: beside the schedule, under its name. */
export function exportOut(file: string, { ending }: ExportFormat): string {
  return join(dirname(file), `${basename(file).replace(ENDING, "")}${ending}`);
}

/**
 * Exports a schedule once it is verified: against its model where that is there, else in itself, with a note.
 *
 * Fails: as `readArtifact`; `export-section-missing`; as `verifyArtifact`, for all but a model that is not found
 * where none was named; as the format does; `export-output-needed`; as `writeFiles`.
 */
export async function exportArtifact(
  request: ExportRequest,
  context: DriverContext,
): Promise<Result<ExportReport>> {
  const { file, format, out = exportOut(file, format) } = request;
  const read = readArtifact(file);
  if (!read.ok) {
    return read;
  }
  const has = KINDS.filter((kind) => read.value[kind] !== undefined);
  if (!has.some((kind) => format.takes.includes(kind))) {
    return fail([sectionNotTaken(file, format.name, format.takes, has)]);
  }
  const pipeline = await verified(read.value, request, context);
  if (!pipeline.ok) {
    return pipeline;
  }
  const measured = measuredOf(request, pipeline.value);
  if (!measured.ok) {
    return measured;
  }
  const subject: ExportSubject = {
    file,
    artifact: read.value,
    ...(pipeline.value === undefined ? {} : { pipeline: pipeline.value }),
    name: basename(out),
    options: { computeOnly: request.computeOnly, measured: measured.value },
    loadModel: () => modelLoader(file, request.model, context.allowExternal)(read.value),
    loadServed: (at, batch) =>
      servedModelLoader(file, request.model, context.allowExternal)(read.value, at, batch),
  };
  const exporter = await format.load();
  const exported = await exporter(subject);
  if (!exported.ok) {
    return exported;
  }
  const { files, notes, release = () => undefined } = exported.value;
  const report = { format: format.name, files, notes };
  try {
    return request.out === undefined
      ? handedOver(report)
      : written(report, request, inputsOf(request, read.value));
  } finally {
    release();
  }
}

/** The report of files that are not written. Fails: `export-output-needed`. */
function handedOver(report: ExportReport): Result<ExportReport> {
  return report.files.every((file) => "content" in file)
    ? ok(report)
    : fail([outputNeeded(report.format)]);
}

/** The pipeline of an artifact, if it has one, once all of the artifact is verified. */
async function verified(
  artifact: ScheduleArtifact,
  { file, model }: ExportRequest,
  context: DriverContext,
): Promise<Result<ExportedPipeline | undefined>> {
  const load: Loaders = {
    model: modelLoader(file, model, context.allowExternal),
    served: servedModelLoader(file, model, context.allowExternal),
    onProgress: context.onProgress,
  };
  const found = await verifyArtifact(artifact, file, load, model !== undefined);
  const isWithoutModel =
    !found.ok && model === undefined && found.error.every(({ code }) => NO_MODEL.has(code));
  if (!found.ok && !isWithoutModel) {
    return found;
  }
  if (isWithoutModel) {
    const [first, ...rest] = contradictionsIn(artifact, file).map(
      (problem): Failure => scheduleBroken(file, problem, makerOf(artifact)),
    );
    if (first !== undefined) {
      return fail<Failures>([first, ...rest]);
    }
    context.onNote("checked without its model, which is not there: give --model to check all");
  }
  const { pipeline: section } = artifact;
  if (section === undefined) {
    return ok(undefined);
  }
  const placement = readPlacement(section.placement, file, "/pipeline/placement");
  const stages = found.ok && found.value.kind === "pipeline" ? found.value.stages : undefined;
  return placement.ok ? ok({ section, placement: placement.value, stages }) : placement;
}

/** Failures of not finding a model. */
const NO_MODEL: ReadonlySet<string> = new Set(["model-unreadable", "schedule-without-model"]);

function measuredOf(
  { measured: path }: ExportRequest,
  pipeline: ExportedPipeline | undefined,
): Result<readonly MeasuredBlock[] | undefined> {
  if (path === undefined) {
    return ok(undefined);
  }
  if (pipeline === undefined) {
    return fail([measuredInvalid(path, "is of a pipeline, the schedule is not")]);
  }
  const text = readText(path, MAX_MEASURED_BYTES);
  return text.ok ? readMeasuredRun(text.value, path, pipeline) : text;
}

/** The files that are read; of models those that may be, wherever they lie. */
function inputsOf(
  { file, model, measured }: ExportRequest,
  { provenance }: ScheduleArtifact,
): readonly string[] {
  const folder = model ?? dirname(file);
  const models = provenance.inputs
    .filter(({ role }) => role === "model")
    .map(({ name }) => join(folder, name));
  const named = [model, measured].filter((path) => path !== undefined);
  return [file, ...named, ...models];
}

/** The report once its files are written. */
function written(
  report: ExportReport,
  { format, out = "", force }: ExportRequest,
  inputs: readonly string[],
): Result<ExportReport> {
  const { isFolder } = format;
  const placed = report.files.map((each, at) => ({
    ...each,
    path: isFolder ? join(out, each.name) : at === 0 ? out : join(dirname(out), each.name),
  }));
  const paths = writeFiles(placed, { force, inputs, makesFolders: isFolder });
  if (!paths.ok) {
    return paths;
  }
  const kept = placed.filter(({ path }) => !paths.value.includes(path));
  return ok({
    ...report,
    files: placed.filter(({ path }) => paths.value.includes(path)),
    notes: [
      ...report.notes,
      ...kept.map(({ path }) => `kept ${path}, which was there: --force writes it again`),
    ],
  });
}
