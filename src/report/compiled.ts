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
import { type Align, renderTable, type Table } from "../core/text-table.js";
import { whyNotThroughout } from "./assumed-range.js";
import { sizesByData } from "./sizes-by-data.js";
import { whySequential } from "./why-sequential.js";

/** The result of a compile: the device, candidates and baselines, the choice and its reason. */
export function renderCompiled(
  artifact: ScheduleArtifact,
  operators: OperatorsSection,
  columns: number,
): string {
  const choice = choiceFacts(artifact, operators);
  const [bound] = choice.filter(([name]) => name === "bound");
  return [
    ...lines(whatFacts(artifact, operators)),
    "",
    renderTable(candidateTable(operators), columns),
    "",
    ...lines(choice.filter((fact) => fact !== bound)),
    ...rangeLines(operators),
    ...lines(bound === undefined ? [] : [bound]),
  ].join("\n");
}

/** A name, and a sentence or a figure. */
export type Fact = readonly [name: string, text: string];

function lines(facts: readonly Fact[]): readonly string[] {
  return facts.map(([name, text]) => `${name.padEnd(7)} ${text}`);
}

/** What a schedule is of: the device, sizes, tasks. */
export function whatFacts(
  { device, provenance }: ScheduleArtifact,
  { dims, batch, tasks }: OperatorsSection,
): readonly Fact[] {
  const byData = sizesByData(provenance.dataSizes);
  const sizes = dims.map(({ name, size }) => `${formatName(name)}=${size}`).join(" ");
  return [
    ["device", `${formatName(device?.name ?? "unknown")} (times ${timesOf(device)})`],
    ...factIf("dims", dims.length === 0 ? undefined : sizes),
    ...factIf("by data", byData),
    ...factIf("batch", batch === undefined ? undefined : String(batch)),
    ...factIf("tasks", tasks?.map(renderTask).join(", ")),
  ];
}

/** What was chosen, and why, and the bound. */
export function choiceFacts(
  { provenance }: ScheduleArtifact,
  operators: OperatorsSection,
): readonly Fact[] {
  const isMerged = provenance.options["merge-convolutions"] === true;
  return [
    ["chosen", renderChoice(operators)],
    ...factIf("merged", isMerged ? renderMerges(operators.merges ?? []) : undefined),
    ...factIf("why", whySequential(operators) ?? whyNotThroughout(operators)),
    ...factIf("bound", boundOf(operators)),
  ];
}

function factIf(name: string, text: string | undefined): readonly Fact[] {
  return text === undefined ? [] : [[name, text]];
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

/** The bound on predictions of this kind of schedule; `undefined` without predictions. */
function boundOf(section: OperatorsSection): string | undefined {
  const { lowerBoundNs, latencyNs, threadsPerStream, status, workers, gpu } = section;
  const { predicted } = latencyNs;
  if (lowerBoundNs === undefined || predicted === undefined || threadsPerStream > 1) {
    return undefined;
  }
  const gap = lowerBoundNs === 0 ? 0 : predicted / lowerBoundNs - 1;
  const proof = status === "optimal" ? "proved optimal" : `at most ${formatShare(gap)} above it`;
  const than = `predicted faster than ${formatNs(lowerBoundNs)}; this one: ${proof}`;
  if (gpu !== undefined) {
    return `no schedule is ${than}`;
  }
  const threads = workers === undefined ? "" : ` ${workers.slowdown.length}`;
  return `of one-thread operators over${threads} worker threads no schedule is ${than}`;
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

/** The candidates, then ONNX Runtime's own ways to run the model as far as they were measured. */
export function candidateTable({ candidates, latencyNs }: OperatorsSection): Table {
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
  const measured = baselines
    .filter(([, ns]) => ns !== undefined)
    .map(([name, ns]) => [name, "", "", timeOf(ns), speedUpOf(ns, base)]);
  return { header, rows: [...rows, ...measured], align: ALIGN };
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
