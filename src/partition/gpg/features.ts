import { isHeavyForm } from "../../ir/operator-form.js";
import { arithmeticIntensity, type OperatorGraph } from "../../ir/operator-graph.js";
import { operatorTypeNamed } from "../../onnx/operators/catalog.js";
import type { PartitionGraph } from "../partition-graph.js";
import { PartitionState } from "../partition-state.js";
import type { StagePartition } from "../stage-partition.js";
import { pathTimes } from "../topological-orders.js";

/**
 * The network's view of each operator: a row of numbers of about 1 in size, all relative to the
 * model (its longest operator, its longest path) or to a stage's share of the work, so that models
 * of any size and speed look alike.
 */

/** Numbers per operator. */
export const FEATURES = 27;

/** The place of each operator in a partition, in stages: `s` to `s + 1` for stage `s`, by work before it. */
export function stagePositions(
  graph: PartitionGraph,
  { stageCount, stageOf }: StagePartition,
  order: Int32Array,
): Float64Array {
  const work = new Float64Array(stageCount);
  const done = new Float64Array(stageCount);
  const weight = (operator: number): number => graph.durationNs[operator]! + 1;
  for (const operator of order) {
    const stage = stageOf[operator]!;
    work[stage] = work[stage]! + weight(operator);
  }
  const positions = new Float64Array(graph.operators);
  for (const operator of order) {
    const stage = stageOf[operator]!;
    const middle = done[stage]! + weight(operator) / 2;
    positions[operator] = stage + middle / work[stage]!;
    done[stage] = done[stage]! + weight(operator);
  }
  return positions;
}

/** Rows of features for a model cut like this, operators at these positions. */
export function operatorFeatures(
  model: OperatorGraph,
  graph: PartitionGraph,
  { stageCount, stageOf }: StagePartition,
  positions: Float64Array,
): Float64Array {
  const rows = new Float64Array(graph.operators * FEATURES);
  const state = new PartitionState(graph, stageOf, stageCount);
  const period = Math.max(1, state.periodNs());
  const speed = graph.speed.subarray(0, stageCount).reduce((sum, each) => sum + each, 0);
  const share = Math.max(1, graph.totalNs / speed);
  const longest = Math.max(
    1,
    graph.durationNs.reduce((most, ns) => Math.max(most, ns), 0),
  );
  const { topNs, bottomNs } = pathTimes(graph);
  const span = Math.max(
    1,
    bottomNs.reduce((most, ns) => Math.max(most, ns), 0),
  );
  const read = (list: { start: Int32Array; items: Int32Array }, id: number): number => {
    let sum = 0;
    for (let i = list.start[id]!; i < list.start[id + 1]!; i++) {
      sum += graph.transferNs[list.items[i]!]!;
    }
    return sum;
  };
  for (const { id, type, form, work, predecessors, successors } of model.operators) {
    const duration = graph.durationNs[id]!;
    const stage = stageOf[id]!;
    const position = positions[id]!;
    const within = position - stage;
    const before = predecessors.map((other) => positions[other]!);
    const after = successors.map((other) => positions[other]!);
    const earliest = Math.max(0, ...before);
    const latest = Math.min(stageCount, ...after);
    const slowness = (s: number): number =>
      s < 0 || s >= stageCount ? 1 : state.timeNs(s) / period;
    const [top, bottom] = [topNs[id]! / span, bottomNs[id]! / span];
    const row = [
      1,
      roughLog2(duration + 1) / roughLog2(longest + 1),
      roughLog2(Math.max(1, graph.operators / stageCount)) / 8,
      duration / longest,
      duration / share,
      read(graph.reads, id) / share,
      read(graph.writes, id) / share,
      Math.min(16, roughLog2(1 + Math.min(1e9, arithmeticIntensity(work)))) / 8,
      predecessors.length / 4,
      successors.length / 4,
      top,
      bottom,
      1 - top - bottom,
      position / stageCount,
      within,
      1 - within,
      stage === 0 ? 1 : 0,
      stage === stageCount - 1 ? 1 : 0,
      position - earliest,
      latest - position,
      slowness(stage - 1),
      slowness(stage),
      slowness(stage + 1),
      state.earliest(id) < stage ? 1 : 0,
      state.latest(id) > stage ? 1 : 0,
      isHeavyForm(form) ? 1 : 0,
      operatorTypeNamed(type)?.isJoin === true ? 1 : 0,
    ];
    for (let i = 0; i < FEATURES; i++) {
      rows[id * FEATURES + i] = Math.max(-2, Math.min(2, row[i]!));
    }
  }
  return rows;
}

/**
 * A logarithm to base 2 that is the same on every machine: exact at powers of two, straight lines
 * between them. Requires: `value` >= 1.
 */
function roughLog2(value: number): number {
  let exponent = 0;
  let rest = value;
  while (rest >= 2) {
    rest /= 2;
    exponent++;
  }
  return exponent + rest - 1;
}
