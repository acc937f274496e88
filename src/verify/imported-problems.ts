/**
 * Compares what an artifact says of another tool's schedule with the pipeline that it became: the rows are
 * read again, and run again on their placement.
 */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { ImportedRow, ImportedSection } from "../artifact/imported-section.js";
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { blockPositions, wholeOf } from "../artifact/section-schedules.js";
import { brokenChecks, type Check } from "../core/checks.js";
import { actionsIn } from "../import/pytorch/action.js";
import { importRows } from "../import/pytorch/import-rows.js";
import { kindsOf, type StageSamples } from "../import/pytorch/measured-times.js";
import type { RowCell, ScheduleRow } from "../import/pytorch/schedule-row.js";
import { stagesOfRows } from "../import/pytorch/stages-of-rows.js";
import { chainsOf } from "../placement/chain.js";
import { placementDifference } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import type { PipelineSchedule } from "../schedule/pipeline-schedule.js";
import { measurementProblems } from "./imported-measurements.js";

/** Problems reported at most. */
const MOST_PROBLEMS = 50;

/** Contradictions between an `imported` section and the rest, in words that begin with the place. */
export function importedProblems(
  { provenance, pipeline, imported }: ScheduleArtifact,
  placement: Placement,
): readonly string[] {
  if (imported === undefined || pipeline === undefined) {
    return [];
  }
  const files = provenance.inputs.filter(({ role }) => role === "schedule");
  const checks: readonly Check[] = [
    [
      pipeline.algorithm !== "imported",
      `/pipeline/algorithm is "${pipeline.algorithm}", but the schedule was imported`,
    ],
    [
      files.length !== (imported.format === "pytorch-csv" ? 1 : imported.rows.length),
      "/provenance/inputs does not have the files that the rows were imported from",
    ],
    [
      new Set(files.map(({ sha256 }) => sha256)).size < files.length,
      "/provenance/inputs has a file twice that the schedule was imported from",
    ],
  ];
  const rows = imported.rows.map(rowOf);
  const wrong = rows.find((row) => typeof row === "string");
  const read = rows.filter((row) => typeof row !== "string");
  const problems = [
    ...brokenChecks(checks),
    ...(wrong === undefined ? measurementProblems(imported, read, placement) : [String(wrong)]),
  ];
  return problems.length > 0
    ? problems.slice(0, MOST_PROBLEMS)
    : replayProblems(provenance, { pipeline, imported, placement, rows: read });
}

interface Replay {
  readonly pipeline: PipelineSection;
  readonly imported: ImportedSection;
  readonly placement: Placement;
  readonly rows: readonly ScheduleRow[];
}

function replayProblems(
  { inputs, options }: ScheduleArtifact["provenance"],
  { pipeline, imported, placement, rows }: Replay,
): readonly string[] {
  const samples = samplesIn(imported, rows, placement);
  const hasPlacement = inputs.some(({ role }) => role === "placement");
  const { forward, backward, weight, latency } = options;
  const chains = timeIn(options["chains"]);
  const again = importRows(rows, {
    samples,
    chains,
    times: {
      forward: timeIn(forward),
      backward: timeIn(backward),
      weight: timeIn(weight),
      latency: timeIn(latency),
    },
    placement: hasPlacement ? { placement, path: "/pipeline/placement" } : undefined,
  });
  if (!again.ok) {
    return again.error.map(({ where, message }) => `${where} ${message}`);
  }
  const { placement: made, whole, devices } = again.value;
  const difference = placementDifference(made, placement);
  const moved = devices.findIndex(
    (device, rank) => placement.devices[device]?.name !== imported.rows[rank]?.device,
  );
  const isSame = isSameSchedule(whole, wholeOf(pipeline, blockPositions(placement)));
  const checks: readonly Check[] = [
    [
      difference !== undefined,
      `/pipeline/placement/${difference} does not follow from the rows of /imported`,
    ],
    [moved !== -1, `/imported/rows/${moved}/device is not the one that runs its stages`],
    [
      difference === undefined && !isSame,
      "/pipeline/instances is not what the rows of /imported run",
    ],
  ];
  return brokenChecks(checks);
}

function timeIn(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined;
}

/** The row with its actions; else the first that is none, in words. */
function rowOf({ actions }: ImportedRow, rank: number): ScheduleRow | string {
  const cells: RowCell[] = [];
  for (const [at, text] of actions.entries()) {
    const found = actionsIn(text);
    if (typeof found === "string" || found.length === 0) {
      const message = typeof found === "string" ? found : "is empty";
      return `/imported/rows/${rank}/actions/${at} ${message}`;
    }
    cells.push({ actions: found, at });
  }
  const place = `row ${rank}`;
  return { path: "/imported/rows", cells, place, placeOf: (at) => `${place}, action ${at}` };
}

/** Samples by stage, from those by block; absent where none were taken. */
function samplesIn(
  { blocks }: ImportedSection,
  rows: readonly ScheduleRow[],
  placement: Placement,
): readonly StageSamples[] | undefined {
  if (blocks === undefined) {
    return undefined;
  }
  const of = stagesOfRows(rows);
  const samplesOf = new Map(blocks.map(({ block, samplesNs }) => [block, samplesNs]));
  const idOf = (block: number | undefined): string => placement.blocks[block ?? -1]?.id ?? "";
  return chainsOf(placement)?.stages.map(({ forward, backward, weight }, stage) => {
    const kinds = kindsOf((of.ok ? of.value.stages[stage]?.backward : undefined) ?? "none");
    const owners = [forward, backward, weight];
    return Object.fromEntries(
      kinds.map((kind, at) => [kind, samplesOf.get(idOf(owners[at])) ?? []]),
    );
  });
}

function isSameSchedule(one: PipelineSchedule, other: PipelineSchedule): boolean {
  const fields = ({ instances }: PipelineSchedule): string =>
    JSON.stringify(instances.map(({ block, microBatch, start }) => [block, microBatch, start]));
  return one.microBatches === other.microBatches && fields(one) === fields(other);
}
