import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { V100 as ASSUMED } from "../../src/cost/device-models/ampere-and-before.js";
import { GpuEngine } from "../../src/schedule/gpu-engine.js";
import { type GpuProblem, gpuProblemOf } from "../../src/schedule/gpu-problem.js";
import { gpuArcsOf } from "../../src/schedule/gpu-streams.js";
import { searchGpuSchedules } from "../../src/search/operator/gpu/gpu-candidates.js";
import { certain } from "../support/certain.js";
import { graphOf } from "../support/graphs.js";
import { randomKernels } from "../support/kernels.js";

const V100 = certain(ASSUMED);

/** A random graph of three to five operators, sparse or dense. */
function smallProblem(seed: number): GpuProblem {
  const random = seededRandom(seed);
  const density = 0.6 * random.next();
  const nodes = Array.from({ length: 3 + random.integer(3) }, (_, id) => ({
    after: Array.from({ length: id }, (__, from) => from).filter(() => random.next() < density),
  }));
  return gpuProblemOf(graphOf(nodes), randomKernels(nodes.length, V100, seed), V100, "estimated");
}

/** Every order in which operators can be launched. */
function ordersOf(predecessors: readonly (readonly number[])[]): number[][] {
  let orders: number[][] = [[]];
  for (const _ of predecessors) {
    orders = orders.flatMap((order) =>
      predecessors.flatMap((before, id) =>
        !order.includes(id) && before.every((from) => order.includes(from)) ? [[...order, id]] : [],
      ),
    );
  }
  return orders;
}

/** Every way to put `count` operators on streams that are all alike. */
function assignmentsOf(count: number): number[][] {
  let assignments: number[][] = [[]];
  for (let id = 0; id < count; id++) {
    assignments = assignments.flatMap((streams) =>
      Array.from({ length: Math.max(-1, ...streams) + 2 }, (_, stream) => [...streams, stream]),
    );
  }
  return assignments;
}

/** The least makespan of all schedules there are. */
function leastOf({ graph, work }: GpuProblem): number {
  const predecessors = graph.operators.map((operator) => operator.predecessors);
  const successors = graph.operators.map((operator) => operator.successors);
  const waits = { predecessors: gpuArcsOf(predecessors), successors: gpuArcsOf(successors) };
  const engine = new GpuEngine(work, waits);
  const count = predecessors.length;
  let least = Number.POSITIVE_INFINITY;
  for (const order of ordersOf(predecessors)) {
    for (const streams of assignmentsOf(count)) {
      const streamOf = Int32Array.from(streams);
      const plan = { order: Int32Array.from(order), streamOf, streams: count };
      least = Math.min(least, Math.round(engine.run(plan)));
    }
  }
  return least;
}

describe("the search for GPUs", () => {
  it("finds the best of all schedules of small graphs, but for a few that are close", () => {
    const excess: number[] = [];
    for (let seed = 1; seed <= 60; seed++) {
      const problem = smallProblem(seed);
      const least = leastOf(problem);
      const { ranked } = searchGpuSchedules(problem, { effort: 60_000 });
      const predicted = ranked.map(({ predictedNs }) => predictedNs);
      expect(Math.min(...predicted), `seed ${seed}`).toBeGreaterThanOrEqual(least - 1);
      excess.push((ranked[0]?.predictedNs ?? 0) / least - 1);
    }
    expect(excess.filter((share) => share > 1e-4).length).toBeLessThanOrEqual(6);
    expect(Math.max(...excess)).toBeLessThan(0.02);
  });
});
