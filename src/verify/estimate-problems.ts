/**
 * Recomputes the predictions for a GPU known by its data sheet.
 *
 * They follow from the model, the device model and the schedule alone, so every figure of the section
 * that is not about other candidates can be compared. The schedule is simulated, not searched, under every
 * scenario of what is assumed too.
 */

import type { ArtifactTask, OperatorsSection, ScheduleArtifact } from "../artifact/artifact.js";
import { type GpuFigures, gpuFiguresOf } from "../artifact/gpu-section-of.js";
import { operatorsSectionShape } from "../artifact/operators-section.js";
import { type ArtifactRange, artifactRangeOf } from "../artifact/range-section.js";
import { graphOfTasks, tasksInFlight } from "../artifact/tasks-in-flight.js";
import { differingFields } from "../core/json-encode.js";
import { COST_MODEL_VERSION } from "../cost/cost-model-version.js";
import { deviceModelNamed } from "../cost/device-models/catalog.js";
import { isCapturable } from "../cost/kernels/operator-kernels.js";
import { estimatedProblem } from "../estimate/estimated-problem.js";
import { precisionNamed } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import { jointGpuProblem } from "../schedule/joint-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { gpuMakespan } from "../schedule/simulate-gpu.js";
import { assumedCases, timesIn } from "../schedule/speed-up-range.js";

/**
 * Figures of an artifact's schedule that the simulator contradicts, each a sentence that begins with
 * the place; empty if the times are measured, or are of a device model from a file or of another
 * version of the cost model.
 *
 * Requires: a valid schedule of the model and the tasks; the model as it is stored (`storedAs`). Cost: two simulations for each scenario.
 */
export function estimateProblems(
  { provenance, device, operators }: ScheduleArtifact,
  { plain, merged }: { readonly plain: LoweredModel; readonly merged: LoweredModel },
  schedule: OperatorSchedule,
): readonly string[] {
  const { options, inputs } = provenance;
  const ofFile = inputs.some(({ role }) => role === "device");
  if (operators === undefined || device?.source !== "estimated" || ofFile) {
    return [];
  }
  if (device.costModel !== COST_MODEL_VERSION) {
    return [];
  }
  const model = deviceModelNamed(String(options["device"]));
  if (model === undefined) {
    return ["/provenance/options/device is no device model, but the times are estimated"];
  }
  const math = precisionNamed(options["math"]);
  if (math === undefined) {
    return ["/provenance/options/math is not how times are estimated"];
  }
  if (device.name !== model.product) {
    return [`/device/name is not "${model.product}"`];
  }
  const foreign = plain.graph.operators.find((operator) => !isCapturable(operator));
  if (foreign !== undefined) {
    return [`operator "${foreign.name}" cannot be estimated`];
  }
  const progress = operators.tasks?.map((task) => task.progress);
  const own = jointProblem(estimatedProblem(merged, model, math), progress);
  if (JSON.stringify(own.tasks) !== JSON.stringify(operators.tasks)) {
    return ["/operators/tasks does not follow from its progress"];
  }
  const sequential =
    operators.merges === undefined
      ? own
      : jointProblem(estimatedProblem(plain, model, math), progress);
  const oneStream = inOrder(sequential.problem);
  const sequentialPredicted = gpuMakespan(sequential.problem.work, oneStream);
  // Schedules of before there were ranges have none.
  const range =
    operators.range &&
    rangeOf({ problem: sequential.problem, oneStream }, { problem: own.problem, schedule });
  const figures = { ...gpuFiguresOf(own.problem, schedule), ...(range && { range }) };
  return differences(operators, figures, sequentialPredicted);
}

/** The range of a schedule over one stream of another problem, on the same device. */
function rangeOf(
  baseline: { readonly problem: GpuProblem; readonly oneStream: OperatorSchedule },
  own: { readonly problem: GpuProblem; readonly schedule: OperatorSchedule },
): ArtifactRange | undefined {
  const cases = assumedCases(baseline.problem);
  const sequentialNs = timesIn(cases, baseline.oneStream);
  return artifactRangeOf(
    cases.map(({ scenario }, at) => ({ scenario, sequentialNs: sequentialNs[at] ?? 0 })),
    timesIn(assumedCases(own.problem), own.schedule),
  );
}

interface JointProblem {
  readonly problem: GpuProblem;
  readonly tasks: readonly ArtifactTask[] | undefined;
}

/** The problem of tasks in flight, or of one inference. */
function jointProblem(single: GpuProblem, progress: readonly number[] | undefined): JointProblem {
  if (progress === undefined) {
    return { problem: single, tasks: undefined };
  }
  const tasks = tasksInFlight(progress, single.costs.durationNs);
  return { problem: jointGpuProblem(single, graphOfTasks(single.graph, tasks)), tasks };
}

function differences(
  section: OperatorsSection,
  { predictedNs, ...figures }: GpuFigures & Pick<OperatorsSection, "range">,
  sequentialPredicted: number,
): string[] {
  const again = { ...section, ...figures };
  const latencyNs = { ...section.latencyNs, predicted: predictedNs, sequentialPredicted };
  const written = { ...section, launches: sortedWaits(section, again) };
  return differingFields(operatorsSectionShape, written, { ...again, latencyNs }).map(
    (key) => `/operators/${key} does not follow from the model, the device and the launches`,
  );
}

/** The launches as written, their waits in the order of the model: their own order means nothing. */
function sortedWaits(
  section: OperatorsSection,
  again: OperatorsSection,
): OperatorsSection["launches"] {
  return section.launches.map((launch, at) => ({
    ...launch,
    waits: again.launches[at]?.waits ?? launch.waits,
  }));
}

/** All operators one after the other, as the graph has them. */
function inOrder({ graph }: GpuProblem): OperatorSchedule {
  const launches = graph.operators.map(({ id }) => ({
    operator: id,
    stream: 0,
    waits: [],
    record: false,
  }));
  return { algorithm: "sequential", streams: 1, launches };
}
