import { invariant } from "../../core/invariant.js";
import type { SessionOptions } from "../onnx-runtime.js";
import type { TensorSpec } from "../tensor-data.js";

/** A tensor as a stage model knows it. */
export interface StagePort {
  /** Position in `PipelinePlan.tensors`. */
  readonly tensor: number;
  /** Name of the model's input or output. */
  readonly name: string;
}

/** One stage: a model on a device. */
export interface PlanStage {
  /** For messages. */
  readonly name: string;
  /** Position in `PipelinePlan.devices`. */
  readonly device: number;
  /** The stage as an ONNX file. */
  readonly model: Uint8Array;
  readonly inputs: readonly StagePort[];
  readonly outputs: readonly StagePort[];
}

/** One stage for one micro-batch. */
export interface PlanBlock {
  readonly stage: number;
  readonly microBatch: number;
}

/** The lead that a stage may have over one that reads its outputs. */
export interface PlanWindow {
  readonly producer: number;
  readonly consumer: number;
  /** Micro-batches begun by the producer and not finished by the consumer, at most. */
  readonly ahead: number;
}

/** The work of every device of a pipeline, in order, and the tensors that go between them. */
export interface PipelinePlan {
  /** Inputs of the model, what stages send each other, and outputs of the model. */
  readonly tensors: readonly TensorSpec[];
  /** Positions in `tensors`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly stages: readonly PlanStage[];
  readonly devices: readonly {
    readonly name: string;
    /** In the order of execution. */
    readonly blocks: readonly PlanBlock[];
  }[];
  readonly microBatches: number;
  readonly windows: readonly PlanWindow[];
  readonly session: SessionOptions;
}

/** The stage that writes each tensor; `undefined`: an input of the model. */
function producersOf({ tensors, stages }: PipelinePlan): readonly (number | undefined)[] {
  const producer: (number | undefined)[] = tensors.map(() => undefined);
  for (const [at, stage] of stages.entries()) {
    for (const { tensor } of stage.outputs) {
      producer[tensor] = at;
    }
  }
  return producer;
}

/**
 * Walks the plan as the devices would, each as far as it gets; everything must get done.
 *
 * Throws `InternalError` for a plan whose blocks wait for each other, or for a tensor without a producer.
 * Cost: O(blocks x (inputs + windows)) rounds over the devices.
 */
export function checkPlan(plan: PipelinePlan): void {
  const producer = producersOf(plan);
  const given = new Set(plan.inputs);
  for (const stage of plan.stages) {
    for (const { tensor, name } of stage.inputs) {
      invariant(
        given.has(tensor) || producer[tensor] !== undefined,
        `stage ${stage.name} reads "${name}", which no stage produces`,
      );
    }
  }
  const isDone = plan.stages.map(() => new Uint8Array(plan.microBatches));
  const finished = plan.stages.map(() => 0);
  const next = plan.devices.map(() => 0);
  const isReady = ({ stage, microBatch }: PlanBlock): boolean =>
    (plan.stages[stage]?.inputs ?? []).every(({ tensor }) => {
      const from = producer[tensor];
      return from === undefined || isDone[from]?.[microBatch] === 1;
    }) &&
    plan.windows.every(
      ({ producer: from, consumer, ahead }) =>
        from !== stage || (finished[stage] ?? 0) + 1 - (finished[consumer] ?? 0) <= ahead,
    );
  let left = plan.devices.reduce((sum, { blocks }) => sum + blocks.length, 0);
  for (let advanced = true; advanced; ) {
    advanced = false;
    for (const [device, { blocks }] of plan.devices.entries()) {
      for (;;) {
        const block = blocks[next[device] ?? 0];
        if (block === undefined || !isReady(block)) {
          break;
        }
        (isDone[block.stage] ?? new Uint8Array())[block.microBatch] = 1;
        finished[block.stage] = (finished[block.stage] ?? 0) + 1;
        next[device] = (next[device] ?? 0) + 1;
        left--;
        advanced = true;
      }
    }
  }
  invariant(left === 0, "blocks of a pipeline plan wait for each other");
}
