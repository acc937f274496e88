import { invariant, present } from "../core/invariant.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { Placement } from "../placement/placement.js";
import type { PipelinePlan, PlanBlock, PlanWindow } from "../runtime/pipeline/pipeline-plan.js";
import type { TensorSpec } from "../runtime/tensor-data.js";
import type { PipelineSchedule } from "../schedule/pipeline-schedule.js";
import { aheadOf } from "../schedule/pipeline-windows.js";
import type { PreparedStages } from "./stage-sessions.js";
import { plannedTensor } from "./worker-plan-of.js";

/** A schedule of stages. */
export interface StagedSchedule {
  readonly placement: Placement;
  /** Position in `placement.blocks` of the block of each stage; each on one device. */
  readonly blockOf: readonly number[];
  readonly whole: PipelineSchedule;
}

/**
 * Beyond what the schedule lets a stage run ahead, one more micro-batch may wait between two stages:
 * it takes up what real times vary by, which a schedule of fixed times has no room for.
 */
const SLACK = 1;

/**
 * The plan that executes a schedule: blocks in its order, tensors as the stages send them.
 *
 * Requires: a verified schedule of the placement, in which every stage is one block on one device.
 */
export function pipelinePlanOf(
  lowered: LoweredModel,
  { stages, session }: Pick<PreparedStages, "stages" | "session">,
  { placement, blockOf, whole }: StagedSchedule,
): PipelinePlan {
  const tensors: TensorSpec[] = [];
  const positions = new Map<string, number>();
  const positionOf = (name: string): number => {
    const known = positions.get(name);
    if (known !== undefined) {
      return known;
    }
    const type = present(lowered.types.get(name), `type of "${name}"`);
    positions.set(name, tensors.length);
    return tensors.push(plannedTensor(lowered, name, type)) - 1;
  };
  const tensorName = (id: number): string => present(lowered.graph.tensors[id], "tensor").name;
  const planStages = stages.map((stage, at) => {
    const block = present(placement.blocks[blockOf[at] ?? -1], "block of a stage");
    invariant(block.devices.length === 1, `block ${block.id} is on one device`);
    const outputs = [...new Set([...stage.sends.map(tensorName), ...stage.results])];
    return {
      name: block.id,
      device: present(block.devices[0], "device"),
      model: stage.bytes,
      inputs: stage.inputs.map(({ tensor, name }) => ({
        tensor: positionOf(tensorName(tensor)),
        name,
      })),
      outputs: outputs.map((name) => ({ tensor: positionOf(name), name })),
    };
  });
  const produced = new Set(planStages.flatMap(({ outputs }) => outputs.map((out) => out.tensor)));
  const stageOfBlock = new Map(blockOf.map((block, stage) => [block, stage]));
  return {
    tensors,
    inputs: [...tensors.keys()].filter((tensor) => !produced.has(tensor)),
    outputs: stages.flatMap(({ results }) => results.map(positionOf)),
    stages: planStages,
    devices: placement.devices.map(({ name }, device) => ({
      name,
      blocks: whole.instances.flatMap(({ block, microBatch }): PlanBlock[] => {
        const stage = stageOfBlock.get(block);
        return stage !== undefined && planStages[stage]?.device === device
          ? [{ stage, microBatch }]
          : [];
      }),
    })),
    microBatches: whole.microBatches,
    windows: windowsOf(planStages, blockOf, whole),
    session,
  };
}

function windowsOf(
  stages: PipelinePlan["stages"],
  blockOf: readonly number[],
  whole: PipelineSchedule,
): readonly PlanWindow[] {
  const windows: PlanWindow[] = [];
  stages.forEach(({ inputs, device }, consumer) => {
    const read = new Set(inputs.map(({ tensor }) => tensor));
    stages.forEach((sender, producer) => {
      const isLink = sender.device !== device && sender.outputs.some((out) => read.has(out.tensor));
      if (isLink) {
        const [from = 0, to = 0] = [blockOf[producer], blockOf[consumer]];
        windows.push({ producer, consumer, ahead: aheadOf(whole.instances, from, to) + SLACK });
      }
    });
  });
  return windows;
}
