import { Heap } from "../../src/core/heap.js";
import type { Random } from "../../src/core/random.js";
import type { OperatorGraph } from "../../src/ir/operator-graph.js";

/** A random order of all operators in which nothing comes before what it needs, on random streams. */
export function randomLaunches(
  { operators }: OperatorGraph,
  streams: number,
  random: Random,
): readonly { readonly operator: string; readonly stream: number }[] {
  const rank = operators.map(() => random.next());
  const missing = operators.map(({ predecessors }) => predecessors.length);
  const ready = new Heap((a, b) => rank[a]! < rank[b]! || (rank[a] === rank[b] && a < b));
  operators.forEach((_, at) => {
    if (missing[at] === 0) {
      ready.push(at);
    }
  });
  const launches: { operator: string; stream: number }[] = [];
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    const operator = operators[at]!;
    launches.push({ operator: operator.name, stream: random.integer(streams) });
    for (const next of operator.successors) {
      missing[next]!--;
      if (missing[next] === 0) {
        ready.push(next);
      }
    }
  }
  return launches;
}
