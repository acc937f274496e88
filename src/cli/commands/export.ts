import { type ExportReport, exportArtifact, exportOut } from "../../driver/export-artifact.js";
import { formatMissing } from "../../export/failures.js";
import { EXPORT_FORMATS, exportFormat } from "../../export/format-table.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import { MODEL } from "../options/model-options.js";
import type { OptionTable, Traits } from "../options/option-spec.js";
import { traitIf } from "../options/traits.js";

/** Options of `export`. */
export interface ExportOptions extends CommonOptions {
  readonly to?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly model?: string;
  readonly measured?: string;
  readonly computeOnly?: boolean;
}

const NAMES = EXPORT_FORMATS.map(({ name }) => name);

/** The options of `export`, each with what it is not for. */
export const EXPORT: OptionTable<ExportOptions> = {
  to: { value: "<format>", help: "the format, as below", choices: NAMES },
  out: {
    short: "-o",
    value: "<file>",
    help: "where to write: a file, or the folder of formats that are one",
    usualWords: "beside the schedule, by its name and the format",
  },
  force: { help: "overwrite files of other kinds" },
  model: { ...MODEL, help: "the model, or the folder of several" },
  measured: {
    value: "<file>",
    help: "what run --json printed of the pipeline: drawn beside the prediction",
    not: { "not-chrome-trace": "only chrome-trace draws measured times" },
  },
  computeOnly: {
    help: "leave the transfers to PyTorch, which torchtitan needs",
    not: { "not-pytorch": "only pytorch has transfers" },
  },
};

const WIDEST = Math.max(...NAMES.map((name) => name.length));

/** Words of the help for what formats take. */
const TAKES = { operators: "one device", pipeline: "pipelines", launcher: "policies" } as const;

const EXAMPLES = `
Formats, with the schedules that each takes:
${EXPORT_FORMATS.map(({ name, summary, takes }) => `  ${name.padEnd(WIDEST)}  ${summary}\n  ${"".padEnd(WIDEST)}  (${takes.map((kind) => TAKES[kind]).join(", ")})`).join("\n")}

The schedule is verified first, against its model where that is found. What each
format loses of a schedule, and how it is loaded, is said in docs/exports.md.

Examples:
  top-compile export model.schedule.json --to chrome-trace
  top-compile export pipe.schedule.json --to svg -o pipe.svg
  top-compile export pipe.schedule.json --to pytorch -o schedule.csv
  top-compile run pipe.schedule.json --json > ran.json
  top-compile export pipe.schedule.json --to chrome-trace --measured ran.json
`;

/** `export`: a schedule as files for another tool. */
export const registerExport: RegisterCommand = (command, run) => {
  addOptions(command, EXPORT, EXAMPLES);
  command.action(async (file: string, options: ExportOptions) => {
    await run(options, async (session) => {
      const format = exportFormat(options.to ?? "");
      if (format === undefined) {
        return { ok: false, error: [formatMissing(NAMES)] };
      }
      const checked = checkOptions(EXPORT, options, givenOptions(command), exportTraits(options));
      if (!checked.ok) {
        return checked;
      }
      const isWritten = session.io.writesOnlyTo !== "out";
      const out = options.out ?? (isWritten ? exportOut(file, format) : undefined);
      const { model, measured } = options;
      const request = { file, format, out, model, measured, force: options.force === true };
      const exported = await exportArtifact(
        { ...request, computeOnly: options.computeOnly === true },
        driverContext(session),
      );
      if (!exported.ok) {
        return exported;
      }
      session.print({ text: () => textOf(exported.value), json: () => jsonOf(exported.value) });
      return { ok: true, value: EXIT.done };
    });
  });
};

/** The traits of an `export` command line. */
function exportTraits({ to }: ExportOptions): Traits {
  const words = `with --to ${to}`;
  return {
    ...traitIf(to !== "chrome-trace", { "not-chrome-trace": words }),
    ...traitIf(to !== "pytorch", { "not-pytorch": words }),
  };
}

function textOf({ files, notes }: ExportReport): string {
  return [...files.map(({ path, name }) => `wrote ${path ?? name}`), ...notes].join("\n");
}

/** Files that were not written come with what is in them. */
function jsonOf({ format, files, notes }: ExportReport): object {
  return {
    format,
    files: files.map(({ name, path, ...file }) =>
      path === undefined && "content" in file ? { name, ...printable(file.content) } : { path },
    ),
    notes,
  };
}

function printable(content: string | Uint8Array): object {
  return typeof content === "string"
    ? { text: content }
    : { base64: Buffer.from(content).toString("base64") };
}
