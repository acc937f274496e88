/** The sections of a page about a pipeline schedule. */
import type { ScheduleArtifact } from "../../artifact/artifact.js";
import type { PipelineSection } from "../../artifact/pipeline-section.js";
import type { ArtifactStage } from "../../artifact/stages-section.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import type { Placement } from "../../placement/placement.js";
import { renderImportedSchedule } from "../imported-schedule.js";
import { deviceTable, linkTable, pipelineFigures, timeOf } from "../pipeline.js";
import {
  CYCLE_SIGNS,
  cycleSummary,
  cycleText,
  noiseLine,
  speedUpAdvice,
  speedUpTable,
  withoutCycle,
} from "../pipeline-explained.js";
import { explainPipeline } from "../pipeline-explanation.js";
import { stageTable } from "../stages.js";
import { graphSection } from "./graph-section.js";
import { html, linesMarkup } from "./markup.js";
import type { PageSection } from "./page-section.js";
import { curvesMarkup, timelineMarkup } from "./picture-markup.js";
import { memoryCurves, pipelineTimeline } from "./pipeline-timeline.js";
import { blockGraph, modelGraphByStage } from "./schedule-graphs.js";
import { factsMarkup, paragraphs, tableMarkup } from "./table-markup.js";

/** Columns of texts as they stand. */
const WIDTH = 120;

/** Summary, timeline, memory, the reason for the period, stages and graphs, as far as they apply. */
export function pipelineSections(
  artifact: ScheduleArtifact,
  section: PipelineSection,
  placement: Placement,
  model: OperatorGraph | undefined,
): readonly PageSection[] {
  const { provenance, stages, imported } = artifact;
  const links = linkTable(section, placement);
  return [
    ...(imported === undefined
      ? []
      : [
          {
            id: "imported",
            title: "Imported",
            body: [
              html`<pre>${linesMarkup(renderImportedSchedule(imported, artifact, WIDTH).split("\n"))}</pre>`,
            ],
          },
        ]),
    {
      id: "pipeline",
      title: "Pipeline",
      body: [
        factsMarkup(pipelineFigures(section, placement)),
        tableMarkup(deviceTable(section, placement), "devices"),
        ...(links === undefined ? [] : [tableMarkup(links, "links")]),
      ],
    },
    timeline(section, placement),
    ...memory(section, placement),
    whyPeriod(section, placement, provenance.seed),
    ...(stages === undefined ? [] : [stagesSection(stages)]),
    graphOf(placement, stages, model),
  ];
}

function timeline(section: PipelineSection, placement: Placement): PageSection {
  const data = pipelineTimeline(section, placement);
  return {
    id: "timeline-section",
    title: `Timeline (${timeOf(placement)(section.makespan)})`,
    timeline: data,
    body: [timelineMarkup(data, placement.devices.length)],
  };
}

function memory(section: PipelineSection, placement: Placement): readonly PageSection[] {
  const curves = memoryCurves(section, placement, "memory-curves");
  return curves === undefined
    ? []
    : [
        {
          id: "memory",
          title: "Memory",
          curves: [curves],
          body: [
            curvesMarkup(curves, "memory of each device over the whole schedule"),
            ...paragraphs(["The table of devices has the peaks and the limits."]),
          ],
        },
      ];
}

function whyPeriod(section: PipelineSection, placement: Placement, seed: number): PageSection {
  const explanation = explainPipeline(section, placement, seed);
  const head = { id: "period", title: "Why the period is what it is" };
  if (explanation === undefined) {
    const none = withoutCycle(placement);
    return { ...head, body: paragraphs([`${none.charAt(0).toUpperCase()}${none.slice(1)}.`]) };
  }
  const time = timeOf(placement);
  const table = speedUpTable(explanation, time);
  return {
    ...head,
    body: [
      ...paragraphs([
        cycleSummary(explanation, time),
        cycleText(explanation, time),
        CYCLE_SIGNS,
        ...speedUpAdvice(explanation, time),
      ]),
      ...(table.rows.length === 0 ? [] : [tableMarkup(table, "what faster blocks would give")]),
      ...paragraphs([noiseLine(section, explanation, time)]),
    ],
  };
}

function stagesSection(stages: readonly ArtifactStage[]): PageSection {
  return { id: "stages", title: "Stages", body: [tableMarkup(stageTable(stages), "stages")] };
}

function graphOf(
  placement: Placement,
  stages: readonly ArtifactStage[] | undefined,
  model: OperatorGraph | undefined,
): PageSection {
  const graph =
    model === undefined || stages === undefined ? undefined : modelGraphByStage(model, stages);
  return graph === undefined
    ? graphSection(blockGraph(placement), "Graph of blocks")
    : graphSection(graph, "Operator graph");
}
