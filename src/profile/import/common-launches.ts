import { timingOf } from "../timing.js";
import type { ImportedKernel, ImportedLaunch } from "./imported-part.js";

/** A kernel of one run. */
export interface RunKernel {
  readonly ns: number;
  readonly kernel: ImportedKernel;
}

/**
 * The kernels that something launches, in order, each with its times over all runs that launch as many
 * as most runs do; with the geometry that it has in the first of these.
 */
export function commonLaunches(runs: readonly (readonly RunKernel[])[]): readonly ImportedLaunch[] {
  const counts = new Map<number, number>();
  for (const { length } of runs) {
    counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  const [usual = 0] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [];
  const alike = runs.filter(({ length }) => length === usual);
  return (alike[0] ?? []).map(({ kernel }, at) => ({
    kernel,
    timing: timingOf(alike.map((kernels) => (kernels[at] as RunKernel).ns)),
  }));
}
