/**
 * List schedules that memory never brings to a stop.
 *
 * At every moment what is ready begins, the most urgent first, if memory allows it and a *way out* is left: an order in
 * which all that has not begun would fit, one after the other. The first way out is the serial order, micro-batch after
 * micro-batch. A block may begin if it can come first in the way out, with all else as it was; it is then taken out
 * of it. So the block in front may always begin as soon as its inputs and devices are there.
 *
 * A block on several devices would starve beside others on each of them: the most urgent one that lacks only devices
 * keeps those of them that are free.
 *
 * Example: chains on four devices with memory for two of them: two are on their way at a time, wherever they are.
 *
 * Source: list scheduling (Graham, 1969) with the safe states of the banker's algorithm (Dijkstra, 1965).
 */
import { invariant } from "../../../core/invariant.js";
import { seededRandom } from "../../../core/random.js";
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { type Follower, followersOf, pathsBehind } from "../path-bounds.js";
import { looseParts } from "./loose-parts.js";
import { serialOrder } from "./serial-order.js";
import { fitsAgain, WayOut } from "./way-out.js";

/** Rules mixed by chance, beside the fixed ones. */
const MIXES = 24;
/** With more instances only the fixed rules are tried. */
const MOST_MIXED = 1000;

/**
 * List schedules of `microBatches` micro-batches, one for each rule of what is urgent, the shortest first; none where no
 * order of the blocks was found that fits, or micro-batches do not fit one after the other.
 *
 * Deterministic. Cost: some 30 x O(instances * blocks * instances on their way) at worst.
 */
export function safeListSchedules(
  placement: Placement,
  microBatches: number,
): readonly PipelineSchedule[] {
  const serial = serialOrder(placement);
  if (serial === undefined || !fitsAgain(placement, serial, microBatches)) {
    return [];
  }
  const parts = looseParts(placement);
  const mixes = placement.blocks.length * microBatches <= MOST_MIXED ? MIXES : 0;
  return urgenciesOf(placement, serial, mixedFactors(parts, mixes))
    .map((urgencyOf) => {
      const wayOut = new WayOut(placement, serial, parts);
      return new SafeList(placement, microBatches, wayOut, urgencyOf).run();
    })
    .sort((a, b) => a.makespan - b.makespan);
}

/** Lower is more urgent. */
type UrgencyOf = (block: number, microBatch: number) => number;

/**
 * What is more urgent: the longer path behind; of an older micro-batch first; what gives memory back first; what is earlier in
 * the serial order; and with paths that are longer or shorter by chance, equally in all of a connected part.
 */
function urgenciesOf(
  placement: Placement,
  serial: readonly number[],
  mixes: readonly Float64Array[],
): readonly UrgencyOf[] {
  const { blocks } = placement;
  const behind = pathsBehind(placement);
  const longest = behind.reduce((most, path) => Math.max(most, path), 1) + 1;
  const place = new Int32Array(blocks.length);
  for (const [at, block] of serial.entries()) {
    place[block] = at;
  }
  return [
    (block) => -behind[block]!,
    (block, microBatch) => microBatch * longest - behind[block]!,
    (block) => -behind[block]! - (blocks[block]!.memory < 0 ? longest : 0),
    (block, microBatch) => microBatch * blocks.length + place[block]!,
    ...mixes.map(
      (factors): UrgencyOf =>
        (block) =>
          -behind[block]! * factors[block]!,
    ),
  ];
}

/** By block: a factor by chance, the same for a whole part. */
function mixedFactors(
  parts: readonly (readonly number[])[],
  mixes: number,
): readonly Float64Array[] {
  const random = seededRandom(1);
  return Array.from({ length: mixes }, () => {
    const factors = new Float64Array(parts.flat().length);
    for (const part of parts) {
      const factor = random.next();
      for (const block of part) {
        factors[block] = factor;
      }
    }
    return factors;
  });
}

