/**
 * An independent check of whole pipeline schedules: it shares no code with the searches.
 *
 * Every block of every micro-batch (those once per step: of micro-batch 0) is there once and lasts as long as its
 * block does there; it starts after what it depends on, of its own micro-batch or an earlier one, latency included; no device runs two things at once, unless they overlap and last their joint time; no transfer overtakes another of its queue; the memory of no device
 * passes its limit at any time (`simulatePipeline` explains how memory is counted).
 */
import { durationIn, latencyIn, runsIn, statedMicroBatches } from "../placement/micro-batches.js";
import type { Block, Placement } from "../placement/placement.js";
import { togetherIn } from "./joint-times.js";
import type { InstanceName, PipelineProblem } from "./pipeline-problem.js";
import type { BlockInstance, PipelineSchedule } from "./pipeline-schedule.js";
import { type DeviceTimeline, simulatePipeline } from "./simulate-pipeline.js";
import { overtakenInWhole } from "./verify-transfer-order.js";

/** Missing instances are named up to this many. */
const MAX_MISSING = 100;

/**
 * All faults of `schedule` as a way to run `placement`; empty when it is valid.
 *
 * Order: by check. When instances are unknown, repeated or missing, or times are not integers, only
 * problems of that sort are given: the rest has no meaning. Memory above a limit and overlaps are
 * reported once per device and per pair of neighbors.
 * Cost: O(n log n) in instances times devices per block.
 */
export function verifyPipelineSchedule(
  placement: Placement,
  schedule: PipelineSchedule,
): readonly PipelineProblem[] {
  const shape = shapeProblems(placement, schedule);
  if (shape.length > 0) {
    return shape;
  }
  const timelines = simulatePipeline(placement, schedule);
  return [
    ...orderProblems(schedule),
    ...dependencyProblems(placement, schedule),
    ...timelines.flatMap((timeline, device) => overlapProblems(placement, timeline, device)),
    ...overtakenInWhole(placement, schedule),
    ...timelines.flatMap((timeline, device) => memoryProblems(placement, timeline, device)),
  ];
}

function shapeProblems(placement: Placement, schedule: PipelineSchedule): PipelineProblem[] {
  const { microBatches, instances } = schedule;
  const { blocks } = placement;
  const stated = statedMicroBatches(placement) ?? microBatches;
  if (!Number.isSafeInteger(microBatches) || microBatches < 1 || microBatches !== stated) {
    return [{ kind: "micro-batches-invalid", microBatches }];
  }
  const problems: PipelineProblem[] = [];
  const together = togetherIn(placement, instances, ({ start }) => start);
  const seen = emptyKeys(blocks.length * microBatches);
  instances.forEach((instance, position) => {
    const block = blocks[instance.block];
    const { microBatch } = instance;
    if (block === undefined || !isIndex(microBatch, microBatches) || !runsIn(block, microBatch)) {
      problems.push({ kind: "unknown-instance", position, name: nameOf(instance) });
      return;
    }
    const key = microBatch * blocks.length + instance.block;
    if (seen.has(key)) {
      problems.push({ kind: "repeated-instance", position, name: nameOf(instance) });
    }
    seen.add(key);
    const { start, end } = instance;
    const expected = together.get(instance)?.duration ?? durationIn(placement, block, microBatch);
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0) {
      problems.push({ kind: "time-invalid", name: nameOf(instance), start, end });
    } else if (end - start !== expected) {
      const duration = end - start;
      problems.push({ kind: "wrong-duration", name: nameOf(instance), duration, expected });
    }
  });
  return problems.concat(missingInstances(blocks, microBatches, seen));
}

/** A set of numbers from 0 up. */
interface Keys {
  readonly has: (key: number) => boolean;
  readonly add: (key: number) => void;
}

/** So many flags are quicker than a set, and never too many to hold. */
const MOST_FLAGS = 2 ** 26;

/** No numbers below `count` yet. */
function emptyKeys(count: number): Keys {
  if (count > MOST_FLAGS) {
    return new Set<number>();
  }
  const flags = new Uint8Array(count);
  return {
    has: (key) => flags[key] === 1,
    add: (key) => {
      flags[key] = 1;
    },
  };
}

