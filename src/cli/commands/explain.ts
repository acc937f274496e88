import { readArtifact } from "../../artifact/read-artifact.js";
import { readPlacement } from "../../placement/parse-placement.js";
import { renderExplained } from "../../report/explained.js";
import { explainOperators } from "../../report/explanation.js";
import { renderImportedSchedule } from "../../report/imported-schedule.js";
import { renderLauncherExplained } from "../../report/launcher-explained.js";
import { explainLauncher } from "../../report/launcher-explanation.js";
import { renderPipelineExplained } from "../../report/pipeline-explained.js";
import { explainPipeline } from "../../report/pipeline-explanation.js";
import { linesByData } from "../../report/sizes-by-data.js";
import { renderStages } from "../../report/stages.js";
import { sectionMissing } from "../../verify/failures.js";
import { layoutOf } from "../columns.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import { ASCII } from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";
import { traitIf } from "../options/traits.js";
import { explainAgainst, noteContradictions } from "./explain-against.js";

interface ExplainOptions extends CommonOptions {
  readonly ascii?: boolean;
  readonly against?: string;
}

/** The options of `explain`. */
export const EXPLAIN: OptionTable<ExplainOptions> = {
  against: {
    value: "<schedule.json>",
    help: "compare it with this schedule, as theirs with ours: what would change",
  },
  ascii: { ...ASCII, not: { ...ASCII.not, comparison: "it prints tables" } },
};

const SLOWEST = 10;

const EXAMPLES = `
Examples:
  top-compile explain model.schedule.json
  top-compile explain model.schedule.json --ascii --width 160
  top-compile explain model.policy.json
  top-compile explain theirs.schedule.json --against ours.schedule.json
`;

/** `explain`: a schedule or a policy in words, tables and charts. */
export const registerExplain: RegisterCommand = (command, run) => {
  addOptions(command, EXPLAIN, EXAMPLES);
  command.action(async (file: string, options: ExplainOptions) => {
    await run(options, async (session) => {
      const { print } = session;
      const { against } = options;
      const traits = traitIf(against !== undefined, { comparison: "with --against" });
      const checked = checkOptions(EXPLAIN, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const read = readArtifact(file);
      if (!read.ok) {
        return read;
      }
      const { operators, stages, pipeline, imported, launcher } = read.value;
      noteContradictions(read.value, file, session, "this schedule");
      if (against !== undefined) {
        return explainAgainst({ file, artifact: read.value }, against, session);
      }
      const layout = layoutOf(session, options);
      if (launcher !== undefined) {
        const models = explainLauncher(launcher);
        print({
          text: () => renderLauncherExplained(read.value, launcher, models, layout),
          json: () => ({ models, regimes: launcher.regimes }),
        });
        return { ok: true, value: EXIT.done };
      }
      if (operators === undefined && pipeline !== undefined) {
        const placement = readPlacement(pipeline.placement, file, "/pipeline/placement");
        if (!placement.ok) {
          return placement;
        }
        const { seed, dataSizes } = read.value.provenance;
        const explanation = explainPipeline(pipeline, placement.value, seed);
        print({
          text: () =>
            [
              ...linesByData(dataSizes),
              ...(stages === undefined ? [] : [renderStages(stages, session.columns), ""]),
              ...(imported === undefined
                ? []
                : [renderImportedSchedule(imported, read.value, session.columns), ""]),
              renderPipelineExplained(pipeline, placement.value, explanation, layout),
            ].join("\n"),
          json: () => ({
            ...(dataSizes === undefined ? {} : { dataSizes }),
            ...(stages === undefined ? {} : { stages }),
            ...(imported === undefined ? {} : { imported }),
            ...pipeline,
            explanation,
          }),
        });
        return { ok: true, value: EXIT.done };
      }
      if (operators === undefined) {
        return { ok: false, error: [sectionMissing(file, "operators")] };
      }
      const explanation = explainOperators(operators, SLOWEST);
      print({
        text: () => renderExplained(read.value, operators, explanation, layout),
        json: () => explanation ?? { isPredicted: false },
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
