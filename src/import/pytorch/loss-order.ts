import { isCompute } from "./action.js";
import { type ScheduleRow, whereOf } from "./schedule-row.js";
import type { RowStages } from "./stages-of-rows.js";

/**
 * One sentence where the last stage does not run its forwards in the order 0, 1, 2, ...: PyTorch keeps losses in the order
 * in which they come, and takes them by number of micro-batch, so that gradients are wrong and nothing says so.
 *
 * Requires: rows that `stagesOfRows` accepts, as `of`.
 */
export function lossOrderNotes(
  rows: readonly ScheduleRow[],
  { stages }: RowStages,
): readonly string[] {
  const last = stages.at(-1);
  const row = rows[last?.rank ?? 0];
  if (row === undefined || last === undefined || last.backward === "none") {
    return [];
  }
  let next = 0;
  for (const cell of row.cells) {
    for (const action of cell.actions.filter(isCompute)) {
      if (action.kind === "F" && action.stage === stages.length - 1) {
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
