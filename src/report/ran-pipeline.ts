/** A pipeline that was run, for people: measurements next to predictions, and both timelines. */

import { counted, formatName, formatNs } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { WholeModelTiming } from "../profile/measure-pipeline.js";
import type { Timing } from "../profile/profile.js";
import type { StageSettings, TriedSettings } from "../profile/stage-sessions.js";
import { type ChartLayout, renderGantt } from "./gantt.js";
import { comparePrediction } from "./prediction.js";
import { type RanOutputs, renderRunOutputs } from "./run-outputs.js";

/** The parts of a run that the report shows. */
export interface RanPipeline extends RanOutputs {
  readonly microBatches: number;
  readonly devices: readonly string[];
  readonly rounds: number;
  readonly period: { readonly predictedNs: number; readonly measured: Timing };
  readonly makespan: { readonly predictedNs: number; readonly measured: Timing };
  /** Time of all processor cores for one micro-batch. */
  readonly cpuNs: number;
  readonly outputs: {
    readonly identical: boolean;
    readonly maxRelative: number;
    readonly compared: number;
  };
  readonly settings: StageSettings;
  readonly tried: readonly TriedSettings[];
  readonly wholeModel: readonly WholeModelTiming[];
  readonly timeline: readonly {
    readonly block: string;
    readonly device: string;
    readonly microBatch: number;
    readonly startNs: number;
    readonly endNs: number;
    readonly predictedStartNs: number;
    readonly predictedEndNs: number;
  }[];
}

/** The report of a run. */
export function renderRanPipeline(ran: RanPipeline, layout: ChartLayout): string {
  const { period, makespan, outputs, settings, rounds, microBatches } = ran;
  const rows = (
    [
      ["time per micro-batch", period],
      [`makespan of ${microBatches}`, makespan],
    ] as const
  ).map(([name, { predictedNs, measured }]) => [
    name,
    formatNs(predictedNs),
    formatNs(measured.medianNs),
    `${formatNs(measured.p10Ns)} to ${formatNs(measured.p90Ns)}`,
    comparePrediction(predictedNs, measured.medianNs).replace("measured ", ""),
  ]);
  const same = outputs.identical
    ? "identical to the whole model's"
    : `within ${outputs.maxRelative.toExponential(1)} of the whole model's`;
  const often = `${counted(rounds, "round")} and one to warm up`;
  return [
    textTable(
      ["", "predicted", "measured", "p10 to p90", "than predicted"],
      rows,
      ["left", "right", "right", "right", "right"],
      layout.width,
    ),
    "",
    wholeModelTable(ran, layout.width),
    "",
    outputs.compared === 0
      ? `outputs    not compared; ${often}`
      : `outputs    ${same}, ${counted(outputs.compared, "micro-batch", "es")} over ${often}`,
    `sessions   optimization ${settings.level}${settings.withAnchors ? ", with layout anchors" : ""}, one thread each${nearest(ran)}`,
    ...renderRunOutputs(ran),
    "",
    "predicted",
    chart(ran, layout, ({ predictedStartNs, predictedEndNs }) => [
      predictedStartNs,
      predictedEndNs,
    ]),
    "",
    "measured, the round with the middle makespan",
    chart(ran, layout, ({ startNs, endNs }) => [startNs, endNs]),
  ].join("\n");
}

/** Why these sessions, where none give the same bits. */
function nearest({ outputs, tried }: RanPipeline): string {
  const apart = tried.map(({ maxRelative }) => maxRelative);
  const range = [Math.min(...apart), Math.max(...apart)].map((each) => each.toExponential(1));
  return outputs.identical || tried.length === 0
    ? ""
    : `;\n           no sessions give the same bits: others are ${range.join(" to ")} apart`;
}

function wholeModelTable({ wholeModel, period, cpuNs }: RanPipeline, columns: number): string {
  const rows = wholeModel.map(({ threads, latency, cpuNs: cpu, pipelineSpeedUp }) => [
    `one session, ${threads === 1 ? "one thread" : `${threads} threads`}`,
    formatNs(latency.medianNs),
    formatNs(cpu),
    `${pipelineSpeedUp.toFixed(2)}x`,
  ]);
  return textTable(
    ["", "per inference", "time of all cores", "pipeline's throughput"],
    [...rows, ["this pipeline", formatNs(period.measured.medianNs), formatNs(cpuNs), ""]],
    ["left", "right", "right", "right"],
    columns,
  );
}

function chart(
  { devices, timeline }: RanPipeline,
  layout: ChartLayout,
  times: (task: RanPipeline["timeline"][number]) => readonly [number, number],
): string {
  const rowOf = new Map(devices.map((name, row) => [name, row]));
  return renderGantt(
    {
      rows: devices.map(formatName),
      bars: timeline.map((task) => {
        const [start, end] = times(task);
        const label = `${formatName(task.block)}.${task.microBatch}`;
        return { row: rowOf.get(task.device) ?? 0, start, end, label };
      }),
      end: timeline.reduce((most, task) => Math.max(most, times(task)[1]), 0),
      formatTime: formatNs,
    },
    layout,
  );
}
