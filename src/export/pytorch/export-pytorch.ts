/**
 * A pipeline as a schedule of `torch.distributed.pipelining`: one CSV row for each rank, the program that runs it, and
 * the options of torchtitan.
 *
 * Source of the format: `_PipelineScheduleRuntime._load_csv` of PyTorch 2.13.
 */
import { formatName } from "../../core/format.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { withoutTransfers } from "../../placement/lower-links.js";
import { isPlain } from "../../placement/micro-batches.js";
import type { Placement } from "../../placement/placement.js";
import type { Exported, ExportSubject } from "../export-format.js";
import { blockUnfit } from "../failures.js";
import { linesWithin } from "../lines-within.js";
import { chainProblem } from "./check-chains.js";
import { importedCells, importedWholeBackwards } from "./imported-cells.js";
import { LAUNCHER_MARK, launcherText } from "./launcher.js";
import { type Rows, rowsOf } from "./rows.js";
import { type Stages, stagesOf } from "./stages.js";
import { titanLines } from "./torchtitan.js";
import { cellOf, cellsWithTransfers } from "./transfers.js";

/** How schedules of PyTorch begin: with an action. */
const MARK = /^\d+(?:[FBIW]\d+|UNSHARD|RECV_[FB]\d+)[,\r\n]/;

/**
 * The schedule and its launcher, which is named like it.
 *
 * Fails: `export-block-unfit` for blocks that PyTorch has no stage for; `export-too-large`.
 */
export function exportPytorch(subject: ExportSubject): Result<Exported> {
  const { file, name, options } = subject;
  const { section, placement: whole } = present(subject.pipeline, "pipeline");
  const placement = withoutTransfers(whole);
  if (!isPlain(placement)) {
    return fail([
      blockUnfit(file, "block", placement.blocks[0]?.id ?? "", {
        message:
          "is of micro-batches that are not alike, wait for each other, overlap or change memory elsewhere, which PyTorch's schedules cannot say",
        hint: "export it as csv or chrome-trace",
      }),
    ]);
  }
  const of = stagesOf(placement, file);
  if (!of.ok) {
    return of;
  }
  const { imported } = subject.artifact;
  const backwards = imported && importedWholeBackwards(imported);
  const rows = rowsOf(section, placement, of.value, backwards);
  const problem = stageProblem(rows, of.value, options.computeOnly);
  if (problem !== undefined) {
    const { forward } = present(of.value.stages[problem.stage], "stage");
    return fail([
      blockUnfit(file, "block", present(placement.blocks[forward], "block").id, problem),
    ]);
  }
  const cells =
    (imported && importedCells(imported, options.computeOnly)) ??
    (options.computeOnly
      ? rows.rows.map((row) => row.map(cellOf))
      : cellsWithTransfers(rows, of.value));
  const content = linesWithin(
    cells.map((row) => row.join(",")),
    file,
    "pytorch",
  );
  if (!content.ok) {
    return content;
  }
  const { stages, chainLength, isTraining } = of.value;
  const launcher = launcherText({
    schedule: name,
    ranks: placement.devices.length,
    chainLength: chainLength === stages.length ? undefined : chainLength,
    isTraining,
  });
  const launcherName = `${name.replace(/\.csv$/i, "")}.py`;
  return ok({
    files: [
      { name, content: content.value, mark: MARK },
      { name: launcherName, content: launcher, mark: LAUNCHER_MARK, isKept: true },
    ],
    notes: notesOn({ rows, of: of.value, placement, name, launcherName }, options.computeOnly),
  });
}

function stageProblem(rows: Rows, of: Stages, computeOnly: boolean) {
  const { stages, chainLength, isTraining } = of;
  if (computeOnly && chainLength < stages.length) {
    return {
      stage: chainLength,
      message: "begins a second chain, between which and the first PyTorch would add transfers",
      hint: "leave out --compute-only",
    };
  }
  const neighbor = stages.findIndex(({ rank }, at) => at > 0 && stages[at - 1]?.rank === rank);
  if (!isTraining && neighbor > 0) {
    return {
      stage: neighbor,
      message: "follows a stage on the same rank, which PyTorch cannot run without training",
      hint: "place neighboring stages on different devices, or join them",
    };
  }
  const problem = chainProblem(rows, of);
  return problem === undefined
    ? undefined
    : {
        ...problem,
        hint: "search again with another --algorithm, or export each chain on its own",
      };
}

interface Told {
  readonly rows: Rows;
  readonly of: Stages;
  readonly placement: Placement;
  readonly name: string;
  readonly launcherName: string;
}

function notesOn(
  { rows, of, placement, name, launcherName }: Told,
  computeOnly: boolean,
): string[] {
  const { stages, chainLength, isTraining } = of;
  const ranks = placement.devices.length;
  const weight = stages[0]?.weight;
  const heads = weight === undefined ? "" : formatName(placement.blocks[weight]?.id ?? "");
  return [
    `run it: torchrun --nproc-per-node=${ranks} ${launcherName}, once its build and batch are yours`,
    ...(rows.isRenumbered
      ? [
          "micro-batches are numbered as the last stage runs them: PyTorch looks losses up by number",
        ]
      : []),
    ...(weight === undefined
      ? []
      : [
          `PyTorch computes no gradient of the first stage's input: all of its backward runs in ${heads}`,
        ]),
    ...(isTraining ? [] : ["backwards do nothing: the schedule is for schedule.eval"]),
    ...(isTraining && !computeOnly
      ? ["it has REDUCE_GRAD, which PyTorch 2.10 and later know"]
      : []),
    ...(chainLength < stages.length
      ? ["two chains: the launcher has the stage class that separates them"]
      : titanLines({ stages, isTraining, ranks, name, computeOnly })),
  ];
}
