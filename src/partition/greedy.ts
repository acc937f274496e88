import type { PartitionGraph } from "./partition-graph.js";
import { runGrower } from "./run-grower.js";
import type { StagePartition } from "./stage-partition.js";

/**
 * Cuts an order into stages of about the same work, once through and without looking back: what a
 * user would write first, and the yardstick for everything else.
 *
 * A stage ends at the operator that brings it nearest to its share of the work that is left, the
 * shares being those of the device speeds. What is received plays no part. A stage that has no room
 * for the next operator ends early.
 *
 * Ensures: every stage has an operator. Memory may still be exceeded, by the last stage or by what
 * a stage needs for its first operator.
 * Cost: O(operators + reads).
 */
export function greedyPartition(
  graph: PartitionGraph,
  order: Int32Array,
  stages: number,
): StagePartition {
  const { operators, durationNs, speed } = graph;
  const run = runGrower(graph);
  run.load(order);
  const stageOf = new Int32Array(operators);
  let left = graph.totalNs;
  let speedLeft = speed.subarray(0, stages).reduce((sum, each) => sum + each, 0);
  let at = 0;
  for (let stage = 0; stage < stages; stage++) {
    const share = (left * speed[stage]!) / speedLeft;
    const last = operators - (stages - 1 - stage);
    const first = at;
    let work = 0;
    run.start(at, stage);
    while (at < last) {
      const operator = order[at]!;
      const duration = durationNs[operator]!;
      const isEnough = stage < stages - 1 && work + duration / 2 > share;
      if (at > first && isEnough) {
        break;
      }
      const time = run.grow(at);
      if (at > first && time === Number.POSITIVE_INFINITY) {
        break;
      }
      stageOf[operator] = stage;
      work += duration;
      at++;
    }
    left -= work;
    speedLeft -= speed[stage]!;
  }
  // Operators without room go to the last stage: the caller sees that it does not fit.
  for (; at < operators; at++) {
    stageOf[order[at]!] = stages - 1;
  }
  return { stageCount: stages, stageOf };
}
