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
import { contradictionsIn } from "../../verify/contradictions.js";
import { sectionMissing } from "../../verify/failures.js";
import { layoutOf } from "../columns.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";
import { ASCII } from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";

interface ExplainOptions extends CommonOptions {
  readonly ascii?: boolean;
}

/** The options of `explain`. */
export const EXPLAIN: OptionTable<ExplainOptions> = { ascii: ASCII };

const SLOWEST = 10;

const EXAMPLES = `
Examples:
  top-compile explain model.schedule.json
  top-compile explain model.schedule.json --ascii --width 160
  top-compile explain model.policy.json
`;

/** `explain`: a schedule or a policy in words, tables and charts. */
export const registerExplain: RegisterCommand = (command, run) => {
  addOptions(command, EXPLAIN, EXAMPLES);
  command.action(async (file: string, options: ExplainOptions) => {
    await run(options, async (session) => {
      const { print, progress } = session;
      const read = readArtifact(file);
      if (!read.ok) {
        return read;
      }
      const { operators, stages, pipeline, imported, launcher } = read.value;
      const [problem] = contradictionsIn(read.value, file);
      if (problem !== undefined && (operators ?? pipeline ?? launcher) !== undefined) {
        progress.note(`verify refuses this schedule: ${problem}`);
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
