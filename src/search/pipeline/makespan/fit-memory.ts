import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { type ChainProblem, chainsOf } from "./chain-problem.js";

/**
 * The blocks of a schedule in its order as far as the memory limits of `placement` allow: what finds no memory
 * waits until enough is given back, and others go first. `undefined` where everything waits.
 *
 * Requires: micro-batches in their order on every block. It may be longer, or shorter, than the given one.
 * Cost: O(instances x blocks x devices of a block).
 */
export function fitMemory(
  placement: Placement,
  whole: PipelineSchedule,
): PipelineSchedule | undefined {
  const { forwards } = chainsOf(placement, whole.microBatches);
  const line = new Line(forwards, placement, whole);
  const instances: BlockInstance[] = [];
  for (let left = whole.instances.length; left > 0; left--) {
    const next = line.next();
    if (next === undefined) {
      return undefined;
    }
    instances.push(next);
  }
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches: whole.microBatches, instances, makespan };
}

/** Devices that are filled from the beginning, each behind what it has run. */
class Line {
  readonly #problem: ChainProblem;
  readonly #devicesOf: readonly (readonly number[])[];
  /** By block and micro-batch, as it was. */
  readonly #wanted: readonly Float64Array[];
  readonly #ends: readonly Float64Array[];
  readonly #done: Int32Array;
  readonly #free: Float64Array;
  readonly #level: Float64Array;

  constructor(problem: ChainProblem, { blocks, devices }: Placement, whole: PipelineSchedule) {
    this.#problem = problem;
    this.#devicesOf = blocks.map((block) => block.devices);
    this.#wanted = blocks.map(() => new Float64Array(whole.microBatches));
    this.#ends = blocks.map(() => new Float64Array(whole.microBatches));
    for (const { block, microBatch, start } of whole.instances) {
      this.#wanted[block]![microBatch] = start;
    }
    this.#done = new Int32Array(blocks.length);
    this.#free = new Float64Array(devices.length);
    this.#level = Float64Array.from(problem.devices, ({ base }) => base);
  }

  /** The next instance: of those that can run, the one that was first. */
  next(): BlockInstance | undefined {
    let best = -1;
    let first = Number.POSITIVE_INFINITY;
    for (const [block, wanted] of this.#wanted.entries()) {
      const time = wanted[this.#done[block]!] ?? Number.POSITIVE_INFINITY;
      if (time < first && this.#canRun(block)) {
        [best, first] = [block, time];
      }
    }
    return best === -1 ? undefined : this.#run(best);
  }

  #canRun(block: number): boolean {
    const k = this.#done[block]!;
    const { before, steps, devices } = this.#problem;
    return (
      before[block]!.every((wait) => this.#done[wait.block]! > k) &&
      this.#devicesOf[block]!.every(
        (device) => this.#level[device]! + steps[block]!.peak <= devices[device]!.limit,
      )
    );
  }

  #run(block: number): BlockInstance {
    const microBatch = this.#done[block]!;
    let start = 0;
    for (const wait of this.#problem.before[block]!) {
      start = Math.max(start, this.#ends[wait.block]![microBatch]! + wait.latency);
    }
    for (const device of this.#devicesOf[block]!) {
      start = Math.max(start, this.#free[device]!);
    }
    const end = start + this.#problem.durations[block]!;
    for (const device of this.#devicesOf[block]!) {
      this.#free[device] = end;
      this.#level[device]! += this.#problem.steps[block]!.keep;
    }
    this.#ends[block]![microBatch] = end;
    this.#done[block]!++;
    return { block, microBatch, start, end, phase: "repetend" };
  }
}
