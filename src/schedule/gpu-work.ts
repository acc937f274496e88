import { USUAL_INTERFERENCE } from "../cost/assumed-ranges.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Kernel } from "../cost/kernel.js";
import { drawableBandwidth } from "../cost/kernels/memory-rate.js";
import { registersPerBlock, residentBlocksPerSm, sharedBytesPerBlock } from "../cost/occupancy.js";
import { widthTable } from "../cost/width-costs.js";

/**
 * What a resident kernel loses to each other one, as a share of its speed: between two that lean on
 * arithmetic, between one of each kind, and between two that lean on bandwidth.
 */
export interface Interference {
  readonly arithmetic: number;
  readonly mixed: number;
  readonly bandwidth: number;
}

/** The same share for all kinds. */
export function evenInterference(share: number): Interference {
  return { arithmetic: share, mixed: share, bandwidth: share };
}

/** Where no pairs were measured. */
const DEFAULT_INTERFERENCE: Interference = evenInterference(USUAL_INTERFERENCE);

/** Widths of forks and joins that are told apart; wider ones cost what this one does. */
const MOST_WIDTH = 256;

/** What a fork to so many other streams, and a join of so many, costs besides events. */
export function widthCost({ widthNs }: Pick<GpuWork, "widthNs">, streams: number): number {
  return widthNs === undefined ? 0 : widthNs[Math.min(streams, widthNs.length - 1)]!;
}

/** Kernels of every operator (by operator id), flattened once for any number of simulations. */
export interface GpuWork {
  /** Operator `v` has kernels `first[v] ... first[v + 1] - 1`; none if nothing is launched for it. */
  readonly first: Int32Array;
  /** Kernel `k` has phases `phase[k] ... phase[k + 1] - 1`. */
  readonly phase: Int32Array;
  /** By phase: duration alone, share of the device's capacity, use of arithmetic and bandwidth. */
  readonly phaseNs: Float64Array;
  readonly share: Float64Array;
  readonly arithmetic: Float64Array;
  readonly bandwidth: Float64Array;
  readonly interference: Interference;
  readonly launchGapNs: number;
  readonly eventNs: number;
  /** Least time between the starts of two kernels, whatever their streams. */
  readonly dispatchNs: number;
  /** By the number of other streams: what a fork to them, and a join of them, costs besides events; absent: nothing. */
  readonly widthNs?: Float64Array;
}

/** Digests the kernels of a graph's operators for one device. Cost: O(kernels). */
export function gpuWorkOf(
  kernels: readonly (readonly Kernel[])[],
  device: DeviceModel,
  interference: Interference = DEFAULT_INTERFERENCE,
): GpuWork {
  const widthNs = widthTable(device.widths, MOST_WIDTH);
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
    interference,
    launchGapNs: device.launchGapNs,
    eventNs: device.eventNs,
    dispatchNs: device.dispatchNs ?? 0,
    ...(widthNs === undefined ? {} : { widthNs }),
  };
}

/** The work of some operators, renumbered from 0 in the given order. Cost: O(their phases). */
export function workOfSome(work: GpuWork, operators: readonly number[]): GpuWork {
  const first = [0];
  const phase = [0];
  const phases: number[] = [];
  for (const operator of operators) {
    const end = work.first[operator + 1]!;
    for (let kernel = work.first[operator]!; kernel < end; kernel++) {
      const to = work.phase[kernel + 1]!;
      for (let at = work.phase[kernel]!; at < to; at++) {
        phases.push(at);
      }
      phase.push(phases.length);
    }
    first.push(phase.length - 1);
  }
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(phases, (at) => values[at]!);
  return {
    ...work,
    first: Int32Array.from(first),
    phase: Int32Array.from(phase),
    phaseNs: pick(work.phaseNs),
    share: pick(work.share),
    arithmetic: pick(work.arithmetic),
    bandwidth: pick(work.bandwidth),
  };
}

interface Phase {
  readonly ns: number;
  readonly share: number;
  readonly arithmetic: number;
  readonly bandwidth: number;
}

/**
 * The full waves of a kernel and its tail. What the tail is of the time follows from how the kernel's
 * time comes about (docs/cost-model.md): where it computes, by the most thread blocks that an SM has
 * to do; where it moves memory, by its bytes and by what so few blocks can draw.
 *
 * A kernel that has SMs to itself holds as many as it has thread blocks, which go to empty SMs first.
 * Where it computes, an SM with one block is done, and free, when one with two is half-way: a wave is then
 * one block for each SM.
 *
 * Example: 1,100 blocks of which 1,056 fit the device at once. Moving memory, the tail takes 5 % of
 * the time; that it takes half, as of two waves of equal length, would leave room that is not there.
 */
function phasesOf(kernel: Kernel, device: DeviceModel): Phase[] {
  const whole = useOf(kernel, device, 1, 1);
  const movesMemory = whole.bandwidth > whole.arithmetic;
  const isExclusive = device.sharing !== "shared";
  const resident = Math.max(1, residentBlocksPerSm(kernel, device));
  const perSm = isExclusive && !movesMemory ? 1 : resident;
  const wave = perSm * device.sms;
  const full = Math.floor(kernel.threadBlocks / wave);
  const tail = kernel.threadBlocks - full * wave;
  const unit = (isExclusive ? 1 : blockShare(kernel, device)) / device.sms;
  if (full === 0 || tail === 0) {
    const share = Math.min(1, (full === 0 ? tail : wave) * unit);
    return [{ ns: kernel.durationNs, share, ...whole }];
  }
  const drawn = drawableBandwidth(tail, device) / drawableBandwidth(wave, device);
  const [waves, rest] = movesMemory
    ? [full * wave, tail / drawn]
    : [full * perSm, Math.ceil(tail / device.sms)];
  const time = rest / (waves + rest);
  const work = tail / kernel.threadBlocks;
  return [
    {
      ns: kernel.durationNs * (1 - time),
      share: Math.min(1, wave * unit),
      ...useOf(kernel, device, 1 - work, 1 - time),
    },
    {
      ns: kernel.durationNs * time,
      share: Math.min(1, tail * unit),
      ...useOf(kernel, device, work, time),
    },
  ];
}

/** Use of the device by a part of a kernel: its shares of the kernel's work and time. */
function useOf(
  kernel: Kernel,
  device: DeviceModel,
  work: number,
  time: number,
): Pick<Phase, "arithmetic" | "bandwidth"> {
  const seconds = (kernel.durationNs * time) / 1e9;
  return {
    arithmetic: shareOf((kernel.flops * work) / seconds, device.flops[kernel.arithmetic]),
    bandwidth: shareOf((kernel.bytes * work) / seconds, device.memoryBandwidth),
  };
}

/** A rate as a share of the device's; a kernel of no duration uses nothing. */
function shareOf(rate: number, peak: number): number {
  return Number.isFinite(rate) ? Math.min(1, rate / peak) : 0;
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
