/** The sections of a page about an operator schedule. */
import type { OperatorsSection, ScheduleArtifact } from "../../artifact/artifact.js";
import { timedLaunches } from "../../artifact/timed-launches.js";
import { counted, formatNs } from "../../core/format.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import { assumedSummary, assumedTable } from "../assumed-range.js";
import { candidateTable, choiceFacts, whatFacts } from "../compiled.js";
import {
  criticalSummary,
  criticalTable,
  slowestTable,
  streamTable,
  taskTable,
} from "../explained.js";
import { type Explanation, explainOperators } from "../explanation.js";
import { gpuTables, gpuVerdict, useTable } from "../gpu-explained.js";
import type { GpuExplanation } from "../gpu-explanation.js";
import { graphSection } from "./graph-section.js";
import { html, linesMarkup } from "./markup.js";
import { operatorsTimeline } from "./operators-timeline.js";
import type { CurveData } from "./page-data.js";
import type { PageSection } from "./page-section.js";
import { curvesMarkup, timelineMarkup } from "./picture-markup.js";
import { launchGraph, modelGraphByStream } from "./schedule-graphs.js";
import { factsMarkup, paragraphs, tableMarkup } from "./table-markup.js";

const SLOWEST = 20;

/** Summary, timeline, bounds, candidates, assumptions and graph, as far as they apply. */
export function operatorsSections(
  artifact: ScheduleArtifact,
  operators: OperatorsSection,
  model: OperatorGraph | undefined,
): readonly PageSection[] {
  const explanation = explainOperators(operators, SLOWEST);
  const graph = model === undefined ? undefined : modelGraphByStream(model, operators);
  return [
    summary(artifact, operators),
    timeline(operators, explanation),
    ...(explanation?.gpu === undefined ? [] : [useOfGpu(explanation.gpu, explanation.latencyNs)]),
    ...(operators.range === undefined
      ? []
      : [
          {
            id: "assumptions",
            title: "What is assumed of the device",
            body: [
              ...paragraphs([`${assumedSummary(operators.range)}.`]),
              tableMarkup(assumedTable(operators.range), "times and speed-up by what is assumed"),
            ],
          },
        ]),
    graph === undefined
      ? graphSection(launchGraph(operators), "Order of launches")
      : graphSection(graph, "Operator graph"),
  ];
}

function summary(artifact: ScheduleArtifact, operators: OperatorsSection): PageSection {
  return {
    id: "summary",
    title: "Schedule",
    body: [
      factsMarkup([...whatFacts(artifact, operators), ...choiceFacts(artifact, operators)]),
      tableMarkup(candidateTable(operators), "candidates"),
    ],
  };
}

function timeline(operators: OperatorsSection, explanation: Explanation | undefined): PageSection {
  const launches = timedLaunches(operators);
  if (explanation === undefined || launches === undefined) {
    const threads = `${operators.threadsPerStream} threads inside each operator`;
    return {
      id: "timeline-section",
      title: "Timeline",
      body: [html`<p>There is none: times with ${threads} are not predicted.</p>`],
    };
  }
  const data = operatorsTimeline(operators, launches, explanation);
  const rows = criticalTable(explanation).rows.length;
  const omitted = explanation.criticalPath.length - rows;
  return {
    id: "timeline-section",
    title: `Predicted timeline (${formatNs(explanation.latencyNs)})`,
    timeline: data,
    body: [
      timelineMarkup(data, operators.streams),
      tableMarkup(streamTable(explanation), "streams"),
      ...(explanation.tasks.length === 0
        ? []
        : [tableMarkup(taskTable(explanation), "tasks in flight")]),
      tableMarkup(criticalTable(explanation), criticalSummary(explanation)),
      ...(omitted === 0 ? [] : paragraphs([`And ${counted(omitted, "shorter one")}.`])),
      tableMarkup(slowestTable(explanation), "slowest operators"),
    ],
  };
}

function useOfGpu(gpu: GpuExplanation, latencyNs: number): PageSection {
  const curves = useCurves(gpu, latencyNs);
  const [bounds, chain] = gpuTables(gpu, latencyNs);
  return {
    id: "bounds",
    title: "Why it is not shorter",
    curves: [curves],
    body: [
      html`<p class="lines">${linesMarkup(gpuVerdict(gpu, latencyNs))}</p>`,
      tableMarkup(bounds, "lower bounds"),
      tableMarkup(chain, "the time of the operators that the end waits for"),
      tableMarkup(useTable(gpu), "use of the device"),
      curvesMarkup(curves, "use of the device over the same time"),
    ],
  };
}

/** Shares of the device that are used, in equal slices of the time. */
function useCurves({ usePercent }: GpuExplanation, latencyNs: number): CurveData {
  const series = (name: string, percents: readonly number[]): CurveData["series"][number] => ({
    name,
    dx: percents.map((_, at) => (at === 0 ? 0 : latencyNs / percents.length)),
    y: percents,
  });
  return {
    id: "use-of-device",
    x: { label: "time", quantity: "time" },
    y: { label: "used", quantity: "percent" },
    isStepped: true,
    followsTimeline: true,
    series: [
      series("SMs", usePercent.capacity),
      series("arithmetic", usePercent.arithmetic),
      series("bandwidth", usePercent.bandwidth),
    ],
  };
}
