import { sha256 } from "../core/digest.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { stableJson } from "../core/stable-json.js";
import type { OperatorGraph, TensorId } from "../ir/operator-graph.js";
import { extractSubmodel } from "../onnx/extract-submodel.js";
import { inputDraws } from "../onnx/inputs/input-draws.js";
import type { LoweredModel, TensorType } from "../onnx/lowered-model.js";
import { randomParts } from "../onnx/random-nodes.js";
import { unsupportedElementType } from "../runtime/failures.js";
import { crossesSessions, type TensorData, type TensorSpec } from "../runtime/tensor-data.js";
import type { PlanSegment, WorkerPlan } from "../runtime/worker-plan.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { segmentsOf } from "../schedule/segments.js";

/**
 * The plan that executes a schedule: one worker per stream, one sub-model per segment.
 *
 * Requires: a verified schedule of `lowered.graph`.
 * Fails: `unsupported-element-type` for a tensor that cannot cross sessions, and the failures of
 * `extractSubmodel`.
 * Cost: linear in the model; the weights of every sub-model are read into memory.
 */
export function workerPlanOf(
  lowered: LoweredModel,
  schedule: OperatorSchedule,
): Result<WorkerPlan> {
  const { graph } = lowered;
  const tensors: TensorSpec[] = [];
  const positions = new Map<TensorId, number>();
  const positionOf = (id: TensorId): number => {
    const known = positions.get(id);
    if (known !== undefined) {
      return known;
    }
    const tensor = present(graph.tensors[id], "tensor");
    positions.set(id, tensors.length);
    return tensors.push(plannedTensor(lowered, tensor.name, tensor)) - 1;
  };
  const workers: PlanSegment[][] = Array.from({ length: schedule.streams }, () => []);
  for (const segment of segmentsOf(graph, schedule)) {
    const part = extractSubmodel(lowered, segment.operators, segment.outputs);
    if (!part.ok) {
      return part;
    }
    present(workers[segment.stream], "stream").push({
      operators: segment.operators.map((id) => present(graph.operators[id], "operator").name),
      model: part.value.bytes,
      inputs: part.value.inputs.map(positionOf),
      outputs: part.value.outputs.map(positionOf),
    });
  }
  const written = producedTensors(graph);
  const outputs = written.map(positionOf);
  // Inputs that no operator reads need not be handed to anyone.
  const inputs = graph.inputs.flatMap((id) => positions.get(id) ?? []);
  const odd = tensors.find((tensor) => !crossesSessions(tensor.elementType));
  return odd === undefined
    ? ok({ tensors, inputs, outputs, workers })
    : fail([unsupportedElementType(odd.name, odd.elementType)]);
}

/** A tensor as plans have it. */
export function plannedTensor(
  { openDims }: LoweredModel,
  name: string,
  { elementType, dims }: TensorType,
): TensorSpec {
  return { name, elementType, dims, ...(openDims.has(name) && { isOpen: true }) };
}

/** Outputs of the graph that an operator writes, each once; others are inputs handed through. */
function producedTensors(graph: OperatorGraph): readonly TensorId[] {
  return [...new Set(graph.outputs)].filter((id) => graph.tensors[id]?.producer !== undefined);
}

/**
 * The outputs of the model, by the names in the model, from the tensors that a plan returns: an output
 * that is a view has the bytes of its tensor and its own dims. Outputs that are constants or inputs
 * handed through are not computed by any schedule, and left out.
 */
export function modelOutputsOf(
  lowered: LoweredModel,
  given: ReadonlyMap<string, TensorData>,
): ReadonlyMap<string, TensorData> {
  const outputs = new Map<string, TensorData>();
  for (const { name } of lowered.model.graph.outputs) {
    const data = given.get(lowered.viewOf.get(name) ?? name);
    if (data !== undefined) {
      const dims = lowered.openDims.has(name) ? undefined : lowered.types.get(name)?.dims;
      outputs.set(name, { ...data, dims: dims ?? data.dims });
    }
  }
  return outputs;
}

/** Names of the model's outputs that a schedule computes. */
export function scheduledOutputs(lowered: LoweredModel): ReadonlySet<string> {
  const tensors = new Set(
    producedTensors(lowered.graph).map((id) => present(lowered.graph.tensors[id], "tensor").name),
  );
  const names = lowered.model.graph.outputs.map(({ name }) => name);
  return new Set(names.filter((name) => tensors.has(lowered.viewOf.get(name) ?? name)));
}

/** Names of the scheduled outputs that are the same in every run: what can be compared. */
export function comparedOutputs(lowered: LoweredModel): ReadonlySet<string> {
  const { values } = randomParts(lowered);
  return new Set([...scheduledOutputs(lowered)].filter((name) => !values.has(name)));
}

/** The inputs of a lowered model, and how they are drawn: what must be fed to run it. */
export function modelInputs(lowered: LoweredModel): readonly TensorSpec[] {
  const draws = inputDraws(lowered);
  return lowered.graph.inputs.map((id) => {
    const { name, elementType, dims } = present(lowered.graph.tensors[id], "tensor");
    const draw = draws.get(name);
    return draw === undefined ? { name, elementType, dims } : { name, elementType, dims, draw };
  });
}

/**
 * Digest of what a schedule makes the device do: launch order, streams and waits, by operator name.
 * The algorithm's name is not part of it: two algorithms that agree are measured once.
 */
export function scheduleDigest(graph: OperatorGraph, schedule: OperatorSchedule): string {
  return sha256(
    stableJson(
      schedule.launches.map(({ operator, stream, waits }) => [
        present(graph.operators[operator], "operator").name,
        stream,
        ...waits,
      ]),
    ),
  );
}
