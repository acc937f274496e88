import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { readArtifact } from "../../artifact/read-artifact.js";
import { escapeControls } from "../../core/escape-controls.js";
import { fail, ok, type Result } from "../../core/result.js";
import { readPlacement } from "../../placement/parse-placement.js";
import { renderExplained } from "../../report/explained.js";
import { explainOperators } from "../../report/explanation.js";
import type { ChartLayout } from "../../report/gantt.js";
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
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import type { Product, Session } from "../session.js";
import { explainAgainst, noteContradictions } from "./explain-against.js";
import { EXPLAIN, type ExplainOptions, explainTraits } from "./explain-options.js";

const SLOWEST = 10;

const EXAMPLES = `
Examples:
  top-compile explain model.schedule.json
  top-compile explain model.schedule.json --ascii --width 160
  top-compile explain model.policy.json
  top-compile explain theirs.schedule.json --against ours.schedule.json
  top-compile explain model.schedule.json --html report.html
`;

/** `explain`: a schedule or a policy in words, tables and charts. */
export const registerExplain: RegisterCommand = (command, run) => {
  addOptions(command, EXPLAIN, EXAMPLES);
  command.action(async (file: string, options: ExplainOptions) => {
    await run(options, async (session) => {
      const { against } = options;
      const traits = explainTraits(options);
      const checked = checkOptions(EXPLAIN, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const read = readArtifact(file);
      if (!read.ok) {
        return read;
      }
      const notes = noteContradictions(read.value, file, session, "this schedule");
      if (against !== undefined) {
        return explainAgainst({ file, artifact: read.value }, against, session);
      }
      const product = productOf(read.value, file, session, layoutOf(session, options));
      if (!product.ok) {
        return product;
      }
      const page = await writePageOf(session, read.value, file, options, notes);
      if (!page.ok) {
        return page;
      }
      session.print(withPage(product.value, options));
      return { ok: true, value: EXIT.done };
    });
  });
};

/** What is said of an artifact. */
function productOf(
  artifact: ScheduleArtifact,
  file: string,
  { columns }: Session,
  layout: ChartLayout,
): Result<Product> {
  const { operators, stages, pipeline, imported, launcher, provenance } = artifact;
  if (launcher !== undefined) {
    const models = explainLauncher(launcher);
    return ok({
      text: () => renderLauncherExplained(artifact, launcher, models, layout),
      json: () => ({ models, regimes: launcher.regimes }),
    });
  }
  if (operators === undefined && pipeline !== undefined) {
    const placement = readPlacement(pipeline.placement, file, "/pipeline/placement");
    if (!placement.ok) {
      return placement;
    }
    const { seed, dataSizes } = provenance;
    const explanation = explainPipeline(pipeline, placement.value, seed);
    return ok({
      text: () =>
        [
          ...linesByData(dataSizes),
          ...(stages === undefined ? [] : [renderStages(stages, columns), ""]),
          ...(imported === undefined
            ? []
            : [renderImportedSchedule(imported, artifact, columns), ""]),
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
  }
  if (operators === undefined) {
    return fail([sectionMissing(file, "operators")]);
  }
  const explanation = explainOperators(operators, SLOWEST);
  return ok({
    text: () => renderExplained(artifact, operators, explanation, layout),
    json: () => explanation ?? { isPredicted: false },
  });
}

/** Writes the page, if one is asked for. */
async function writePageOf(
  session: Session,
  artifact: ScheduleArtifact,
  file: string,
  { html, force, model }: ExplainOptions,
  notes: readonly string[],
): Promise<Result<void>> {
  if (html === undefined) {
    return ok(undefined);
  }
  const { writePage } = await import("../../driver/explain-page.js");
  const written = await writePage({
    artifact,
    file,
    out: html,
    force: force === true,
    model,
    allowExternal: session.allowExternal,
    notes,
  });
  if (!written.ok) {
    return written;
  }
  for (const note of written.value) {
    session.progress.note(escapeControls(note));
  }
  return ok(undefined);
}

/** A product whose text says in the end where the page is. */
function withPage(product: Product, { html }: ExplainOptions): Product {
  return html === undefined
    ? product
    : { ...product, text: () => `${product.text()}\n\nwrote      ${html}` };
}
