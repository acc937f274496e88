import type { DeviceModel } from "../cost/device-model.js";
import type { Kernel } from "../cost/kernel.js";
import { registersPerBlock, residentBlocksPerSm, sharedBytesPerBlock } from "../cost/occupancy.js";

/**
 * What a resident kernel loses to each other one, as a share of its speed: between two that lean on
 * arithmetic, between one of each kind, and between two that lean on bandwidth.
 */
export interface Interference {
  readonly arithmetic: number;
  readonly mixed: number;
  readonly bandwidth: number;
}

/** Where no pairs were measured. */
export const DEFAULT_INTERFERENCE: Interference = {
  arithmetic: 0.02,
  mixed: 0.02,
  bandwidth: 0.02,
};

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
}

/** Digests the kernels of a graph's operators for one device. Cost: O(kernels). */
export function gpuWorkOf(
  kernels: readonly (readonly Kernel[])[],
  device: DeviceModel,
  interference: Interference = DEFAULT_INTERFERENCE,
): GpuWork {
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
  };
}

/** The work of some operators, renumbered from 0 in the given order. Cost: O(their phases). */
export function workOfSome(work: GpuWork, operators: readonly number[]): GpuWork {
  const first = [0];
  const phase = [0];
  const phases: number[] = [];
  for (const operator of operators) {
    const end = work.first[operator + 1] as number;
    for (let kernel = work.first[operator] as number; kernel < end; kernel++) {
      const to = work.phase[kernel + 1] as number;
      for (let at = work.phase[kernel] as number; at < to; at++) {
        phases.push(at);
      }
      phase.push(phases.length);
    }
    first.push(phase.length - 1);
  }
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(phases, (at) => values[at] as number);
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

function phasesOf(kernel: Kernel, device: DeviceModel): Phase[] {
  const perSm = Math.max(1, residentBlocksPerSm(kernel, device));
  const wave = perSm * device.sms;
  const full = Math.floor(kernel.threadBlocks / wave);
  const tail = kernel.threadBlocks - full * wave;
  const seconds = kernel.durationNs / 1e9;
  const use = {
    arithmetic: shareOf(kernel.flops / seconds, device.flops[kernel.arithmetic]),
    bandwidth: shareOf(kernel.bytes / seconds, device.memoryBandwidth),
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
