import type { Failure } from "../core/failure.js";
import { formatName } from "../core/format.js";
import type { ScheduleKind } from "./export-format.js";

/** `export` without a format. */
export function formatMissing(formats: readonly string[]): Failure {
  return {
    code: "export-format-missing",
    where: "--to",
    message: `needs the format to write: ${formats.join(", ")}`,
    hint: "for instance: top-compile export model.schedule.json --to chrome-trace",
    exit: 2,
  };
}

const KINDS: Readonly<Record<ScheduleKind, string>> = {
  operators: "schedules of one device",
  pipeline: "pipelines",
  launcher: "launcher policies",
};

/** A schedule of a kind that the format does not take. */
export function sectionNotTaken(
  file: string,
  format: string,
  takes: readonly ScheduleKind[],
  has: readonly ScheduleKind[],
): Failure {
  const found = has.length === 0 ? "no schedule" : has.map((kind) => KINDS[kind]).join(" and ");
  return {
    code: "export-section-missing",
    where: file,
    message: `--to ${format} takes ${takes.map((kind) => KINDS[kind]).join(" and ")}; the file has ${found}`,
    hint: "give another --to; top-compile export --help lists what each takes",
    exit: 1,
  };
}

/** A block, or a device, that a format has no words for; `hint` says what to change. */
export function blockUnfit(
  file: string,
  what: "block" | "device",
  name: string,
  { message, hint }: { readonly message: string; readonly hint: string },
): Failure {
  return {
    code: "export-block-unfit",
    where: `${file}, ${what} ${formatName(name)}`,
    message,
    hint,
    exit: 1,
  };
}

/** A format of stages of a model, for a pipeline whose stages or model are not known. */
export function stagesMissing(file: string, format: string, hasStages: boolean): Failure {
  return {
    code: "export-model-missing",
    where: file,
    message: hasStages
      ? `--to ${format} writes the stages of its model, which is not there`
      : `--to ${format} writes the stages of a model, and no block names operators of one`,
    hint: hasStages
      ? "give the model with --model"
      : "compile a model with --devices or --placement, and export that schedule",
    exit: 1,
  };
}

/** Files that are not held in memory, without a place to write them to. */
export function outputNeeded(format: string): Failure {
  return {
    code: "export-output-needed",
    where: "--out",
    message: `--to ${format} has files of weights, which are written and not handed over`,
    hint: "give a folder with --out",
    exit: 2,
  };
}

/** A schedule without predicted times, for a format that draws them. */
export function timesMissing(file: string, format: string): Failure {
  return {
    code: "export-times-missing",
    where: file,
    message: `--to ${format} draws times, and nothing is predicted of several threads inside each operator`,
    hint: "give --to csv or --to dot, or compile for one thread per operator",
    exit: 1,
  };
}

/** More than a format holds. */
export function exportTooLarge(
  file: string,
  format: string,
  { what, count, limit }: { readonly what: string; readonly count: number; readonly limit: number },
): Failure {
  return {
    code: "export-too-large",
    where: file,
    message: `has ${count} ${what}; --to ${format} takes at most ${limit}`,
    hint: "search with fewer micro-batches, or give another --to",
    exit: 1,
  };
}

/** A file of measured times that does not belong to the pipeline. */
export function measuredInvalid(file: string, problem: string): Failure {
  return {
    code: "export-measured-invalid",
    where: file,
    message: problem,
    hint: "give what top-compile run SCHEDULE --json printed of this pipeline",
    exit: 1,
  };
}
