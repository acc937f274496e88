import type { ModelPipeline } from "../../src/export/model-pipeline.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";

/** Where stages run: by stage, positions of devices. */
export interface PipelineForm {
  readonly stageOf: Int32Array;
  readonly devicesOf: readonly (readonly number[])[];
  /** Ids of the forward blocks; default `s0.forward` and so on. */
  readonly ids?: readonly string[];
  /** Adds a backward pass of every stage. */
  readonly trains?: boolean;
}

const MICRO_BATCHES = 3;

/** A pipeline of three micro-batches, one after the other, in which every block takes one unit of time. */
export function modelPipeline(lowered: LoweredModel, form: PipelineForm): ModelPipeline {
  const { stageOf, devicesOf, trains = false } = form;
  const stageCount = devicesOf.length;
  const stages = devicesOf.map((_, at) => at);
  const block = (id: string, kind: "forward" | "backward", stage: number) => ({
    id,
    kind,
    devices: devicesOf[stage] ?? [],
    duration: 1,
    memory: 0,
    workspace: 0,
    operators: lowered.graph.operators
      .filter((operator) => kind === "forward" && stageOf[operator.id] === stage)
      .map(({ name }) => name),
  });
  const forward = stages.map((at) => block(form.ids?.[at] ?? `s${at}.forward`, "forward", at));
  const backward = stages.map((at) => block(`s${at}.backward`, "backward", at)).reverse();
  const blocks = trains ? [...forward, ...backward] : forward;
  const count = Math.max(...devicesOf.flat()) + 1;
  const instances = Array.from({ length: MICRO_BATCHES }, (_, microBatch) =>
    blocks.map(({ id }, at) => {
      const start = microBatch * blocks.length + at;
      return { block: id, microBatch, start, end: start + 1, phase: "repetend" as const };
    }),
  ).flat();
  return {
    lowered,
    partition: { stageCount, stageOf },
    blockOf: stages,
    placement: {
      timeUnit: "step",
      devices: Array.from({ length: count }, (_, at) => ({ name: `d${at}`, memory: undefined })),
      blocks,
      dependencies: blocks.slice(1).map((_, at) => ({ from: at, to: at + 1, latency: 0 })),
      memoryRelease: "end",
    },
    section: { instances, microBatches: MICRO_BATCHES, inFlight: 1 },
  };
}

/** The first operators in stage 0, the next in stage 1, and so on, as even as can be. */
export function evenStages({ graph }: LoweredModel, stages: number): Int32Array {
  const count = graph.operators.length;
  return Int32Array.from(graph.operators, (_, at) => Math.floor((at * stages) / count));
}
