/**
 * Predicts an operator schedule on one GPU: streams, events, thread blocks, contention.
 *
 * What the hardware does. Kernels of one stream run one after the other; an event makes a kernel
 * wait for one of another stream. A kernel that may start puts its thread blocks behind those of
 * the kernels that became ready before it (equal times: launch order), and blocks go to SMs that
 * have slots, threads, registers and shared memory left. Nothing is preempted, and blocks of a
 * later kernel do not overtake waiting blocks of an earlier one.
 *
 * What the model keeps of it. A kernel is one or two phases: its full waves, with all the blocks
 * resident that fit on the device, and its tail, the blocks of the last, partial wave. A phase
 * holds a share of the device's capacity (the scarcest of slots, threads, registers and shared
 * memory) while it runs, so a tail leaves room for the next kernel, which is where most of the
 * gain of streams comes from. A phase that finds room for part of its blocks starts with that part
 * and runs slower in proportion. Resident phases share arithmetic and bandwidth: where the sum of
 * what they use alone exceeds the device, those that lean on it slow down by the excess, and every
 * neighbour costs a little more (`interference`). Who wants less than a fair share gets it whole.
 *
 * Example: a convolution of 150 blocks on a device that holds 132 runs a full wave of 132 and a
 * tail of 18. A ready pooling kernel of 100 blocks waits for the wave, then runs beside the tail.
 *
 * The obvious way, an event per thread block, is a thousand times as many events for the same
 * ranking of schedules.
 *
 * Left out: caches shared between kernels, clocks that fall under load, blocks of unequal length.
 * Source: resource model of Opara (arXiv 2312.10351v2, section 3) and of the CUDA programming
 * guide; processor sharing as in IOS's measured stages. Differs: phases instead of whole kernels.
 */
import { Heap } from "../core/heap.js";
import { invariant } from "../core/invariant.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Kernel } from "../cost/kernel.js";
import { registersPerBlock, residentBlocksPerSm, sharedBytesPerBlock } from "../cost/occupancy.js";
import type { OperatorSchedule } from "./operator-schedule.js";

/** Kernels of every operator (by operator id), flattened once for any number of simulations. */
export interface GpuWork {
  /** Operator `v` has kernels `first[v] ... first[v + 1] - 1`. */
  readonly first: Int32Array;
  /** Kernel `k` has phases `phase[k] ... phase[k + 1] - 1`. */
  readonly phase: Int32Array;
  /** By phase: duration alone, share of the device's capacity, use of arithmetic and bandwidth. */
  readonly phaseNs: Float64Array;
  readonly share: Float64Array;
  readonly arithmetic: Float64Array;
  readonly bandwidth: Float64Array;
  readonly launchGapNs: number;
  readonly eventNs: number;
}

/** When each operator runs, predicted. */
export interface GpuTimeline {
  /** Integer nanoseconds. */
  readonly makespanNs: number;
  /** By operator id: start of its first kernel, end of its last. */
  readonly operatorStartNs: Float64Array;
  readonly operatorEndNs: Float64Array;
  /** Time-weighted means over the makespan, 0 to 1. */
  readonly utilisation: {
    readonly capacity: number;
    readonly arithmetic: number;
    readonly bandwidth: number;
  };
  /** Phase ends: the unit of the simulator's throughput. */
  readonly events: number;
}

/** Slow-down that each further resident kernel costs the others. */
export const DEFAULT_INTERFERENCE: number = 0.02;

/** Digests the kernels of a graph's operators for one device. Cost: O(kernels). */
export function gpuWorkOf(kernels: readonly (readonly Kernel[])[], device: DeviceModel): GpuWork {
  const first = new Int32Array(kernels.length + 1);
  const phaseStart: number[] = [0];
  const phases: Phase[] = [];
  for (const [operator, list] of kernels.entries()) {
    for (const kernel of list) {
      phases.push(...phasesOf(kernel, device));
      phaseStart.push(phases.length);
    }
    first[operator + 1] = phaseStart.length - 1;
  }
  return {
    first,
    phase: Int32Array.from(phaseStart),
    phaseNs: Float64Array.from(phases, (phase) => phase.ns),
    share: Float64Array.from(phases, (phase) => phase.share),
    arithmetic: Float64Array.from(phases, (phase) => phase.arithmetic),
    bandwidth: Float64Array.from(phases, (phase) => phase.bandwidth),
    launchGapNs: device.launchGapNs,
    eventNs: device.eventNs,
  };
}

