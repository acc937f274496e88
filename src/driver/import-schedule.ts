/** Schedules of other tools, and traces of ours, as schedules of ours: read, run on a placement, verified, written. */
import type { ProvenanceInput, ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact, parseArtifact } from "../artifact/artifact-format.js";
import type { ImportedSection } from "../artifact/imported-section.js";
import { inputOf } from "../artifact/input-of.js";
import { pipelineSectionOf } from "../artifact/pipeline-section-of.js";
import { recordedOptions } from "../artifact/recorded-options.js";
import { mayWrite, type Overwrite, readText, writeText } from "../core/files.js";
import { invariant } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { importSchedulesConflict } from "../import/failures.js";
import type { OwnTrace } from "../import/own-trace.js";
import { cellOf } from "../import/pytorch/action.js";
import { importRows } from "../import/pytorch/import-rows.js";
import { kindsOf } from "../import/pytorch/measured-times.js";
import type { GivenTimes } from "../import/pytorch/placement-of-stages.js";
import type { NamedPlacement } from "../import/pytorch/schedule-of-rows.js";
import type { RowStages } from "../import/pytorch/stages-of-rows.js";
import { readSchedule } from "../import/read-schedule.js";
import type { ReadSchedule } from "../import/schedule-record.js";
import { chainsOf } from "../placement/chain.js";
import { isPlain } from "../placement/micro-batches.js";
import {
  encodePlacement,
  MAX_PLACEMENT_BYTES,
  parsePlacement,
  readPlacement,
} from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { leastMakespan } from "../schedule/least-makespan.js";
import { outcomeOfWhole } from "../schedule/outcome-of-whole.js";
import { steadyStateOf } from "../schedule/steady-state.js";
import { verifyPeriodicSchedule } from "../schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../schedule/verify-pipeline-schedule.js";
import { readImportFiles } from "./read-import-file.js";

/** What to import, and as what. */
export interface ScheduleImportRequest {
  /** One schedule, or a trace per rank. */
  readonly files: readonly string[];
  /** Durations where nothing was measured, and the latency of transfers. */
  readonly times: GivenTimes & { readonly latency?: number | undefined };
  /** Chains of stages that do not depend on each other; absent: one. */
  readonly chains?: number | undefined;
  /** A placement of the same stages; absent: one is made. */
  readonly placement?: string | undefined;
  /** The path of the artifact; absent: it is not written. */
  readonly out?: string | undefined;
  /** Where to write the placement on its own; absent: nowhere. */
  readonly placementOut?: string | undefined;
  readonly force: boolean;
}

/** What was imported. */
export interface ImportedSchedule {
  readonly artifact: ScheduleArtifact;
  /** Absent: the schedule is of one device. */
  readonly placement?: Placement | undefined;
  /** Sentences about what the user should know of the files. */
  readonly notes: readonly string[];
}

const FORMAT = "top-compile/schedule";

/**
 * Imports a schedule and writes what the request names. After a failure nothing is written.
 *
 * Fails: as reading, writing, `readSchedule` and `importRows` do.
 */
export function importSchedule(
  request: ScheduleImportRequest,
  tool: string,
): Result<ImportedSchedule> {
  const { files, placement: given, out, placementOut, force } = request;
  const inputs = given === undefined ? files : [...files, given];
  const outputs = [
    { path: out, overwrite: { force, format: FORMAT, inputs } },
    { path: placementOut, overwrite: { force, format: "top-compile/placement", inputs } },
  ].flatMap(({ path, overwrite }): readonly (readonly [string, Overwrite])[] =>
    path === undefined ? [] : [[path, overwrite]],
  );
  for (const [path, overwrite] of outputs) {
    const may = mayWrite(path, overwrite);
    if (!may.ok) {
      return may;
    }
  }
  const imported = importedFor(request, tool);
  if (!imported.ok) {
    return imported;
  }
  const { artifact, placement } = imported.value;
  if (placementOut !== undefined && placement === undefined) {
    return fail([
      importSchedulesConflict(
        "--placement-out",
        "has no placement to write: the schedule is of one device",
      ),
    ]);
  }
  for (const [path, overwrite] of outputs) {
    const text =
      path !== out && placement !== undefined
        ? encodePlacement(placement)
        : encodeArtifact(artifact);
    const written = writeText(path, text, overwrite);
    if (!written.ok) {
      return written;
    }
  }
  return imported;
}

