import { describe, expect, it } from "vitest";
import { V100 } from "../../../../../src/cost/device-models/ampere-and-before.js";
import { GpuEngine } from "../../../../../src/schedule/gpu-engine.js";
import { gpuProblemOf } from "../../../../../src/schedule/gpu-problem.js";
import { type GpuPlan, gpuArcsOf } from "../../../../../src/schedule/gpu-streams.js";
import { onFewerStreams } from "../../../../../src/search/operator/gpu/on-fewer-streams.js";
import { graphOf, type Node } from "../../../../support/graphs.js";
import { kernel } from "../../../../support/kernels.js";

/** Tasks of one model: forks of two with a join, one after the other. */
function tasks(count: number, forks: number): Node[] {
  const nodes: Node[] = [];
  for (let task = 0; task < count; task++) {
    nodes.push({});
    for (let fork = 0; fork < forks; fork++) {
      const from = nodes.length - 1;
      nodes.push({ after: [from] }, { after: [from] });
      nodes.push({ after: [from + 1, from + 2] });
    }
  }
  return nodes;
}

describe("onFewerStreams", () => {
  it("lets side branches that never overlap share a stream, however many there are", () => {
    const [count, forks] = [12, 20];
    const graph = graphOf(tasks(count, forks));
    const operators = graph.operators.length;
    const kernels = Array.from({ length: operators }, () => [kernel(5000)]);
    const problem = gpuProblemOf(graph, kernels, V100, "estimated");
    const engine = new GpuEngine(
      problem.work,
      {
        predecessors: gpuArcsOf(graph.operators.map(({ predecessors }) => predecessors)),
        successors: gpuArcsOf(graph.operators.map(({ successors }) => successors)),
      },
      { isForAttempts: true },
    );
    // The first operator of a fork and its join stay on the task's stream, the second has its own;
    // and tasks are launched one after the other, so that launches are far from the order of time.
    const streamOf = Int32Array.from({ length: operators }, (_, id) => {
      const size = 1 + 3 * forks;
      const at = id % size;
      return at > 0 && at % 3 === 2 ? count + id : Math.floor(id / size);
    });
    const order = Int32Array.from({ length: operators }, (_, id) => id);
    const start: GpuPlan = { order, streamOf, streams: count + operators };
    const makespan = engine.run(start);
    const found = onFewerStreams(engine, start, makespan, 0);
    expect(new Set(start.streamOf).size).toBe(count * (1 + forks));
    expect(new Set(found.streamOf).size).toBe(2 * count);
    expect(Math.round(engine.run(found))).toBeLessThanOrEqual(Math.round(makespan));
  });

  it("keeps a plan whose streams are all needed", () => {
    const graph = graphOf([{}, {}, {}]);
    const problem = gpuProblemOf(
      graph,
      graph.operators.map(() => [kernel(5000)]),
      V100,
      "estimated",
    );
    const none = gpuArcsOf([[], [], []]);
    const engine = new GpuEngine(
      problem.work,
      { predecessors: none, successors: none },
      { isForAttempts: true },
    );
    const start = { order: Int32Array.of(0, 1, 2), streamOf: Int32Array.of(2, 0, 1), streams: 3 };
    const found = onFewerStreams(engine, start, engine.run(start), 1000);
    expect(new Set(found.streamOf).size).toBe(3);
  });
});
