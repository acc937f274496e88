import { availableParallelism, loadavg } from "node:os";

/** The load of the machine at one moment. */
export interface MachineLoad {
  /** Runnable processes, averaged over the last minute; 0 where the system does not report it. */
  readonly load: number;
  readonly cores: number;
}

/** The load now. Asked before measuring, it is that of others. */
export function machineLoad(): MachineLoad {
  return { load: loadavg()[0] ?? 0, cores: availableParallelism() };
}

/** Medians whose noise is larger than this predict little of another measurement. */
const MOST_NOISE = 0.2;

/**
 * Why times measured under this load, with this noise, are not to be trusted: `machine busy (load
 * 18.0 on 2 cores), noise 67.9 %`; `undefined` where nothing speaks against them. Absent: not known.
 */
export function doubtOf(
  load: MachineLoad | undefined,
  noiseRatio: number | undefined,
): string | undefined {
  const isBusy = load !== undefined && load.load > load.cores;
  const isNoisy = noiseRatio !== undefined && noiseRatio > MOST_NOISE;
  const cores = load?.cores === 1 ? "core" : "cores";
  const reasons = [
    ...(isBusy ? [`machine busy (load ${load.load.toFixed(1)} on ${load.cores} ${cores})`] : []),
    ...(isNoisy ? [`noise ${((noiseRatio ?? 0) * 100).toFixed(1)} %`] : []),
  ];
  return reasons.length === 0 ? undefined : reasons.join(", ");
}