function importedFor(request: ScheduleImportRequest, tool: string): Result<ImportedSchedule> {
  const { files, times, chains, placement: given } = request;
  const texts = readImportFiles(files);
  if (!texts.ok) {
    return texts;
  }
  const read = readSchedule(texts.value, chains);
  if (!read.ok) {
    return read;
  }
  if (read.value.format === "top-compile-trace") {
    return restored(read.value, request);
  }
  const named = given === undefined ? ok(undefined) : placementIn(given);
  if (!named.ok) {
    return named;
  }
  const { rows, samples } = read.value;
  const timed = (["forward", "backward", "weight"] as const).find(
    (key) => times[key] !== undefined,
  );
  if (timed !== undefined && samples !== undefined) {
    return fail([
      importSchedulesConflict(`--${timed}`, "is how long a block takes, which the trace says"),
    ]);
  }
  const ran = importRows(rows, { samples, times, chains, placement: named.value });
  if (!ran.ok) {
    return ran;
  }
  const { placement, whole, devices, of, notes } = ran.value;
  const problems = verifyPipelineSchedule(placement, whole);
  invariant(problems.length === 0, `the schedule verifies: ${JSON.stringify(problems[0])}`);
  const periodic = steadyStateOf(placement, whole);
  const broken = verifyPeriodicSchedule(placement, periodic);
  invariant(broken.length === 0, `the repetend verifies: ${JSON.stringify(broken[0])}`);
  const makespanLowerBound = leastMakespan(placement, whole.microBatches);
  const outcome = { algorithm: "imported", whole, periodic, makespanLowerBound };
  const artifact: ScheduleArtifact = {
    provenance: {
      tool,
      inputs: inputsOf(request),
      seed: 1,
      options: recordedOptions({ ...times, chains }),
    },
    pipeline: pipelineSectionOf(placement, outcomeOfWhole(placement, outcome)),
    imported: sectionOf(read.value, { placement, devices, of }),
  };
  return ok({ artifact, placement, notes: [...read.value.notes, ...notes] });
}

/** The schedule of a trace of ours, as it was. */
function restored(
  { document, notes }: OwnTrace,
  { files, times, chains, placement }: ScheduleImportRequest,
): Result<ImportedSchedule> {
  const unused = Object.entries({ placement, chains, ...times }).find(
    ([, value]) => value !== undefined,
  );
  if (unused !== undefined) {
    const message = "is for schedules of other tools: a trace of top-compile says it all";
    return fail([importSchedulesConflict(`--${unused[0]}`, message)]);
  }
  const [file = ""] = files;
  const artifact = parseArtifact(document, file);
  if (!artifact.ok) {
    return artifact;
  }
  const { pipeline } = artifact.value;
  const read = pipeline && readPlacement(pipeline.placement, file, "/pipeline/placement");
  return read?.ok === false
    ? read
    : ok({ artifact: artifact.value, placement: read?.value, notes });
}

function placementIn(path: string): Result<NamedPlacement> {
  const text = readText(path, MAX_PLACEMENT_BYTES);
  const read = text.ok ? parsePlacement(text.value, path) : text;
  if (!read.ok) {
    return read;
  }
  const placement = read.value;
  if (!isPlain(placement) || placement.blocks.some(({ kind }) => kind === "transfer")) {
    const what =
      "has links, or more than one plain micro-batch, and the schedule is run on one of latencies";
    return fail([importSchedulesConflict(`--placement ${path}`, what)]);
  }
  return ok({ placement, path });
}

function inputsOf({ files, placement }: ScheduleImportRequest): readonly ProvenanceInput[] {
  return [
    ...files.map((path) => inputOf("schedule", path)),
    ...(placement === undefined ? [] : [inputOf("placement", placement)]),
  ];
}

interface Placed {
  readonly placement: Placement;
  readonly devices: readonly number[];
  readonly of: RowStages;
}

function sectionOf(
  { format, rows, times, samples, steps }: ReadSchedule,
  { placement, devices, of }: Placed,
): ImportedSection {
  const chain = chainsOf(placement)?.stages ?? [];
  const blocks = samples?.flatMap((each, stage) => {
    const { forward, backward, weight } = chain[stage] ?? {};
    return kindsOf(of.stages[stage]?.backward ?? "none").flatMap((kind, at) => {
      const id = placement.blocks[[forward, backward, weight][at] ?? -1]?.id;
      return id === undefined ? [] : [{ block: id, samplesNs: each[kind] ?? [] }];
    });
  });
  return {
    format,
    rows: rows.map(({ cells }, rank) => ({
      device: placement.devices[devices[rank] ?? 0]?.name ?? "",
      actions: cells.map(({ actions }) => cellOf(actions)),
      ...(times?.[rank] ?? {}),
    })),
    ...(steps === undefined ? {} : { steps }),
    ...(blocks === undefined ? {} : { blocks }),
  };
}
