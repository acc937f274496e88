import {
  type ArtifactMerge,
  type ArtifactTask,
  LEAST_PREDICTED_GAIN,
  type OperatorsSection,
  type ScheduleArtifact,
} from "../artifact/artifact.js";
import {
  counted,
  formatCell,
  formatFactors,
  formatName,
  formatNs,
  formatShare,
  formatSpeedUp,
} from "../core/format.js";
import { unreachable } from "../core/invariant.js";
import { type Align, textTable } from "../core/text-table.js";
import { whyNotThroughout } from "./assumed-range.js";
import { sizesByData } from "./sizes-by-data.js";
import { whySequential } from "./why-sequential.js";

/** The result of a compile: the device, candidates and baselines, the choice and its reason. */
export function renderCompiled(
  { device, provenance }: ScheduleArtifact,
  operators: OperatorsSection,
  columns: number,
): string {
  const { dims, batch, tasks, merges } = operators;
  const why = whySequential(operators) ?? whyNotThroughout(operators);
  const byData = sizesByData(provenance.dataSizes);
  return [
    `device  ${formatName(device?.name ?? "unknown")} (times ${timesOf(device)})`,
    ...(dims.length === 0
      ? []
      : [`dims    ${dims.map(({ name, size }) => `${formatName(name)}=${size}`).join(" ")}`]),
    ...(byData === undefined ? [] : [`by data ${byData}`]),
    ...(batch === undefined ? [] : [`batch   ${batch}`]),
    ...(tasks === undefined ? [] : [`tasks   ${tasks.map(renderTask).join(", ")}`]),
    "",
    candidateTable(operators, columns),
    "",
    `chosen  ${renderChoice(operators)}`,
    ...(provenance.options["merge-convolutions"] === true
      ? [`merged  ${renderMerges(merges ?? [])}`]
      : []),
    ...(why === undefined ? [] : [`why     ${why}`]),
    ...rangeLines(operators),
    ...boundLines(operators),
  ].join("\n");
}

/** What speed-ups are over, where they are ranges. */
function rangeLines({ range, latencyNs }: OperatorsSection): readonly string[] {
  return range === undefined || latencyNs.sequentialMeasured !== undefined
    ? []
    : ["range   speed-ups are over what is assumed of the device: top-compile explain"];
}

/** How the times of a device came about. */
function timesOf(device: ScheduleArtifact["device"]): string {
  const by = device?.measuredBy;
  return by === undefined
    ? (device?.source ?? "unknown")
    : `measured by ${formatName(by)}, not by top-compile`;
}

/** The bound on predictions of this kind of schedule; empty without predictions. */
function boundLines(section: OperatorsSection): readonly string[] {
  const { lowerBoundNs, latencyNs, threadsPerStream, status, workers, gpu } = section;
  const { predicted } = latencyNs;
  if (lowerBoundNs === undefined || predicted === undefined || threadsPerStream > 1) {
    return [];
  }
  const gap = lowerBoundNs === 0 ? 0 : predicted / lowerBoundNs - 1;
  const proof = status === "optimal" ? "proved optimal" : `at most ${formatShare(gap)} above it`;
  const than = `predicted faster than ${formatNs(lowerBoundNs)}; this one: ${proof}`;
  if (gpu !== undefined) {
    return [`bound   no schedule is ${than}`];
  }
  const threads = workers === undefined ? "" : ` ${workers.slowdown.length}`;
  return [`bound   of one-thread operators over${threads} worker threads no schedule is ${than}`];
}

/** The number of merged operators, and of the operators that they became. */
function renderMerges(merges: readonly ArtifactMerge[]): string {
  if (merges.length === 0) {
    return "nothing: no convolutions of one input, or none that are faster as one";
  }
  const operators = merges.reduce((sum, merge) => sum + merge.operators.length, 0);
  return `${counted(operators, "operator")} are computed as ${merges.length}`;
}

function renderTask({ name, progress, done }: ArtifactTask): string {
  const run = done === 0 ? "from its start" : `after ${counted(done, "operator")}`;
  return `${formatName(name)} at ${formatShare(progress)} (${run})`;
}

const ALIGN: readonly Align[] = ["name", "right", "right", "right", "right"];

function candidateTable({ candidates, latencyNs }: OperatorsSection, columns: number): string {
  const base = latencyNs.sequentialMeasured;
  // Where nothing was measured the predictions are all there is to compare.
  const isPredicted = base === undefined;
  const rows = candidates.map((candidate) => {
    const isSequential = candidate.algorithm === "sequential";
    const measured = candidate.measuredNs ?? (isSequential ? base : undefined);
    const { algorithm, streams, predictedNs, sameAs } = candidate;
    const cells = [formatCell(algorithm), String(streams), formatNs(predictedNs)];
    if (isPredicted) {
      const factors = candidate.speedUp && formatFactors(candidate.speedUp);
      return [...cells, "-", factors ?? speedUpOf(predictedNs, latencyNs.sequentialPredicted)];
    }
    return sameAs === undefined || measured !== undefined
      ? [...cells, timeOf(measured), speedUpOf(measured, base)]
      : [...cells, `as ${formatName(sameAs)}`, ""];
  });
  const baselines: readonly (readonly [string, number | undefined])[] = [
    ["ONNX Runtime, all cores", latencyNs.allCoresMeasured],
    ["ONNX Runtime, parallel mode", latencyNs.parallelMeasured],
    ["one stream, no CUDA graph", latencyNs.eagerMeasured],
  ];
  const header = ["schedule", "streams", "predicted", "measured", "speed-up"];
  return textTable(
    header,
    [
      ...rows,
      ...baselines
        .filter(([, ns]) => ns !== undefined)
        .map(([name, ns]) => [name, "", "", timeOf(ns), speedUpOf(ns, base)]),
    ],
    ALIGN,
    columns,
  );
}

function timeOf(ns: number | undefined): string {
  return ns === undefined ? "-" : formatNs(ns);
}

function speedUpOf(ns: number | undefined, base: number | undefined): string {
  return ns === undefined || base === undefined ? "" : formatSpeedUp(ns, base);
}

/** The chosen schedule and why, in one line. */
export function renderChoice(operators: OperatorsSection): string {
  const { algorithm, streams, threadsPerStream, decision, range } = operators;
  const throughout = range === undefined ? "" : " under every assumption";
  const what = `${formatName(algorithm)} on ${counted(streams, "stream")}`;
  const noise =
    decision.noise === undefined ? "the noise" : `the noise of ${formatShare(decision.noise)}`;
  switch (decision.reason) {
    case "fastest-measured":
      return `${what}: the fastest measured, by more than ${noise}`;
    case "fastest-predicted":
      return `${what}: the fastest predicted; nothing was measured`;
    case "best-worst-case":
      return `${what}: predicted to gain most at worst; nothing was measured`;
    case "nothing-beats-sequential":
      return decision.noise === undefined
        ? `${what}: no candidate is predicted more than ${formatShare(LEAST_PREDICTED_GAIN)} faster${throughout}`
        : `${what}: no candidate beat it by more than ${noise}`;
    case "all-cores-fastest":
      return `${what}, ${threadsPerStream} threads inside each operator: faster than every candidate`;
    case "asked-for":
      return `${what}: asked for`;
    default:
      return unreachable(decision.reason);
  }
}