interface Phase {
  readonly ns: number;
  readonly share: number;
  readonly arithmetic: number;
  readonly bandwidth: number;
}

function phasesOf(kernel: Kernel, device: DeviceModel): Phase[] {
  const perSm = Math.max(1, residentBlocksPerSm(kernel, device));
  const wave = perSm * device.sms;
  const full = Math.floor(kernel.threadBlocks / wave);
  const tail = kernel.threadBlocks - full * wave;
  const seconds = kernel.durationNs / 1e9;
  const use = {
    arithmetic: Math.min(1, kernel.flops / seconds / device.flops[kernel.arithmetic]),
    bandwidth: Math.min(1, kernel.bytes / seconds / device.memoryBandwidth),
  };
  const unit = blockShare(kernel, device) / device.sms;
  if (full === 0 || tail === 0) {
    const resident = full === 0 ? tail : wave;
    return [{ ns: kernel.durationNs, share: Math.min(1, resident * unit), ...use }];
  }
  const waves = full + 1;
  return [
    { ns: (kernel.durationNs * full) / waves, share: Math.min(1, wave * unit), ...use },
    { ns: kernel.durationNs / waves, share: Math.min(1, tail * unit), ...use },
  ];
}

/** Share of one SM that a thread block takes, by what is scarcest. */
function blockShare(kernel: Kernel, device: DeviceModel): number {
  return Math.max(
    1 / device.threadBlocksPerSm,
    kernel.threadsPerBlock / device.threadsPerSm,
    registersPerBlock(kernel) / device.registersPerSm,
    sharedBytesPerBlock(kernel, device) / device.sharedBytesPerSm,
  );
}

/** Less than this share of the device is no room. */
const EPSILON = 1e-9;

/**
 * The timeline of a schedule.
 *
 * Requires: the schedule passes `verifyOperatorSchedule` but for redundant waits.
 * Cost: O(phases x kernels resident at a time + E).
 */
export function simulateGpu(
  work: GpuWork,
  schedule: OperatorSchedule,
  interference: number = DEFAULT_INTERFERENCE,
): GpuTimeline {
  return new Simulation(work, schedule, interference).run();
}

/**
 * The level at which users of a resource of size 1 are cut off so that together they get no more
 * than all of it, and those who want less than the level get what they want (max-min fairness).
 * `Infinity` when all of them fit.
 */
function fairLevel(wanted: readonly number[]): number {
  let open = wanted.filter((use) => use > 0);
  let left = 1;
  if (open.reduce((sum, use) => sum + use, 0) <= 1) {
    return Number.POSITIVE_INFINITY;
  }
  for (;;) {
    const level = left / open.length;
    const above = open.filter((use) => use > level);
    if (above.length === open.length || above.length === 0) {
      return level;
    }
    left -= open.reduce((sum, use) => (use > level ? sum : sum + use), 0);
    open = above;
  }
}

/** One simulation: the state of streams and of the device between two events. */
class Simulation {
  readonly #work: GpuWork;
  readonly #schedule: OperatorSchedule;
  readonly #interference: number;
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  /** By operator: waits that have not finished, and when the last finished one lets it go. */
  readonly #missing: Int32Array;
  readonly #earliest: Float64Array;
  readonly #waiters: number[][];
  /** By stream: launches, and the next to start. */
  readonly #queue: number[][];
  readonly #next: Int32Array;
  readonly #launchAt: Int32Array;
  /** By operator: next kernel, next phase, when the current kernel may start. */
  readonly #kernel: Int32Array;
  readonly #phase: Int32Array;
  readonly #readyAt: Float64Array;
  readonly #pending: Heap;
  /** Resident or waiting for room, in dispatch order. */
  readonly #active: number[] = [];
  readonly #left: Float64Array;
  readonly #room: Float64Array;
  #now = 0;
  #events = 0;
  readonly #used = { capacity: 0, arithmetic: 0, bandwidth: 0 };

