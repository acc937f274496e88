/**
 * What two chains may not do on PyTorch's runtime, which keeps the losses of a rank in one list and gives a rank one
 * input and one target.
 */
import type { Rows } from "./rows.js";
import type { Stages } from "./stages.js";

/** A problem of a stage: which it is, and what is wrong. */
export interface ChainProblem {
  readonly stage: number;
  readonly message: string;
}

/** The first problem of two chains; `undefined`: there is none, or only one chain. */
export function chainProblem({ rows }: Rows, of: Stages): ChainProblem | undefined {
  const { stages, chainLength } = of;
  if (stages.length === chainLength) {
    return undefined;
  }
  const ends = [
    [chainLength, 0, "begins"],
    [2 * chainLength - 1, chainLength - 1, "ends"],
  ] as const;
  for (const [stage, other, verb] of ends) {
    if (stages[stage]?.rank === stages[other]?.rank) {
      const message = `${verb} a chain on the rank on which another one ${verb}, and PyTorch gives a rank one input and one target`;
      return { stage, message };
    }
  }
  return rows.map((row) => lossProblem(row, of)).find((problem) => problem !== undefined);
}

/**
 * A backward that PyTorch refuses: on a rank with losses it looks up the loss of the micro-batch for every backward,
 * also of stages that have none.
 */
function lossProblem(row: Rows["rows"][number], { chainLength }: Stages): ChainProblem | undefined {
  let losses = 0;
  for (const { stage, letter, microBatch } of row) {
    const isLast = stage % chainLength === chainLength - 1;
    losses += isLast && letter === "F" ? 1 : 0;
    if ((letter === "B" || letter === "I") && losses > 0 && microBatch >= losses) {
      const message = `runs the backward of micro-batch ${microBatch} while its rank has ${losses} losses, for which PyTorch ends with an error`;
      return { stage, message };
    }
  }
  return undefined;
}
