/**
 * The device memory that a model's operators need.
 *
 * Always: the constants that they read, whole and once for each stage. For each micro-batch in
 * training: every tensor that they write, and the inputs of the model that they read, until the
 * backward pass. While an operator runs: all tensors that are alive then.
 */
import type { OperatorGraph } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { residentConstants } from "../onnx/resident-constants.js";
import {
  inferenceMemory,
  type OperatorMemory,
  type SharedMemory,
} from "../partition/partition-problem.js";

/** Memory of operators, with what several of them share. */
export interface ModelMemory extends OperatorMemory {
  readonly shared: readonly SharedMemory[];
}

/** The memory that a stage needs, before it is spread over its devices. */
export interface StageMemory {
  readonly parameterBytes: number;
  readonly keptBytes: number;
  readonly workspaceBytes: number;
}

/**
 * Memory of a model's operators; in training parameters are held `parameterCopies` times.
 *
 * Cost: O(nodes + edges + tensors).
 */
export function memoryOfModel(
  lowered: LoweredModel,
  parameterCopies: number | undefined,
): ModelMemory {
  const { graph } = lowered;
  const { workspaceBytes } = inferenceMemory(graph);
  const parameterBytes = new Float64Array(graph.operators.length);
  const keptBytes = new Float64Array(graph.operators.length);
  const shared: SharedMemory[] = [];
  const add = (readers: readonly number[], parameters: number, kept: number): void => {
    const [only] = readers;
    if (readers.length === 1 && only !== undefined) {
      parameterBytes[only] = parameterBytes[only]! + parameters;
      keptBytes[only] = keptBytes[only]! + kept;
    } else if (readers.length > 1) {
      shared.push({ readers, parameterBytes: parameters, keptBytes: kept });
    }
  };
  for (const { bytes, readers } of residentConstants(lowered)) {
    add(readers, bytes * (parameterCopies ?? 1), 0);
  }
  if (parameterCopies !== undefined) {
    for (const { id, work } of graph.operators) {
      add([id], 0, work.bytesWritten);
    }
    for (const { producer, consumers, bytes } of graph.tensors) {
      add(producer === undefined ? consumers : [], 0, bytes);
    }
  }
  return { parameterBytes, keptBytes, workspaceBytes, shared };
}

/** The memory of groups of operators that are one each: of `units`, by the unit of each operator. */
export function memoryOfUnits(
  { parameterBytes, keptBytes, workspaceBytes, shared }: ModelMemory,
  units: OperatorGraph,
  unitOf: ArrayLike<number>,
): OperatorMemory {
  const zeros = (): Float64Array => new Float64Array(units.operators.length);
  const [parameters, kept, workspace] = [zeros(), zeros(), zeros()];
  for (let operator = 0; operator < unitOf.length; operator++) {
    const unit = unitOf[operator]!;
    parameters[unit] = parameters[unit]! + parameterBytes[operator]!;
    kept[unit] = kept[unit]! + keptBytes[operator]!;
    workspace[unit] = Math.max(workspace[unit]!, workspaceBytes[operator]!);
  }
  const readersOf = (readers: readonly number[]): number[] =>
    [...new Set(readers.map((reader) => unitOf[reader]!))].sort((a, b) => a - b);
  return {
    parameterBytes: parameters,
    keptBytes: kept,
    workspaceBytes: workspace,
    shared: shared.map((each) => ({ ...each, readers: readersOf(each.readers) })),
  };
}

/** The memory of each stage. Cost: O(operators + readers). */
export function memoryOfStages(
  memory: ModelMemory,
  stageOf: ArrayLike<number>,
  stageCount: number,
): readonly StageMemory[] {
  const zeros = (): Float64Array => new Float64Array(stageCount);
  const [parameters, kept, workspace] = [zeros(), zeros(), zeros()];
  const add = (stage: number, held: number, perMicroBatch: number): void => {
    parameters[stage] = parameters[stage]! + held;
    kept[stage] = kept[stage]! + perMicroBatch;
  };
  memory.workspaceBytes.forEach((bytes, operator) => {
    const stage = stageOf[operator]!;
    workspace[stage] = Math.max(workspace[stage]!, bytes);
    add(stage, memory.parameterBytes[operator]!, memory.keptBytes[operator]!);
  });
  for (const { readers, parameterBytes, keptBytes } of memory.shared) {
    for (const stage of new Set(readers.map((reader) => stageOf[reader]!))) {
      add(stage, parameterBytes, keptBytes);
    }
  }
  return Array.from({ length: stageCount }, (_, stage) => ({
    parameterBytes: parameters[stage]!,
    keptBytes: kept[stage]!,
    workspaceBytes: workspace[stage]!,
  }));
}
