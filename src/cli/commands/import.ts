import { basename, dirname, join } from "node:path";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { importSchedule } from "../../driver/import-schedule.js";
import { renderImportedSchedule } from "../../report/imported-schedule.js";
import { renderPipeline } from "../../report/pipeline.js";
import { layoutOf } from "../columns.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import { ASCII, forceOption, outOption } from "../options/model-options.js";
import type { OptionSpec, OptionTable } from "../options/option-spec.js";
import { traitIf } from "../options/traits.js";
import { whole } from "../options/values.js";

/** Options of `import`. */
export interface ImportScheduleOptions extends CommonOptions {
  readonly out?: string;
  readonly placementOut?: string;
  readonly placement?: string;
  readonly chains?: number;
  readonly forward?: number;
  readonly backward?: number;
  readonly weight?: number;
  readonly latency?: number;
  readonly force?: boolean;
  readonly ascii?: boolean;
}

const EXAMPLES = `
Examples:
  top-compile import schedule.csv -o theirs.schedule.json
  top-compile import schedule.csv --placement ours.placement.json
  top-compile import rank0.json rank1.json --placement-out measured.json

Formats are told apart by content: the CSV that torch.distributed.pipelining
loads, with or without transfers; traces of its runs, one per rank; and Chrome
traces that export wrote.
docs/importing-schedules.md says how to get them. Measurements of single models
go to top-compile profile import.
`;

const RESTORED = "imported   a trace of top-compile: the schedule that it was written from";

/** As shapes have it: sums of times stay exact up to here. */
const MOST_TIME = 2 ** 26;

/** PyTorch runs two at most; this leaves room. */
const MOST_CHAINS = 64;

function timeOption(what: string, usualWords: string): OptionSpec<number> {
  return {
    value: "<time>",
    help: `duration of ${what}, where it was not measured`,
    ...whole(1, MOST_TIME),
    usualWords,
    not: { "placement-file": "the placement says how long blocks take" },
  };
}

/** The options of `import`, each with what it is not for. */
export const IMPORT: OptionTable<ImportScheduleOptions> = {
  out: outOption("schedule", "<file>.schedule.json"),
  placementOut: {
    value: "<file>",
    help: "where to write its placement on its own",
    usualWords: "nowhere",
  },
  placement: {
    value: "<file>",
    help: "a placement of the same stages: names, memory, and durations unless they were measured",
    usualWords: "made from the stages",
  },
  chains: {
    value: "<n>",
    help: "chains of stages that do not depend on each other: the first so many stages, the next so many",
    ...whole(1, MOST_CHAINS),
    usualWords: "1",
  },
  forward: timeOption("forward blocks", "1"),
  backward: timeOption(
    "backward blocks, or of their gradients of inputs where weights are apart",
    "2, or 1 where they are apart",
  ),
  weight: timeOption("weight gradients", "1"),
  latency: {
    value: "<time>",
    help: "of transfers between ranks",
    ...whole(0, MOST_TIME),
    usualWords: "0",
    not: { "placement-file": "the placement says how long transfers take" },
  },
  force: forceOption("schedule"),
  ascii: ASCII,
};

/** `import`: the schedule of another tool, as one of ours. */
export const registerImport: RegisterCommand = (command, run) => {
  addOptions(command, IMPORT, EXAMPLES);
  command.action(async (files: readonly string[], options: ImportScheduleOptions) => {
    await run(options, async (session) => {
      const traits = traitIf(options.placement !== undefined, {
        "placement-file": "with --placement",
      });
      const checked = checkOptions(IMPORT, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const { placement, placementOut, force, chains, forward, backward, weight, latency } =
        options;
      const out = options.out ?? defaultOut(files[0] ?? "");
      const times = { forward, backward, weight, latency };
      const { tool } = driverContext(session);
      const request = { files, times, chains, placement, placementOut, out, force: force === true };
      const found = importSchedule(request, tool);
      if (!found.ok) {
        return found;
      }
      const { artifact, notes } = found.value;
      notes.forEach(session.progress.note);
      const { imported, pipeline } = artifact;
      const { placement: placed } = found.value;
      const outputs = [out, placementOut].filter((path) => path !== undefined);
      session.print({
        text: () =>
          [
            imported === undefined
              ? RESTORED
              : renderImportedSchedule(imported, artifact, session.columns),
            "",
            ...(pipeline === undefined || placed === undefined
              ? []
              : [renderPipeline(pipeline, placed, layoutOf(session, options)), ""]),
            ...outputs.map((path) => `wrote      ${path}`),
          ].join("\n"),
        json: () => encodeArtifact(artifact),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};

/** Beside the file, without its ending: `a.schedule.json` for `a.csv` and for `a.json.gz`. */
function defaultOut(file: string): string {
  const stem = basename(file).replace(/(?:\.(?:csv|json|gz))+$/i, "");
  return join(dirname(file), `${stem}.schedule.json`);
}
