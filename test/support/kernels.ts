import { seededRandom } from "../../src/core/random.js";
import type { DeviceModel } from "../../src/cost/device-model.js";
import type { Kernel } from "../../src/cost/kernel.js";

/** A kernel that fills `blocks` slots and takes `durationNs`, using no shared resource unless told. */
export function kernel(durationNs: number, rest: Partial<Kernel> = {}): Kernel {
  return {
    threadBlocks: 1,
    threadsPerBlock: 256,
    registersPerThread: 32,
    sharedBytesPerBlock: 0,
    flops: 0,
    bytes: 0,
    arithmetic: "float32",
    durationNs,
    ...rest,
  };
}

/** The kernels without those of every `nth` operator from the first on: these launch nothing. */
export function withoutEvery(nth: number, kernels: readonly (readonly Kernel[])[]): Kernel[][] {
  return kernels.map((list, operator) => (operator % nth === 0 ? [] : [...list]));
}

/** One or two kernels for each of `count` operators: small and device-filling, idle and greedy. */
export function randomKernels(count: number, device: DeviceModel, seed: number): Kernel[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.integer(2) }, () => {
      const durationNs = 1000 + random.integer(20_000);
      const seconds = durationNs / 1e9;
      return kernel(durationNs, {
        threadBlocks: 1 + random.integer(3 * device.sms),
        threadsPerBlock: 32 * (1 + random.integer(16)),
        registersPerThread: 16 + random.integer(100),
        sharedBytesPerBlock: random.integer(3) * 8192,
        flops: random.next() * seconds * device.flops.float32,
        bytes: random.next() * seconds * device.memoryBandwidth,
      });
    }),
  );
}
