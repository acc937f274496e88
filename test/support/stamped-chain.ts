import type { StampedChain } from "../../src/runtime/cuda/session/stamped-chain.js";

/** What else is known of a device whose kernels note when they ran. */
export interface StampingClock {
  /** Step of its timer. */
  readonly stepNs?: number;
  /** When the first kernel starts, past a step of the timer. */
  readonly phaseNs?: number;
  readonly clockMhz?: number;
  readonly kernels?: number;
}

/** The notes of kernels that take `insideNs` each and start `gapNs` after the one before has ended. */
export function stampedChainOf(
  insideNs: number,
  gapNs: number,
  { stepNs = 1, phaseNs = 0, clockMhz = 1000, kernels = 64 }: StampingClock = {},
): StampedChain {
  const shown = (ns: number): number => Math.floor((phaseNs + ns) / stepNs) * stepNs;
  return {
    stamps: Array.from({ length: kernels }, (_, i) => {
      const startNs = i * (insideNs + gapNs);
      const cycles = (insideNs * clockMhz) / 1000;
      return { startNs: shown(startNs), endNs: shown(startNs + insideNs), cycles };
    }),
    clockMhz,
    timerStepNs: stepNs,
  };
}