  constructor(work: GpuWork, schedule: OperatorSchedule, interference: number) {
    const count = work.first.length - 1;
    this.#work = work;
    this.#schedule = schedule;
    this.#interference = interference;
    this.#start = new Float64Array(count).fill(-1);
    this.#end = new Float64Array(count);
    this.#missing = new Int32Array(count);
    this.#earliest = new Float64Array(count);
    this.#waiters = Array.from({ length: count }, () => []);
    this.#queue = Array.from({ length: schedule.streams }, () => []);
    this.#next = new Int32Array(schedule.streams);
    this.#launchAt = new Int32Array(count);
    this.#kernel = Int32Array.from(work.first.subarray(0, count));
    this.#phase = new Int32Array(count);
    this.#readyAt = new Float64Array(count);
    this.#left = new Float64Array(count);
    this.#room = new Float64Array(count);
    this.#pending = new Heap((a, b) => this.#before(a, b));
    schedule.launches.forEach(({ operator, stream, waits }, at) => {
      this.#launchAt[operator] = at;
      this.#queue[stream]?.push(operator);
      this.#missing[operator] = waits.length;
      for (const waited of waits) {
        this.#waiters[waited]?.push(operator);
      }
    });
  }

  run(): GpuTimeline {
    for (let stream = 0; stream < this.#schedule.streams; stream++) {
      this.#release(stream, 0);
    }
    for (;;) {
      this.#admit();
      if (this.#active.length === 0) {
        const first = this.#pending.peek();
        if (first === undefined) {
          break;
        }
        this.#now = this.#readyAt[first] as number;
        continue;
      }
      this.#advance();
    }
    const makespan = this.#now;
    const mean = (sum: number): number => (makespan === 0 ? 0 : sum / makespan);
    invariant(
      this.#schedule.launches.every(({ operator }) => (this.#start[operator] as number) >= 0),
      "every operator of the schedule runs",
    );
    return {
      makespanNs: Math.round(makespan),
      operatorStartNs: this.#start.map(Math.round),
      operatorEndNs: this.#end.map(Math.round),
      utilisation: {
        capacity: mean(this.#used.capacity),
        arithmetic: mean(this.#used.arithmetic),
        bandwidth: mean(this.#used.bandwidth),
      },
      events: this.#events,
    };
  }

  /** Dispatch order: by the time of becoming ready, then by launch order. */
  #before(a: number, b: number): boolean {
    const byTime = (this.#readyAt[a] as number) - (this.#readyAt[b] as number);
    return (byTime || (this.#launchAt[a] as number) - (this.#launchAt[b] as number)) < 0;
  }

  /** Lets the next operator of a stream go once its waits are over. */
  #release(stream: number, freeAt: number): void {
    const operator = this.#queue[stream]?.[this.#next[stream] as number];
    if (operator === undefined) {
      return;
    }
    this.#earliest[operator] = Math.max(this.#earliest[operator] as number, freeAt);
    if (this.#missing[operator] === 0) {
      this.#next[stream] = (this.#next[stream] as number) + 1;
      this.#enqueue(operator, this.#earliest[operator] as number);
    }
  }

  #enqueue(operator: number, readyAt: number): void {
    this.#readyAt[operator] = readyAt;
    this.#phase[operator] = this.#work.phase[this.#kernel[operator] as number] as number;
    this.#pending.push(operator);
  }

  /** Moves kernels that are ready now to the device's queue, and gives out its capacity in order. */
  #admit(): void {
    for (;;) {
      const first = this.#pending.peek();
      if (first === undefined || (this.#readyAt[first] as number) > this.#now + EPSILON) {
        break;
      }
      this.#pending.pop();
      this.#active.push(first);
      this.#left[first] = this.#work.phaseNs[this.#phase[first] as number] as number;
    }
    let free = 1;
    for (const operator of this.#active) {
      const wanted = this.#work.share[this.#phase[operator] as number] as number;
      const given = free < EPSILON ? 0 : Math.min(wanted, free);
      this.#room[operator] = given / wanted;
      free = given < wanted ? 0 : free - given;
    }
  }

  /** Runs what is resident to the next phase end or arrival. */
  #advance(): void {
    const rates = this.#rates();
    let step = Number.POSITIVE_INFINITY;
    this.#active.forEach((operator, i) => {
      const rate = rates[i] as number;
      if (rate > 0) {
        step = Math.min(step, (this.#left[operator] as number) / rate);
      }
    });
    const arrival = this.#pending.peek();
    if (arrival !== undefined) {
      step = Math.min(step, (this.#readyAt[arrival] as number) - this.#now);
    }
    invariant(Number.isFinite(step), "something resident advances");
    const before = this.#now;
    this.#now += step;
    const ended: number[] = [];
    this.#active.forEach((operator, i) => {
      const rate = rates[i] as number;
      if (rate > 0) {
        this.#account(operator, step, rate);
        if ((this.#start[operator] as number) < 0) {
          this.#start[operator] = before;
        }
        this.#left[operator] = (this.#left[operator] as number) - step * rate;
        if ((this.#left[operator] as number) <= 1e-6) {
          ended.push(operator);
        }
      }
    });
    for (const operator of ended) {
      this.#endPhase(operator);
    }
  }

  /** Progress per nanosecond of each active kernel: 1 alone, 0 without room. */
  #rates(): number[] {
    const { arithmetic, bandwidth } = this.#work;
    const use = (of: Float64Array): number[] =>
      this.#active.map(
        (operator) =>
          (this.#room[operator] as number) * (of[this.#phase[operator] as number] as number),
      );
    const compute = use(arithmetic);
    const traffic = use(bandwidth);
    const computeLevel = fairLevel(compute);
    const trafficLevel = fairLevel(traffic);
    const resident = this.#active.filter((operator) => (this.#room[operator] as number) > 0).length;
    const crowd = 1 + this.#interference * (resident - 1);
    return this.#active.map((operator, i) => {
      const squeeze = Math.max(
        1,
        (compute[i] as number) / computeLevel,
        (traffic[i] as number) / trafficLevel,
      );
      return (this.#room[operator] as number) / squeeze / crowd;
    });
  }

  #account(operator: number, step: number, rate: number): void {
    const phase = this.#phase[operator] as number;
    const room = this.#room[operator] as number;
    this.#used.capacity += step * room * (this.#work.share[phase] as number);
    this.#used.arithmetic += step * rate * (this.#work.arithmetic[phase] as number);
    this.#used.bandwidth += step * rate * (this.#work.bandwidth[phase] as number);
  }

  #endPhase(operator: number): void {
    this.#events++;
    const kernel = this.#kernel[operator] as number;
    const next = (this.#phase[operator] as number) + 1;
    if (next < (this.#work.phase[kernel + 1] as number)) {
      this.#phase[operator] = next;
      this.#left[operator] = this.#work.phaseNs[next] as number;
      return;
    }
    this.#active.splice(this.#active.indexOf(operator), 1);
    if (kernel + 1 < (this.#work.first[operator + 1] as number)) {
      this.#kernel[operator] = kernel + 1;
      this.#enqueue(operator, this.#now + this.#work.launchGapNs);
      return;
    }
    this.#endOperator(operator);
  }

  #endOperator(operator: number): void {
    this.#end[operator] = this.#now;
    const launches = this.#schedule.launches;
    const own = launches[this.#launchAt[operator] as number]?.stream ?? 0;
    for (const waiter of this.#waiters[operator] ?? []) {
      this.#missing[waiter] = (this.#missing[waiter] as number) - 1;
      this.#earliest[waiter] = Math.max(
        this.#earliest[waiter] as number,
        this.#now + this.#work.eventNs,
      );
      const stream = launches[this.#launchAt[waiter] as number]?.stream ?? 0;
      if (
        this.#missing[waiter] === 0 &&
        this.#queue[stream]?.[this.#next[stream] as number] === waiter &&
        this.#isFree(stream)
      ) {
        this.#release(stream, this.#earliest[waiter] as number);
      }
    }
    this.#release(own, this.#now + this.#work.launchGapNs);
  }

  /** Whether the operator before the next one of the stream has ended. */
  #isFree(stream: number): boolean {
    const at = this.#next[stream] as number;
    const previous = at === 0 ? undefined : this.#queue[stream]?.[at - 1];
    return previous === undefined || (this.#end[previous] as number) > 0;
  }
}
