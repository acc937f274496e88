import { contradictionsIn } from "../../driver/contradictions.js";
import { sectionMissing } from "../../driver/failures.js";
import { readArtifact } from "../../driver/read-artifact.js";
import { readPlacement } from "../../placement/parse-placement.js";
import { renderExplained } from "../../report/explained.js";
import { explainOperators } from "../../report/explanation.js";
import { renderPipelineExplained } from "../../report/pipeline-explained.js";
import { explainPipeline } from "../../report/pipeline-explanation.js";
import { renderStages } from "../../report/stages.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { wholeNumber } from "../options.js";

interface ExplainOptions extends CommonOptions {
  readonly ascii?: boolean;
  readonly width?: number;
}

const USUAL_COLUMNS = 100;
const LEAST_COLUMNS = 40;
const MOST_COLUMNS = 1000;
const SLOWEST = 10;

const EXAMPLES = `
Examples:
  top-compile explain model.schedule.json
  top-compile explain model.schedule.json --ascii --width 160
`;

/** `explain`: a schedule in words, tables and a chart. */
export const registerExplain: RegisterCommand = (command, run) => {
  command
    .option("--ascii", "draw the chart with plain characters")
    .option(
      "--width <columns>",
      `columns of the chart (default: the terminal's, else ${USUAL_COLUMNS})`,
      wholeNumber(LEAST_COLUMNS, MOST_COLUMNS),
    )
    .addHelpText("after", EXAMPLES);
  command.action(async (file: string, options: ExplainOptions) => {
    await run(options, async ({ io, print, progress }) => {
      const read = readArtifact(file);
      if (!read.ok) {
        return read;
      }
      const { operators, stages, pipeline } = read.value;
      const [problem] = contradictionsIn(read.value, file);
      if (problem !== undefined && (operators ?? pipeline) !== undefined) {
        progress.note(`verify refuses this schedule: ${problem}`);
      }
      const columns = options.width ?? io.stdout.columns ?? USUAL_COLUMNS;
      const width = Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, columns));
      const style = options.ascii === true ? "ascii" : "box";
      if (operators === undefined && pipeline !== undefined) {
        const placement = readPlacement(pipeline.placement, file, "/pipeline/placement");
        if (!placement.ok) {
          return placement;
        }
        const { seed } = read.value.provenance;
        const explanation = explainPipeline(pipeline, placement.value, seed);
        print({
          text: () =>
            [
              ...(stages === undefined ? [] : [renderStages(stages), ""]),
              renderPipelineExplained(pipeline, placement.value, explanation, { width, style }),
            ].join("\n"),
          json: () => ({ ...(stages === undefined ? {} : { stages }), ...pipeline, explanation }),
        });
        return { ok: true, value: EXIT.done };
      }
      if (operators === undefined) {
        return { ok: false, error: [sectionMissing(file, "operators")] };
      }
      const explanation = explainOperators(operators, SLOWEST);
      print({
        text: () => renderExplained(read.value, operators, explanation, { width, style }),
        json: () => explanation ?? { isPredicted: false },
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
