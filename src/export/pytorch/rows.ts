/**
 * The order of every rank as actions of `torch.distributed.pipelining`.
 *
 * Micro-batches get new numbers: PyTorch keeps losses in the order in which the last stage runs and looks them up by
 * number, so a last stage that does not run 0, 1, 2, ... would differentiate the wrong ones. The numbers are those of
 * the last stage's order, of each chain by its own.
 *
 * Without training, backwards follow the forwards: PyTorch demands them, and does nothing in them in `eval`.
 */
import type { PipelineSection } from "../../artifact/pipeline-section.js";
import { present } from "../../core/invariant.js";
import type { Placement } from "../../placement/placement.js";
import type { Stages } from "./stages.js";

/** What an action computes: forward, whole backward, gradients of inputs, of weights. */
export type Letter = "F" | "B" | "I" | "W";

/** One action of a rank, with its times. */
export interface Action {
  readonly stage: number;
  readonly letter: Letter;
  readonly microBatch: number;
  readonly start: number;
  readonly end: number;
}

/** The actions of every rank in their order. */
export interface Rows {
  readonly rows: readonly (readonly Action[])[];
  /** Whether a micro-batch has another number than in the schedule. */
  readonly isRenumbered: boolean;
}

/**
 * The rows of a valid schedule; its transfers are left out. Of the micro-batches in `whole`, `<stage> <micro-batch>`, the backward is one action where
 * its two parts follow each other.
 */
export function rowsOf(
  section: PipelineSection,
  placement: Placement,
  of: Stages,
  whole: ReadonlySet<string> = new Set(),
): Rows {
  const parts = partsOf(placement, of);
  const known = new Set(placement.blocks.map(({ id }) => id));
  const instances = section.instances
    .filter(({ block }) => known.has(block))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  const numbers = numbersOf(instances, parts, of);
  const rows: Action[][] = placement.devices.map(() => []);
  let isRenumbered = false;
  for (const { block, microBatch, start, end } of instances) {
    const { stage, letter } = present(parts.get(block), "stage of the block");
    const chain = Math.floor(stage / of.chainLength);
    const number = present(numbers[chain]?.get(microBatch), "micro-batch of the last stage");
    isRenumbered ||= number !== microBatch;
    const rank = present(of.stages[stage], "stage").rank;
    const said = isSecondHead(stage, of) ? WHOLE[letter] : letter;
    if (said !== undefined) {
      const isWhole = said === "W" && whole.has(`${stage} ${microBatch}`);
      const action = { stage, letter: said, microBatch: number, start, end };
      push(rows[rank] ?? [], action, isWhole);
    }
  }
  if (!of.isTraining) {
    addBackwards(rows, section, of);
  }
  return { rows, isRenumbered };
}

/** Adds an action; one that `isWhole` takes in the gradients of inputs right before it. */
function push(row: Action[], action: Action, isWhole: boolean): void {
  const { stage, microBatch } = action;
  const before = row.at(-1);
  const isNext =
    before?.letter === "I" && before.stage === stage && before.microBatch === microBatch;
  if (isWhole && before !== undefined && isNext) {
    row.splice(-1, 1, { ...action, letter: "B", start: before.start });
  } else {
    row.push(action);
  }
}

/** The first stage of a second chain, which PyTorch does not know for one: it has nothing that could be split. */
function isSecondHead(stage: number, { chainLength }: Stages): boolean {
  return stage === chainLength;
}

/** A whole backward in the place of its second half. */
const WHOLE: Readonly<Record<Letter, Letter | undefined>> = {
  F: "F",
  B: "B",
  I: undefined,
  W: "B",
};

interface StagePart {
  readonly stage: number;
  readonly letter: Letter;
}

/** The stage and letter of every block, by its name. */
function partsOf({ blocks }: Placement, { stages }: Stages): ReadonlyMap<string, StagePart> {
  const parts = new Map<string, StagePart>();
  const add = (block: number | undefined, stage: number, letter: Letter): void => {
    if (block !== undefined) {
      parts.set(present(blocks[block], "block").id, { stage, letter });
    }
  };
  for (const [stage, { forward, backward, weight }] of stages.entries()) {
    add(forward, stage, "F");
    add(backward, stage, weight === undefined ? "B" : "I");
    add(weight, stage, "W");
  }
  return parts;
}

/** By chain: the new number of each micro-batch. */
function numbersOf(
  instances: PipelineSection["instances"],
  parts: ReadonlyMap<string, StagePart>,
  { stages, chainLength }: Stages,
): readonly ReadonlyMap<number, number>[] {
  return Array.from({ length: stages.length / chainLength }, (_, chain) => {
    const last = (chain + 1) * chainLength - 1;
    const numbers = new Map<number, number>();
    for (const { block, microBatch } of instances) {
      const part = parts.get(block);
      if (part?.stage === last && part.letter === "F") {
        numbers.set(microBatch, numbers.size);
      }
    }
    return numbers;
  });
}

/** A backward for every forward, behind all of them, so that gradients could flow. */
function addBackwards(
  rows: readonly Action[][],
  { microBatches, makespan }: PipelineSection,
  { stages }: Stages,
): void {
  const order = stages.map((_, at) => stages.length - 1 - at);
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    for (const [at, stage] of order.entries()) {
      const start = makespan + microBatch * stages.length + at;
      const rank = present(stages[stage], "stage").rank;
      rows[rank]?.push({ stage, letter: "B", microBatch, start, end: start + 1 });
    }
  }
}