class SafeList {
  readonly #placement: Placement;
  readonly #microBatches: number;
  readonly #wayOut: WayOut;
  readonly #urgencyOf: UrgencyOf;
  readonly #after: readonly (readonly Follower[])[];
  /** By instance: inputs that are missing, and the time at which those that are known are there. */
  readonly #waits: Int32Array;
  readonly #ready: Float64Array;
  /** By block: micro-batches begun. */
  readonly #begun: Int32Array;
  readonly #free: Float64Array;
  readonly #instances: BlockInstance[] = [];

  constructor(placement: Placement, microBatches: number, wayOut: WayOut, urgencyOf: UrgencyOf) {
    const { blocks, dependencies, devices } = placement;
    this.#placement = placement;
    this.#microBatches = microBatches;
    this.#wayOut = wayOut;
    this.#urgencyOf = urgencyOf;
    this.#after = followersOf(placement);
    this.#waits = new Int32Array(blocks.length * microBatches);
    for (let base = 0; base < this.#waits.length; base += blocks.length) {
      for (const { to } of dependencies) {
        this.#waits[base + to]!++;
      }
    }
    this.#ready = new Float64Array(this.#waits.length);
    this.#begun = new Int32Array(blocks.length);
    this.#free = new Float64Array(devices.length);
  }

  run(): PipelineSchedule {
    let time = 0;
    while (this.#instances.length < this.#waits.length) {
      time = this.#beginAt(time) ? time : this.#nextTime(time);
      invariant(Number.isFinite(time), "the way out begins when its inputs are there");
    }
    const instances = this.#instances;
    instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
    const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
    return { microBatches: this.#microBatches, instances, makespan };
  }

  /** Begins the most urgent that may; whether there was one. */
  #beginAt(time: number): boolean {
    const kept = new Set<number>();
    for (const block of this.#readyAt(time)) {
      const { devices } = this.#placement.blocks[block]!;
      const instance = this.#instanceOf(block);
      const hasDevices = devices.every((each) => this.#free[each]! <= time && !kept.has(each));
      if (!hasDevices && (devices.length === 1 || kept.size > 0)) {
        continue;
      }
      const rest = this.#wayOut.after(instance);
      if (rest === undefined) {
        continue;
      }
      if (hasDevices) {
        this.#wayOut.begin(instance, rest);
        this.#begin(block, time);
        return true;
      }
      for (const device of devices) {
        kept.add(device);
      }
    }
    return false;
  }

  /** Blocks whose inputs for their next micro-batch are there, the most urgent first. */
  #readyAt(time: number): readonly number[] {
    const ready: { readonly block: number; readonly urgency: number }[] = [];
    for (let block = 0; block < this.#begun.length; block++) {
      const instance = this.#instanceOf(block);
      if (this.#waits[instance] === 0 && this.#ready[instance]! <= time) {
        ready.push({ block, urgency: this.#urgencyOf(block, this.#begun[block]!) });
      }
    }
    return ready
      .sort((a, b) => a.urgency - b.urgency || a.block - b.block)
      .map((each) => each.block);
  }

  /** The next of a block; beyond all of them when there is none. */
  #instanceOf(block: number): number {
    const blocks = this.#begun.length;
    const microBatch = this.#begun[block]!;
    return microBatch < this.#microBatches ? microBatch * blocks + block : this.#waits.length;
  }

  #begin(block: number, time: number): void {
    const { duration, devices } = this.#placement.blocks[block]!;
    const microBatch = this.#begun[block]!++;
    const end = time + duration;
    this.#instances.push({ block, microBatch, start: time, end, phase: "repetend" });
    for (const device of devices) {
      this.#free[device] = end;
    }
    const base = microBatch * this.#begun.length;
    for (const { to, latency } of this.#after[block]!) {
      this.#waits[base + to]!--;
      this.#ready[base + to] = Math.max(this.#ready[base + to]!, end + latency);
    }
  }

  /** The next moment at which a device or an input is there. */
  #nextTime(time: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const free of this.#free) {
      next = free > time ? Math.min(next, free) : next;
    }
    for (let block = 0; block < this.#begun.length; block++) {
      const instance = this.#instanceOf(block);
      const ready = this.#ready[instance] ?? 0;
      next = this.#waits[instance] === 0 && ready > time ? Math.min(next, ready) : next;
    }
    return next;
  }
}
