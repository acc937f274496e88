/** The rows of a schedule that was imported, as they were. */
import type { ImportedSection } from "../../artifact/imported-section.js";
import { type Action, actionsIn, isCompute, isTransfer } from "../../import/pytorch/action.js";

/**
 * The cells of an imported schedule, row by row, with their transfers or without; `undefined` where they have to be made:
 * transfers that were not imported, or losses that PyTorch would take for others.
 *
 * Requires: a section that `verify` accepts.
 */
export function importedCells(
  { rows }: ImportedSection,
  computeOnly: boolean,
): readonly (readonly string[])[] | undefined {
  const read = rows.map(({ actions }) => actions.map((text) => ({ text, actions: inCell(text) })));
  const all = read.flat().flatMap(({ actions }) => actions);
  const hasTransfers = all.some(isTransfer);
  if (!areLossesInOrder(all) || (!computeOnly && !hasTransfers)) {
    return undefined;
  }
  return read.map((row) =>
    row.filter(({ actions }) => !computeOnly || actions.some(isCompute)).map(({ text }) => text),
  );
}

/** Names of the whole backwards of an imported schedule, `<stage> <micro-batch>`. */
export function importedWholeBackwards(imported: ImportedSection): ReadonlySet<string> {
  const actions = imported.rows.flatMap((row) => row.actions.flatMap(inCell));
  return new Set(
    actions.flatMap((action) =>
      action.kind === "B" ? [`${action.stage} ${action.microBatch}`] : [],
    ),
  );
}

function inCell(text: string): readonly Action[] {
  const actions = actionsIn(text);
  return typeof actions === "string" ? [] : actions;
}

/** Whether the last stage runs its forwards in the order 0, 1, 2, ..., in which PyTorch keeps losses. */
function areLossesInOrder(actions: readonly Action[]): boolean {
  const last = actions.reduce((most, { stage }) => Math.max(most, stage), 0);
  const forwards = actions.flatMap((action) =>
    action.kind === "F" && action.stage === last ? [action.microBatch] : [],
  );
  return forwards.every((microBatch, at) => microBatch === at);
}
