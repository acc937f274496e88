import type { Dependency } from "./placement.js";

/** The blocks of one cycle, the first repeated at the end; `undefined` when there is none. */
export function findCycle(
  count: number,
  dependencies: readonly Pick<Dependency, "from" | "to">[],
): readonly number[] | undefined {
  const next: number[][] = Array.from({ length: count }, () => []);
  const missing = new Int32Array(count);
  for (const { from, to } of dependencies) {
    next[from]?.push(to);
    missing[to] = (missing[to] ?? 0) + 1;
  }
  const ready = [...missing.keys()].filter((block) => missing[block] === 0);
  for (let at = 0; at < ready.length; at++) {
    for (const to of next[ready[at] ?? 0] ?? []) {
      missing[to] = (missing[to] ?? 0) - 1;
      if (missing[to] === 0) {
        ready.push(to);
      }
    }
  }
  if (ready.length === count) {
    return undefined;
  }
  const previous = new Map<number, number>();
  for (const { from, to } of dependencies) {
    if ((missing[from] ?? 0) > 0 && (missing[to] ?? 0) > 0) {
      previous.set(to, from);
    }
  }
  const seen: number[] = [];
  let at = missing.findIndex((left) => left > 0);
  while (!seen.includes(at)) {
    seen.push(at);
    at = previous.get(at) ?? at;
  }
  return [...seen.slice(seen.indexOf(at)), at].reverse();
}
