import type { Dependency, Placement } from "../placement/placement.js";

/**
 * The earliest start of each block after those it depends on, devices left aside, when no block
 * starts before its time in `from`.
 *
 * Times of -Infinity stand for "does not start"; what depends on nothing that starts keeps it.
 * Cost: O(blocks + dependencies).
 */
export function earliestStarts(
  { blocks, dependencies }: Pick<Placement, "blocks" | "dependencies">,
  from: Float64Array,
): Float64Array {
  const next: Dependency[][] = blocks.map(() => []);
  const waits = new Int32Array(blocks.length);
  for (const dependency of dependencies) {
    next[dependency.from]?.push(dependency);
    waits[dependency.to] = (waits[dependency.to] ?? 0) + 1;
  }
  const starts = from.slice();
  const ready = blocks.flatMap((_, block) => (waits[block] === 0 ? [block] : []));
  for (let block = ready.pop(); block !== undefined; block = ready.pop()) {
    const end = (starts[block] ?? 0) + (blocks[block]?.duration ?? 0);
    for (const { to, latency } of next[block] ?? []) {
      starts[to] = Math.max(starts[to] ?? 0, end + latency);
      waits[to] = (waits[to] ?? 0) - 1;
      if (waits[to] === 0) {
        ready.push(to);
      }
    }
  }
  return starts;
}
