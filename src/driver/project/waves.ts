import type { BuildJob } from "./plan.js";

/**
 * The commands in groups that can run together: each reads only what commands of groups before it
 * write. Requires: a command comes after those that write what it reads.
 */
export function wavesOf(jobs: readonly BuildJob[]): readonly (readonly BuildJob[])[] {
  const waveOf = new Map<string, number>();
  const waves: BuildJob[][] = [];
  for (const job of jobs) {
    const at = Math.max(0, ...job.reads.map((path) => (waveOf.get(path) ?? -1) + 1));
    waveOf.set(job.out, at);
    waves[at] ??= [];
    waves[at].push(job);
  }
  return waves;
}
