/**
 * Named shapes are described by their forward steps alone; the rest follows.
 *
 * A step stands on one device or on all of them (tensor parallelism), holds memory from its forward
 * to the release of its backward, and follows other steps. The backward blocks mirror the forward
 * ones: the backward of a step follows the backwards of the steps that follow it. With weight
 * blocks the backward is split: `backward` computes the gradient of the input and keeps the memory,
 * `weight` computes the gradient of the weights and releases it, and needs nothing but its backward.
 *
 * Source: Lin et al., Tessel, HPCA 2024; Qi et al., Zero Bubble Pipeline Parallelism, ICLR 2024.
 */
import type { Block, BlockKind, Dependency, Placement } from "../placement.js";

/** One forward step of a shape. */
export interface ShapeStep {
  /** Devices that it occupies. */
  readonly devices: readonly number[];
  /** Earlier steps that it follows. */
  readonly after: readonly number[];
  /** Memory from forward to release. */
  readonly memory: number;
  readonly forward: number;
  /** Absent: it has no backward (frozen). */
  readonly backward?: number;
  /** Present: the gradient of the weights is a block of its own. */
  readonly weight?: number;
}

/** Options of all shapes besides their steps. */
export interface ShapeFrame {
  readonly devices: number;
  readonly mode: "train" | "infer";
  /** Latency of a dependency between blocks that do not share a device. */
  readonly latency: number;
  /** Memory limit of every device. */
  readonly memory: number | undefined;
  readonly memoryRelease: "start" | "end";
}

/** The placement of the steps. Requires: `after` names earlier steps only. */
export function buildPlacement(steps: readonly ShapeStep[], frame: ShapeFrame): Placement {
  const blocks: Block[] = [];
  const dependencies: Dependency[] = [];
  const add = (
    kind: BlockKind,
    step: ShapeStep,
    duration: number,
    memory: number,
    after: readonly number[],
  ): number => {
    const at = blocks.length;
    const count = blocks.filter((block) => block.kind === kind).length;
    blocks.push({
      id: `${kind[0]}${count}`,
      kind,
      devices: step.devices,
      duration,
      memory,
      workspace: 0,
      operators: [],
    });
    for (const from of [...after].sort((a, b) => a - b)) {
      const shares = step.devices.some((device) => blocks[from]?.devices.includes(device));
      dependencies.push({ from, to: at, latency: shares ? 0 : frame.latency });
    }
    return at;
  };
  const isTraining = frame.mode === "train";
  for (const step of steps) {
    add("forward", step, step.forward, isTraining ? step.memory : 0, step.after);
  }
  if (isTraining) {
    addBackward(steps, add);
  }
  dependencies.sort((a, b) => a.from - b.from || a.to - b.to);
  return {
    timeUnit: "step",
    devices: Array.from({ length: frame.devices }, (_, device) => ({
      name: `d${device}`,
      memory: frame.memory,
    })),
    blocks,
    dependencies,
    memoryRelease: frame.memoryRelease,
  };
}

type AddBlock = (
  kind: BlockKind,
  step: ShapeStep,
  duration: number,
  memory: number,
  after: readonly number[],
) => number;

function addBackward(steps: readonly ShapeStep[], add: AddBlock): void {
  const followers: number[][] = steps.map(() => []);
  steps.forEach((step, at) => {
    for (const before of step.after) {
      followers[before]?.push(at);
    }
  });
  const backwardOf = new Map<number, number>();
  for (const at of backwardOrder(steps, followers)) {
    const step = steps[at];
    if (step?.backward === undefined) {
      continue;
    }
    const next = (followers[at] ?? []).map((follower) => backwardOf.get(follower));
    const after = next.filter((block) => block !== undefined);
    // The last step's backward starts from its own forward; with split gradients every one needs it.
    if (after.length === 0 || step.weight !== undefined) {
      after.push(at);
    }
    const memory = step.weight === undefined ? -step.memory : 0;
    backwardOf.set(at, add("backward", step, step.backward, memory, after));
  }
  for (const [at, block] of backwardOf) {
    const step = steps[at];
    if (step?.weight !== undefined) {
      add("weight", step, step.weight, -step.memory, [block]);
    }
  }
}

/** Steps by their distance to the end, then by first device: the order of the blocks' names. */
function backwardOrder(
  steps: readonly ShapeStep[],
  followers: readonly (readonly number[])[],
): readonly number[] {
  const distance = new Array<number>(steps.length).fill(0);
  for (let at = steps.length - 1; at >= 0; at--) {
    for (const follower of followers[at] ?? []) {
      distance[at] = Math.max(distance[at] ?? 0, (distance[follower] ?? 0) + 1);
    }
  }
  const first = (at: number): number => steps[at]?.devices[0] ?? 0;
  return steps
    .map((_, at) => at)
    .sort((a, b) => (distance[a] ?? 0) - (distance[b] ?? 0) || first(a) - first(b));
}
