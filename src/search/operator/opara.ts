import { Heap } from "../../core/heap.js";
import { type BoundClass, boundClass, ridgeOf } from "../../cost/bound-class.js";
import type { Operator, OperatorGraph } from "../../ir/operator-graph.js";
import { bottomLevels } from "../../ir/path-lengths.js";
import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { composeSchedule } from "./waits.js";

/**
 * Opara: streams by inheritance, launch order by resource demand.
 *
 * Algorithm 1 assigns streams. In topological order each operator asks its predecessors, in order,
 * for their stream; the first that has not handed its stream on yet does so. An operator that gets
 * none opens a new stream. So a chain stays on one stream, of a fork the first child stays and the
 * others open streams, and a join goes on with the first branch that is still free.
 *
 * Algorithm 2 finds the launch order. Ready operators wait in two lists, compute-intensive and
 * memory-intensive. Lists take turns, so that neighbors on the device want different things, and
 * from a list goes the operator with the least resource demand, so that it fits next to what runs.
 *
 * Example: stem -> {convA, pool}, convA -> reluA -> join, pool -> convB -> join. Streams: stem,
 * convA, reluA, join | pool, convB. Order: stem, pool (memory), convA (compute), reluA, convB, join.
 *
 * Launching in the model's order instead (the obvious way) starts all of branch A before branch B:
 * on a device that dispatches in launch order, B's kernels then queue behind A's.
 *
 * Source: Chen et al., Opara, arXiv 2312.10351v2, Algorithms 1 and 2; IEEE Trans. Computers 2025.
 * Differs: the class of an operator comes from its arithmetic intensity against the ridge point of
 * its costs, not from a table of types as in the authors' code; demand ties are broken by the longer way to the end
 * of the graph, then by id. The first turn is the compute list's, as in the authors' code.
 */

/** Options of the two algorithms. */
export interface OparaOptions {
  /**
   * Resource demand by operator: any unit, only compared. A GPU has shared memory, threads and
   * registers of a thread block. A CPU has none of these: what operators on different cores compete
   * for is cache, so the default is the bytes that the operator touches.
   */
  readonly demand?: (operator: Operator) => number;
}

/**
 * The schedule of Opara's two algorithms.
 *
 * Cost: O(E + V log V) besides the waits.
 */
export function searchOpara(
  problem: OperatorProblem,
  options: OparaOptions = {},
): OperatorSchedule {
  const { graph } = problem;
  return composeSchedule(graph, "opara", {
    streamOf: inheritStreams(graph),
    order: launchOrder(problem, options),
  });
}

/** Algorithm 1: the stream of each operator, by id. */
export function inheritStreams(graph: OperatorGraph): Int32Array {
  const streamOf = new Int32Array(graph.operators.length);
  const handedOn = new Uint8Array(graph.operators.length);
  let streams = 0;
  for (const { id, predecessors } of graph.operators) {
    const giver = predecessors.find((predecessor) => handedOn[predecessor] === 0);
    if (giver === undefined) {
      streamOf[id] = streams;
      streams++;
    } else {
      handedOn[giver] = 1;
      streamOf[id] = streamOf[giver]!;
    }
  }
  return streamOf;
}

/** Algorithm 2: operator ids in launch order. */
function launchOrder(problem: OperatorProblem, options: OparaOptions): Int32Array {
  const { operators } = problem.graph;
  const ridge = ridgeOf(problem.graph, problem.costs);
  const classify = ({ work }: Operator): BoundClass => boundClass(work, ridge);
  const demand = Float64Array.from(operators, options.demand ?? bytesTouched);
  const level = bottomLevels(problem.graph, problem.costs.durationNs);
  const before = (a: number, b: number): boolean => {
    const byDemand = demand[a]! - demand[b]!;
    const byLevel = level[b]! - level[a]!;
    return (byDemand || byLevel || a - b) < 0;
  };
  const ready = { compute: new Heap(before), memory: new Heap(before) };
  const missing = Int32Array.from(operators, ({ predecessors }) => predecessors.length);
  for (const operator of operators) {
    if (operator.predecessors.length === 0) {
      ready[classify(operator)].push(operator.id);
    }
  }
  const order = new Int32Array(operators.length);
  let turn: BoundClass = "compute";
  for (let at = 0; at < order.length; at++) {
    const other: BoundClass = turn === "compute" ? "memory" : "compute";
    const chosen: BoundClass = ready[turn].size > 0 ? turn : other;
    const id = ready[chosen].pop()!;
    order[at] = id;
    turn = chosen === "compute" ? "memory" : "compute";
    for (const successor of operators[id]?.successors ?? []) {
      missing[successor] = missing[successor]! - 1;
      if (missing[successor] === 0) {
        ready[classify(operators[successor] as Operator)].push(successor);
      }
    }
  }
  return order;
}

function bytesTouched({ work }: Operator): number {
  return work.bytesRead + work.bytesWritten + work.parameterBytes;
}
