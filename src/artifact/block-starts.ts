/**
 * The instances of many micro-batches, block by block: the first start, and the steps to the next ones.
 *
 * Every block takes the micro-batches in their order, so the k-th start is that of micro-batch k; all of them take the same
 * time. What else an instance has follows: its phase from the repetend.
 */
import { object } from "../core/json-containers.js";
import { integer, type Shape } from "../core/json-shape.js";
import { type InstanceColumns, phasesOf } from "../schedule/label-phases.js";
import type { PeriodicSchedule, RepetendEntry } from "../schedule/pipeline-schedule.js";
import {
  type ArtifactInstance,
  type ArtifactRepetendEntry,
  pipelineNameShape,
} from "./pipeline-instances.js";
import { eachTime, type StartSteps, startStepsShape, stepCount, stepsOf } from "./start-steps.js";

/** When one block runs the micro-batches 0, 1, 2, ... */
export interface ArtifactBlockStarts {
  readonly block: string;
  readonly duration: number;
  /** Of micro-batch 0. */
  readonly start: number;
  readonly steps: StartSteps;
}

/** Schedules with more instances than this are written block by block. */
export const MOST_WRITTEN_INSTANCES = 20_000;

/** Most instances that rows may stand for: as many as a file of the longest size had. */
const MAX_INSTANCES = 5_000_000;

/** What phases follow from, with the instances. */
interface Repetition {
  readonly period: number;
  readonly microBatchesPerPeriod: number;
  readonly repetend: readonly ArtifactRepetendEntry[];
}

/** The form of a row. */
export const blockStartsShape: Shape<ArtifactBlockStarts> = object<ArtifactBlockStarts>({
  block: pipelineNameShape,
  duration: integer(0),
  start: integer(0).describe("Of micro-batch 0."),
  steps: startStepsShape,
});

/**
 * The rows of instances, in the order of `blocks`; `undefined` where a block takes micro-batches out of order, not all from 0
 * on, or not the same time for each.
 *
 * Requires: instances by start. Cost: O(n) in instances, and `stepsOf` for each block.
 */
export function blockStartsOf(
  instances: readonly ArtifactInstance[],
  blocks: readonly string[],
): readonly ArtifactBlockStarts[] | undefined {
  const rows = new Map(blocks.map((block) => [block, { duration: 0, times: [] as number[] }]));
  for (const { block, microBatch, start, end } of instances) {
    const row = rows.get(block);
    if (row !== undefined && row.times.length === 0) {
      row.duration = end - start;
    }
    if (row?.times.length !== microBatch || row.duration !== end - start) {
      return undefined;
    }
    row.times.push(start);
  }
  return [...rows].flatMap(([block, { duration, times }]) => {
    const [start] = times;
    return start === undefined ? [] : [{ block, duration, start, steps: stepsOf(times) }];
  });
}

/** Whether rows stand for too many instances to hold. */
export function areTooMany(rows: readonly ArtifactBlockStarts[]): boolean {
  let count = 0;
  for (const { steps } of rows) {
    count += 1 + stepCount(steps, MAX_INSTANCES);
    if (count > MAX_INSTANCES) {
      return true;
    }
  }
  return false;
}

/**
 * The instances that rows stand for: by start, then row, then micro-batch, with the phases that follow from the repetend.
 *
 * Requires: not `areTooMany`. Cost: O(n log n) in instances.
 */
export function instancesOf(
  rows: readonly ArtifactBlockStarts[],
  section: Repetition,
): readonly ArtifactInstance[] {
  const columns = columnsOfRows(rows);
  const { blocks, microBatches, starts } = columns;
  const { phases } = phasesOf(periodicOf(rows, section), columns);
  // Positions are by row, then micro-batch.
  const order = [...starts.keys()].sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
  return order.map((at): ArtifactInstance => {
    const { block = "", duration = 0 } = rows[blocks[at] ?? -1] ?? {};
    const start = starts[at] ?? 0;
    return {
      block,
      microBatch: microBatches[at] ?? 0,
      start,
      end: start + duration,
      phase: phases[at] ?? "repetend",
    };
  });
}

function columnsOfRows(rows: readonly ArtifactBlockStarts[]): InstanceColumns {
  const count = rows.reduce((sum, { steps }) => sum + 1 + stepCount(steps, MAX_INSTANCES), 0);
  const blocks = new Int32Array(count);
  const microBatches = new Int32Array(count);
  const starts = new Float64Array(count);
  let at = 0;
  rows.forEach(({ start, steps }, block) => {
    let microBatch = 0;
    eachTime(start, steps, (time) => {
      blocks[at] = block;
      microBatches[at] = microBatch++;
      starts[at++] = time;
    });
  });
  return { blocks, microBatches, starts };
}

/** The repetend with blocks by row; -1 for one without. */
function periodicOf(
  rows: readonly ArtifactBlockStarts[],
  { period, microBatchesPerPeriod, repetend }: Repetition,
): PeriodicSchedule {
  const positions = new Map(rows.map(({ block }, at) => [block, at]));
  const entries = repetend.map(
    (entry): RepetendEntry => ({ ...entry, block: positions.get(entry.block) ?? -1 }),
  );
  return { period, microBatchesPerPeriod, repetend: entries };
}
