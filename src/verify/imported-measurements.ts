/** The measured times of an `imported` section, compared with its actions and with each other. */
import type { ImportedRow, ImportedSection } from "../artifact/imported-section.js";
import { brokenChecks, type Check } from "../core/checks.js";
import { isCompute } from "../import/pytorch/action.js";
import { kindsOf } from "../import/pytorch/measured-times.js";
import type { ScheduleRow } from "../import/pytorch/schedule-row.js";
import { type RowStages, stagesOfRows } from "../import/pytorch/stages-of-rows.js";
import { chainsOf } from "../placement/chain.js";
import type { Placement } from "../placement/placement.js";

/**
 * Contradictions among measured times, in words that begin with the place: each action has a start and an end,
 * in order; the samples of a block are as many as the actions that ran alone in all steps, the last of them those
 * of the step whose times are there.
 *
 * Requires: `rows` are those of the section.
 */
export function measurementProblems(
  imported: ImportedSection,
  rows: readonly ScheduleRow[],
  placement: Placement,
): readonly string[] {
  const { blocks, steps, rows: written } = imported;
  const isTimed = written.some(({ startNs, endNs }) => (startNs ?? endNs) !== undefined);
  const firsts = written.flatMap(({ startNs = [] }) => startNs.slice(0, 1));
  const checks: readonly Check[] = [
    [
      (steps === undefined) !== (blocks === undefined),
      "/imported/steps and /imported/blocks are not there together",
    ],
    [
      isTimed !== (blocks !== undefined),
      "/imported/rows and /imported/blocks are not both measured",
    ],
    [
      blocks !== undefined && imported.format !== "pytorch-trace",
      `/imported/format is "${imported.format}", which measures nothing`,
    ],
    [isTimed && Math.min(...firsts) !== 0, "/imported/rows do not begin at 0"],
  ];
  const problems = [
    ...brokenChecks(checks),
    ...written.flatMap((row, rank) => timeProblems(row, rank, isTimed)),
  ];
  const of = problems.length > 0 ? undefined : stagesOfRows(rows);
  return blocks === undefined || of?.ok !== true
    ? problems
    : sampleProblems(imported, rows, blocksInOrder(of.value, placement));
}

function timeProblems(
  { actions, startNs, endNs }: ImportedRow,
  rank: number,
  isTimed: boolean,
): readonly string[] {
  const place = `/imported/rows/${rank}`;
  const [starts, ends] = [startNs ?? [], endNs ?? []];
  const checks: readonly Check[] = [
    [
      isTimed && (starts.length !== actions.length || ends.length !== actions.length),
      `${place} does not have a start and an end for each action`,
    ],
    [starts.some((start, at) => start > (ends[at] ?? start)), `${place} ends before it starts`],
    [
      starts.some((start, at) => start < (starts[at - 1] ?? 0)),
      `${place}/startNs is not in the order of its actions`,
    ],
  ];
  return brokenChecks(checks);
}

/** A block, and its action without the micro-batch. */
interface OwnBlock {
  readonly id: string;
  readonly kind: string;
  readonly stage: number;
}

/** The blocks that actions measure, in the order in which they are recorded. */
function blocksInOrder({ stages }: RowStages, placement: Placement): readonly OwnBlock[] {
  return (chainsOf(placement)?.stages ?? []).flatMap(({ forward, backward, weight }, stage) =>
    kindsOf(stages[stage]?.backward ?? "none").map((kind, at) => {
      const id = placement.blocks[[forward, backward, weight][at] ?? -1]?.id ?? "";
      return { id, kind, stage };
    }),
  );
}

function sampleProblems(
  { blocks = [], steps = 0, rows: written }: ImportedSection,
  rows: readonly ScheduleRow[],
  own: readonly OwnBlock[],
): readonly string[] {
  const lastStep = new Map<string, number[]>();
  for (const [rank, { cells }] of rows.entries()) {
    for (const [at, { actions }] of cells.entries()) {
      const [action, another] = actions;
      if (action !== undefined && isCompute(action) && another === undefined) {
        const key = `${action.kind} ${action.stage}`;
        const { startNs, endNs } = written[rank] ?? {};
        const time = (endNs?.[at] ?? 0) - (startNs?.[at] ?? 0);
        const times = lastStep.get(key) ?? [];
        times.push(time);
        lastStep.set(key, times);
      }
    }
  }
  const isSame =
    blocks.length === own.length && own.every(({ id }, at) => blocks[at]?.block === id);
  return isSame
    ? own.flatMap(({ kind, stage }, at) => {
        const last = lastStep.get(`${kind} ${stage}`) ?? [];
        const samples = blocks[at]?.samplesNs ?? [];
        const tail = samples.slice(samples.length - last.length);
        const isRight =
          samples.length === last.length * steps && tail.every((time, i) => time === last[i]);
        return isRight ? [] : [`/imported/blocks/${at}/samplesNs are not those of the actions`];
      })
    : ["/imported/blocks are not those that the actions run, in their order"];
}
