/**
 * The placement of a model that was cut into stages: blocks with durations and memory, and their
 * dependencies.
 *
 * Inference: one forward block per stage; a stage waits for every stage that sends it a tensor.
 *
 * Training adds the backward pass. The backward block of a stage runs on the same devices, behind
 * its own forward block and behind the backward blocks of all stages that it sends to, since
 * gradients travel the same ways back. Where it is split, the backward block computes the gradients
 * of the inputs, which other blocks wait for, and the weight block those of the weights, which no
 * block waits for.
 *
 * A stage's activations are held from its forward block to the end of its last block. They are all
 * that its forward block fills, which therefore has no workspace of its own: that is the gradients
 * of its later blocks. Between the two halves of a split backward pass, gradients that the weights
 * wait for take the place of activations that are no longer needed.
 *
 * Example: stages s0 -> s1, backward twice as long: f0 -> f1 -> b1 -> b0 with durations 10, 12, 24, 20.
 *
 * Copying the dependencies of a named shape would be wrong for models with skip connections: there
 * f0 -> f2 exists as well. The edges are those of the model.
 */
import type { Block, Dependency, Placement } from "./placement.js";
import type { PipelineDevice } from "./stage-spec.js";

/** One stage with its costs. */
export interface PlacedStage {
  readonly id: string;
  /** Names of its operators, in topological order. */
  readonly operators: readonly string[];
  /** Positions in the list of devices: ascending. */
  readonly devices: readonly number[];
  /** Integer > 0: the forward pass of one micro-batch on its devices. */
  readonly forwardNs: number;
  /** Integer > 0: the backward pass, or its gradients of the inputs; absent: inference. */
  readonly backwardNs?: number;
  /** Integer > 0: gradients of the weights; absent: not split off. */
  readonly weightNs?: number;
  /**
   * On each of its devices: memory held while a block runs, in training during its backward pass.
   */
  readonly workspaceBytes: number;
  /** On each of its devices: memory held from the forward to the backward pass; 0 in inference. */
  readonly keptBytes: number;
  /** On each of its devices, always: weights, and in training gradients and the optimizer's state. */
  readonly parameterBytes: number;
}

/** An edge between stages: one sends tensors to another. */
export interface StageEdge {
  readonly from: number;
  readonly to: number;
  /** Integer >= 0: from the end of the one to the start of the other, on other devices. */
  readonly latencyNs: number;
  /** The same for the gradients on their way back; default `latencyNs`. */
  readonly gradientLatencyNs?: number;
}

/**
 * The stages and edges of a placement: in training every stage has a backward time, and all or none
 * are split.
 */
export interface StagedModel {
  readonly devices: readonly PipelineDevice[];
  /** In an order in which every edge leads to a later stage. */
  readonly stages: readonly PlacedStage[];
  readonly edges: readonly StageEdge[];
}

/**
 * Returns the placement. The limit of a device is its memory less its stages' parameters, which are
 * held always, blocks only for their time.
 *
 * Ensures: a limit is never negative; where parameters alone are too much it is 0, and no block fits.
 */
export function placementOfStages(model: StagedModel): Placement {
  const { stages } = model;
  const held = model.devices.map(() => 0);
  for (const { devices, parameterBytes } of stages) {
    for (const device of devices) {
      held[device] = (held[device] ?? 0) + parameterBytes;
    }
  }
  const blocks: Block[] = stages.map(forwardBlock);
  const dependencies: Dependency[] = model.edges.map(({ from, to, latencyNs }) => ({
    from,
    to,
    latency: latencyNs,
  }));
  addBackward(model, blocks, dependencies);
  return {
    timeUnit: "ns",
    devices: model.devices.map(({ name, memoryBytes }, at) => ({
      name,
      memory: memoryBytes === undefined ? undefined : Math.max(0, memoryBytes - (held[at] ?? 0)),
    })),
    blocks,
    dependencies: dependencies.sort((a, b) => a.from - b.from || a.to - b.to),
    memoryRelease: "end",
  };
}

function forwardBlock(stage: PlacedStage): Block {
  const { id, operators, devices, forwardNs, workspaceBytes, keptBytes } = stage;
  const isTrained = stage.backwardNs !== undefined;
  return {
    id: isTrained ? `${id}.forward` : id,
    kind: "forward",
    devices,
    duration: forwardNs,
    memory: keptBytes,
    workspace: isTrained ? 0 : workspaceBytes,
    operators,
  };
}

function addBackward(
  { stages, edges }: StagedModel,
  blocks: Block[],
  dependencies: Dependency[],
): void {
  const count = stages.length;
  stages.forEach(({ id, devices, workspaceBytes, keptBytes, backwardNs, weightNs }, at) => {
    if (backwardNs !== undefined) {
      const common = { devices, workspace: workspaceBytes, operators: [], duration: backwardNs };
      const memory = weightNs === undefined ? -keptBytes : 0;
      blocks.push({ ...common, id: `${id}.backward`, kind: "backward", memory });
      dependencies.push({ from: at, to: count + at, latency: 0 });
    }
  });
  if (blocks.length === count) {
    return;
  }
  for (const { from, to, latencyNs, gradientLatencyNs } of edges) {
    const latency = gradientLatencyNs ?? latencyNs;
    dependencies.push({ from: count + to, to: count + from, latency });
  }
  stages.forEach(({ id, devices, workspaceBytes, keptBytes, weightNs }, at) => {
    if (weightNs !== undefined) {
      const common = { devices, workspace: workspaceBytes, operators: [], duration: weightNs };
      blocks.push({ ...common, id: `${id}.weight`, kind: "weight", memory: -keptBytes });
      dependencies.push({ from: count + at, to: 2 * count + at, latency: 0 });
    }
  });
}