function missingInstances(
  blocks: readonly Block[],
  microBatches: number,
  seen: Keys,
): PipelineProblem[] {
  const problems: PipelineProblem[] = [];
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    for (const [block, spec] of blocks.entries()) {
      if (runsIn(spec, microBatch) && !seen.has(microBatch * blocks.length + block)) {
        problems.push({ kind: "missing-instance", name: { block, microBatch } });
        if (problems.length === MAX_MISSING) {
          return problems;
        }
      }
    }
  }
  return problems;
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

function nameOf({ block, microBatch }: BlockInstance): InstanceName {
  return { block, microBatch };
}

function orderProblems({ instances, makespan }: PipelineSchedule): PipelineProblem[] {
  const problems: PipelineProblem[] = [];
  let last = 0;
  for (const [position, instance] of instances.entries()) {
    const before = instances[position - 1];
    if (before !== undefined && compareInstances(before, instance) > 0) {
      problems.push({ kind: "out-of-order", position });
    }
    last = Math.max(last, instance.end);
  }
  const first = instances.reduce((least, { start }) => Math.min(least, start), Infinity);
  if (first !== 0) {
    problems.push({ kind: "late-first-start", start: first });
  }
  if (makespan !== last) {
    problems.push({ kind: "wrong-makespan", makespan, expected: last });
  }
  return problems;
}

function compareInstances(a: BlockInstance, b: BlockInstance): number {
  return a.start - b.start || a.block - b.block || a.microBatch - b.microBatch;
}

function dependencyProblems(
  placement: Placement,
  { instances, microBatches }: PipelineSchedule,
): PipelineProblem[] {
  const { blocks, dependencies } = placement;
  const starts = new Float64Array(blocks.length * microBatches);
  const ends = new Float64Array(blocks.length * microBatches);
  for (const { block, microBatch, start, end } of instances) {
    starts[microBatch * blocks.length + block] = start;
    ends[microBatch * blocks.length + block] = end;
  }
  const problems: PipelineProblem[] = [];
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    for (const dependency of dependencies) {
      const { from, to, distance = 0 } = dependency;
      const source = blocks[from]?.isPerStep === true ? 0 : microBatch - distance;
      const target = blocks[to]?.isPerStep === true ? 0 : microBatch;
      if (source < 0) {
        continue;
      }
      const earliest =
        (ends[source * blocks.length + from] ?? 0) + latencyIn(placement, dependency, source);
      const start = starts[target * blocks.length + to] ?? 0;
      if (start < earliest) {
        problems.push({
          kind: "unmet-dependency",
          from: { block: from, microBatch: source },
          to: { block: to, microBatch: target },
          start,
          earliest,
        });
      }
    }
  }
  return problems;
}

function overlapProblems(
  placement: Placement,
  { instances }: DeviceTimeline,
  device: number,
): PipelineProblem[] {
  const problems: PipelineProblem[] = [];
  const together = togetherIn(placement, instances, ({ start }) => start);
  let longest = instances[0];
  for (const instance of instances.slice(1)) {
    // A pair that overlaps is one thing.
    if (longest !== undefined && together.get(instance)?.other === longest) {
      continue;
    }
    if (longest !== undefined && instance.start < longest.end) {
      const [first, second] = [nameOf(longest), nameOf(instance)];
      problems.push({ kind: "device-overlap", device, first, second, time: instance.start });
    }
    if (longest === undefined || instance.end > longest.end) {
      longest = instance;
    }
  }
  return problems;
}

function memoryProblems(
  placement: Placement,
  { memory, peakMemory }: DeviceTimeline,
  device: number,
): PipelineProblem[] {
  const limit = placement.devices[device]?.memory;
  const above = limit === undefined ? undefined : memory.find((point) => point.memory > limit);
  return limit === undefined || above === undefined
    ? []
    : [{ kind: "memory-exceeded", device, limit, time: above.time, peak: peakMemory }];
}
