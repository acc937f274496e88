/** Random schedules: any order that dependencies allow, any worker, more or less jumping between them. */
import { present } from "../../../src/core/invariant.js";
import type { Random } from "../../../src/core/random.js";
import type { OperatorGraph } from "../../../src/ir/operator-graph.js";
import type { OperatorSchedule } from "../../../src/schedule/operator-schedule.js";
import { verifyOperatorSchedule } from "../../../src/schedule/verify-operator-schedule.js";
import { composeSchedule } from "../../../src/search/operator/waits.js";

/** How likely an operator stays on the worker of what it reads, by schedule in turn. */
const LOYALTIES: readonly number[] = [0.98, 0.9, 0.7, 0];

/** `count` different kinds of random schedules on two workers. Throws: one does not verify. */
export function randomSchedules(
  graph: OperatorGraph,
  count: number,
  random: Random,
): readonly OperatorSchedule[] {
  return Array.from({ length: count }, (_, i) => {
    const loyalty = present(LOYALTIES[i % LOYALTIES.length], "loyalty");
    const schedule = randomSchedule(graph, loyalty, random.fork(i));
    const [problem] = verifyOperatorSchedule(graph, schedule);
    if (problem !== undefined || schedule.streams !== 2) {
      throw new Error(`a random schedule is invalid: ${JSON.stringify(problem)}`);
    }
    return schedule;
  });
}

function randomSchedule(graph: OperatorGraph, loyalty: number, random: Random): OperatorSchedule {
  const order = randomOrder(graph, random);
  const streamOf = new Int32Array(order.length);
  for (const id of order) {
    const before = graph.operators[id]?.predecessors ?? [];
    const followed = before[random.integer(Math.max(1, before.length))];
    const stays = followed !== undefined && random.next() < loyalty;
    streamOf[id] = stays ? streamOf[followed]! : random.integer(2);
  }
  // Two workers, whatever was drawn.
  const first = present(order[0], "operator");
  if (streamOf.every((stream) => stream === streamOf[first])) {
    streamOf[first] = 1 - streamOf[first]!;
  }
  return composeSchedule(graph, "random", { order, streamOf });
}

/** A topological order: again and again one of those that are ready. */
function randomOrder(graph: OperatorGraph, random: Random): Int32Array {
  const missing = Int32Array.from(graph.operators, ({ predecessors }) => predecessors.length);
  const ready = graph.operators.flatMap(({ id }) => (missing[id] === 0 ? [id] : []));
  const order = new Int32Array(graph.operators.length);
  for (let at = 0; at < order.length; at++) {
    const [id] = ready.splice(random.integer(ready.length), 1);
    order[at] = present(id, "ready operator");
    for (const next of graph.operators[order[at]!]?.successors ?? []) {
      missing[next] = missing[next]! - 1;
      if (missing[next] === 0) {
        ready.push(next);
      }
    }
  }
  return order;
}
