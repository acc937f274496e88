/**
 * Every block of every micro-batch of a schedule by itself, for placements whose micro-batches are not alike, wait
 * for each other, or change memory where they do not run.
 */
import { topologicalOrder } from "../../../core/topological-order.js";
import { durationIn, latencyIn, runsIn } from "../../../placement/micro-batches.js";
import { mostSaved } from "../../../placement/overlaps.js";
import type { Block, Placement } from "../../../placement/placement.js";
import { type TransferQueue, transferQueues } from "../../../placement/transfer-queues.js";
import { changeOn, type MemoryChange } from "../../../schedule/simulate-pipeline.js";

/** What a block does to the memory of a device. */
export interface DeviceChange extends MemoryChange {
  readonly device: number;
}

/** One block of one micro-batch. */
export interface Work {
  readonly block: number;
  readonly microBatch: number;
  readonly duration: number;
  readonly devices: readonly number[];
  readonly changes: readonly DeviceChange[];
}

/** One end of a dependency: the other work, and the time between the end of the one and the start of the other. */
export interface Wait {
  readonly work: number;
  readonly latency: number;
}

/**
 * Two works of a queue, the one before the other. Of two such pairs in a queue, the one whose `first` ends before that of the
 * other has the `second` that starts no later.
 */
export interface HandOver {
  readonly queue: number;
  readonly first: number;
  readonly second: number;
}

/** All work of a schedule. */
export interface InstanceProblem {
  readonly works: readonly Work[];
  readonly before: readonly (readonly Wait[])[];
  readonly after: readonly (readonly Wait[])[];
  /** By device: its limit, and what is held before everything. */
  readonly limits: readonly number[];
  readonly held: readonly number[];
  /** Blocks that hand over to a transfer, and the transfer, where transfers keep their order. */
  readonly handOvers: readonly HandOver[];
  /** By block: the blocks that it can overlap with, and their joint time; empty where none can. */
  readonly partners: readonly ReadonlyMap<number, number>[];
  /** By device: time that overlapping saves at most. */
  readonly saved: readonly number[];
}

/** The work of `microBatches` micro-batches. Cost: O(instances and their dependencies). */
export function instanceProblem(placement: Placement, microBatches: number): InstanceProblem {
  const { blocks, devices } = placement;
  const works: Work[] = [];
  const positions = new Int32Array(blocks.length * microBatches).fill(-1);
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    for (const [at, block] of blocks.entries()) {
      if (runsIn(block, microBatch)) {
        positions[microBatch * blocks.length + at] = works.length;
        works.push({
          block: at,
          microBatch,
          duration: durationIn(placement, block, microBatch),
          devices: block.devices,
          changes: changedOn(block).map((device) => ({
            device,
            ...changeOn(placement, block, microBatch, device),
          })),
        });
      }
    }
  }
  const before: Wait[][] = works.map(() => []);
  const after: Wait[][] = works.map(() => []);
  for (const dependency of placement.dependencies) {
    const { from, to, distance = 0 } = dependency;
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      const source = blocks[from]?.isPerStep === true ? 0 : microBatch - distance;
      const target = blocks[to]?.isPerStep === true ? 0 : microBatch;
      const [one, other] = [
        positions[source * blocks.length + from] ?? -1,
        positions[target * blocks.length + to] ?? -1,
      ];
      if (source >= 0 && one >= 0 && other >= 0) {
        const latency = latencyIn(placement, dependency, source);
        before[other]?.push({ work: one, latency });
        after[one]?.push({ work: other, latency });
      }
    }
  }
  return {
    works,
    before,
    after,
    limits: devices.map(({ memory }) => memory ?? Number.POSITIVE_INFINITY),
    held: devices.map(() => 0),
    handOvers: transferQueues(placement).flatMap((queue, number) =>
      handOversOf(queue, number, { placement, positions }),
    ),
    partners: partnersIn(placement),
    saved: devices.map((_, device) => {
      const own = blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
      return microBatches * mostSaved(placement, own);
    }),
  };
}

function partnersIn({ blocks, overlaps }: Placement): readonly ReadonlyMap<number, number>[] {
  if (overlaps === undefined) {
    return [];
  }
  const partners = blocks.map(() => new Map<number, number>());
  for (const {
    blocks: [one, other],
    duration,
  } of overlaps) {
    partners[one]?.set(other, duration);
    partners[other]?.set(one, duration);
  }
  return partners;
}

