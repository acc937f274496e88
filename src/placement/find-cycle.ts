import { topologicalOrder } from "../core/topological-order.js";
import type { Dependency } from "./placement.js";

/** The blocks of one cycle, the first repeated at the end; `undefined` when there is none. */
export function findCycle(
  count: number,
  dependencies: readonly Pick<Dependency, "from" | "to">[],
): readonly number[] | undefined {
  const next: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of dependencies) {
    next[from]?.push(to);
  }
  const ordered = new Set(topologicalOrder(next));
  let at = [...next.keys()].find((block) => !ordered.has(block));
  if (at === undefined) {
    return undefined;
  }
  const previous = new Map<number, number>();
  for (const { from, to } of dependencies) {
    if (!(ordered.has(from) || ordered.has(to))) {
      previous.set(to, from);
    }
  }
  const seen: number[] = [];
  while (!seen.includes(at)) {
    seen.push(at);
    at = previous.get(at) ?? at;
  }
  return [...seen.slice(seen.indexOf(at)), at].reverse();
}
