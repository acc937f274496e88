/**
 * Rows of actions as the schedule of a placement: which block each action stands for, and when it runs when
 * every rank goes through its row as early as it can.
 */
import { fail, ok, type Result } from "../../core/result.js";
import { type ChainStage, chainsOf } from "../../placement/chain.js";
import type { Placement } from "../../placement/placement.js";
import type { PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import { type OrderItem, runOrders } from "../../schedule/run-orders.js";
import { importPlacementDiffers, importScheduleInvalid, importScheduleStuck } from "../failures.js";
import { type ComputeAction, cellOf, isCompute } from "./action.js";
import { type ScheduleRow, whereOf } from "./schedule-row.js";
import type { RowStages } from "./stages-of-rows.js";

/** As many as a search makes. */
const MOST_INSTANCES = 1_000_000;

/** A placement, with the path that failures about it name. */
export interface NamedPlacement {
  readonly placement: Placement;
  readonly path: string;
}

/** The schedule of rows. */
export interface ScheduleOfRows {
  readonly whole: PipelineSchedule;
  /** By row: the device of the placement that runs it. */
  readonly devices: readonly number[];
}

/**
 * Runs rows on a placement of their stages.
 *
 * Requires: rows that `stagesOfRows` accepts, as `of`. Fails: `import-placement-differs`;
 * `import-schedule-stuck`; `import-schedule-invalid` for too many blocks.
 */
export function scheduleOfRows(
  rows: readonly ScheduleRow[],
  of: RowStages,
  { placement, path }: NamedPlacement,
): Result<ScheduleOfRows> {
  const instances = placement.blocks.length * of.microBatches;
  if (instances > MOST_INSTANCES) {
    const message = `has ${instances} blocks of all micro-batches, more than ${MOST_INSTANCES}`;
    return fail([importScheduleInvalid(rows[0]?.path ?? "", message)]);
  }
  const chains = chainsOf(placement);
  const chain = chains?.stages;
  const devices = chains === undefined ? NO_CHAIN : devicesOfRows(rows, of, chains);
  if (chain === undefined || typeof devices === "string") {
    return fail([importPlacementDiffers(path, String(devices))]);
  }
  const orders: OrderItem[][] = placement.devices.map(() => []);
  rows.forEach((row, rank) => {
    orders[devices[rank] ?? 0] = row.cells.flatMap(({ actions }) =>
      actions.filter(isCompute).flatMap((action) => itemsOf(action, chain)),
    );
  });
  const ran = runOrders(placement, orders, of.microBatches);
  if (ran.kind === "whole") {
    return ok({ whole: ran.whole, devices });
  }
  const rank = devices.indexOf(ran.device);
  return fail([stuckAt(rows[rank], (action) => itemsOf(action, chain).some(isItem(ran.item)))]);
}

const NO_CHAIN =
  "is no chain of stages, one device each, with their backwards on the same devices, nor several";

/** The device of each row; else why the placement is not of the stages: a clause. */
function devicesOfRows(
  rows: readonly ScheduleRow[],
  { stages, chainLength }: RowStages,
  { stages: chain, lengths }: NonNullable<ReturnType<typeof chainsOf>>,
): readonly number[] | string {
  if (chain.length !== stages.length) {
    return `has ${chain.length} stages, the schedule has ${stages.length}`;
  }
  if (lengths.some((length) => length !== chainLength)) {
    return `has chains of ${lengths.join(" and ")} stages, the schedule of ${chainLength} (--chains)`;
  }
  const devices: number[] = rows.map(() => -1);
  for (const [stage, { rank, backward }] of stages.entries()) {
    const { device, backward: block, weight } = chain[stage] ?? { device: -1 };
    if ((block === undefined) !== (backward === "none")) {
      return `has ${block === undefined ? "no backward" : "a backward"} of stage ${stage}, unlike the schedule`;
    }
    if (backward === "split" && weight === undefined) {
      return `has no block for the weight gradients of stage ${stage}, which the schedule splits off`;
    }
    const known = devices[rank] ?? -1;
    if (known !== -1 && known !== device) {
      return `has stage ${stage} on another device than the other stages of rank ${rank}`;
    }
    devices[rank] = device;
  }
  return new Set(devices).size === devices.length
    ? devices
    : "has stages of two ranks on one device";
}

/** The blocks of an action; a whole backward is both where the placement splits it. */
function itemsOf(
  { kind, stage, microBatch }: ComputeAction,
  chain: readonly ChainStage[],
): readonly OrderItem[] {
  const { forward, backward, weight } = chain[stage] ?? {};
  const blocks = { F: [forward], I: [backward], W: [weight], B: [backward, weight] }[kind];
  return blocks.flatMap((block) => (block === undefined ? [] : [{ block, microBatch }]));
}

function isItem(item: OrderItem): (other: OrderItem) => boolean {
  return ({ block, microBatch }) => block === item.block && microBatch === item.microBatch;
}

function stuckAt(row: ScheduleRow | undefined, isStuck: (action: ComputeAction) => boolean) {
  for (const cell of row?.cells ?? []) {
    const action = cell.actions.filter(isCompute).find(isStuck);
    if (row !== undefined && action !== undefined) {
      const message = `${cellOf([action])} waits for ever: what it waits for stands behind actions that wait for it`;
      return importScheduleStuck(whereOf(row, cell), message);
    }
  }
  return importScheduleStuck(row?.path ?? "", "has actions that wait for each other for ever");
}