/** Everything that is handed over to a queue. `positions` are those of works, micro-batch after micro-batch. */
function handOversOf(
  queue: TransferQueue,
  number: number,
  of: { readonly placement: Placement; readonly positions: Int32Array },
): readonly HandOver[] {
  const { blocks } = of.placement;
  const members = new Map(queue.map((at) => [at, blocks[at]?.transfer?.from ?? -1]));
  return [...of.positions].flatMap((second, position) => {
    const block = position % blocks.length;
    const from = members.get(block);
    const first = from === undefined ? -1 : (of.positions[position - block + from] ?? -1);
    return second < 0 || first < 0 ? [] : [{ queue: number, first, second }];
  });
}

/** Devices whose memory a block changes, or that it occupies. */
function changedOn({ devices, elsewhere = [] }: Block): readonly number[] {
  return [...devices, ...elsewhere.map(({ device }) => device)];
}

/** The same with time running backwards: what was taken is given back. */
export function reversed(problem: InstanceProblem): InstanceProblem {
  const { works, before, after, handOvers } = problem;
  const held = [...problem.held];
  for (const { changes } of works) {
    for (const { device, atStart, atEnd } of changes) {
      held[device] = (held[device] ?? 0) + atStart + atEnd;
    }
  }
  return {
    ...problem,
    works: works.map((work) => ({
      ...work,
      changes: work.changes.map(({ device, atStart, atEnd }) => ({
        device,
        // What is released when it starts is taken, time reversed, when it ends; from its start on is on the safe side.
        atStart: -atEnd - Math.min(0, atStart),
        atEnd: -Math.max(0, atStart),
      })),
    })),
    before: after,
    after: before,
    held,
    // What ends first in a queue is now the transfer, and its sender starts in that order.
    handOvers: handOvers.map(({ queue, first, second }) => ({
      queue,
      first: second,
      second: first,
    })),
  };
}

/** Longest path from the start of each work to the end of all, latencies included. */
export function pathsBehindWorks({ works, after }: InstanceProblem): Float64Array {
  const behind = Float64Array.from(works, ({ duration }) => duration);
  for (const at of orderOfWorks(after).toReversed()) {
    for (const { work, latency } of after[at] ?? []) {
      const path = (works[at]?.duration ?? 0) + latency + (behind[work] ?? 0);
      behind[at] = Math.max(behind[at] ?? 0, path);
    }
  }
  return behind;
}

/**
 * No schedule is shorter: a work takes the longest path to it and from it, and a device does all its work after the shortest
 * way to it and before the shortest way from it.
 */
export function boundOfInstances(problem: InstanceProblem): number {
  const { works, before, after, limits, saved } = problem;
  const behind = pathsBehindWorks(problem);
  const ahead = pathsBehindWorks({ ...problem, before: after, after: before });
  let bound = 0;
  const devices = limits.map(() => ({ load: 0, head: Infinity, tail: Infinity }));
  for (const [at, { duration, devices: own }] of works.entries()) {
    const head = (ahead[at] ?? 0) - duration;
    const tail = (behind[at] ?? 0) - duration;
    bound = Math.max(bound, head + duration + tail);
    for (const device of own) {
      const known = devices[device] as (typeof devices)[number];
      known.load += duration;
      known.head = Math.min(known.head, head);
      known.tail = Math.min(known.tail, tail);
    }
  }
  return devices.reduce(
    (most, { load, head, tail }, device) =>
      load === 0 ? most : Math.max(most, head + load - (saved[device] ?? 0) + tail),
    bound,
  );
}

/**
 * Blocks once per step that wait for themselves, over what is waited for in earlier micro-batches; nothing else can. Cost: O(works
 * and their dependencies) for each block once per step.
 */
export function waitingForThemselves(
  { works, after }: InstanceProblem,
  { blocks }: Placement,
): readonly number[] {
  return works.flatMap(({ block }, at) =>
    blocks[block]?.isPerStep === true && reaches(after, at) ? [block] : [],
  );
}

/** Whether a work comes behind itself. */
function reaches(after: InstanceProblem["after"], start: number): boolean {
  const seen = new Set<number>();
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { work } of after[at] ?? []) {
      if (!seen.has(work)) {
        seen.add(work);
        open.push(work);
      }
    }
  }
  return seen.has(start);
}

function orderOfWorks(after: InstanceProblem["after"]): readonly number[] {
  return topologicalOrder(after.map((list) => list.map(({ work }) => work)));
}
