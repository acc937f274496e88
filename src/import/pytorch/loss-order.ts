import { isCompute } from "./action.js";
import { type ScheduleRow, whereOf } from "./schedule-row.js";
import type { RowStages } from "./stages-of-rows.js";

/**
 * A sentence for each chain whose last stage does not run its forwards in the order 0, 1, 2, ...: PyTorch keeps losses in the order
 * in which they come, and takes them by number of micro-batch, so that gradients are wrong and nothing says so.
 *
 * Requires: rows that `stagesOfRows` accepts, as `of`.
 */
export function lossOrderNotes(
  rows: readonly ScheduleRow[],
  { stages, chainLength }: RowStages,
): readonly string[] {
  const ends = [...stages.keys()].filter((stage) => (stage + 1) % chainLength === 0);
  return ends.flatMap((stage) => {
    const { rank, backward } = stages[stage] ?? { rank: 0, backward: "none" };
    const row = rows[rank];
    return row === undefined || backward === "none" ? [] : noteOn(row, stage);
  });
}

function noteOn(row: ScheduleRow, stage: number): readonly string[] {
  let next = 0;
  for (const cell of row.cells) {
    for (const action of cell.actions.filter(isCompute)) {
      if (action.kind === "F" && action.stage === stage) {
        if (action.microBatch !== next) {
          return [
            `the last stage runs micro-batch ${action.microBatch} where ${next} is due (${whereOf(row, cell)}): PyTorch then takes the losses of other micro-batches, and gradients are wrong; number micro-batches by its forwards`,
          ];
        }
        next++;
      }
    }
  }
  return [];
}
