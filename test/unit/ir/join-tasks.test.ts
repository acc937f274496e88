import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinTasks } from "../../../src/ir/join-tasks.js";
import { verifyGraph } from "../../../src/ir/verify-graph.js";
import { graphOf, randomGraph } from "../../support/graphs.js";

const diamond = graphOf([{}, { after: [0] }, { after: [0] }, { after: [1, 2] }]);

describe("joinTasks", () => {
  it("puts two tasks side by side, taking turns", () => {
    const { graph, task, origin } = joinTasks([
      { graph: diamond, prefix: "t0:", done: 0 },
      { graph: diamond, prefix: "t1:", done: 2 },
    ]);
    expect(graph.operators.map(({ name }) => name)).toEqual([
      "t0:op0",
      "t1:op2",
      "t0:op1",
      "t1:op3",
      "t0:op2",
      "t0:op3",
    ]);
    expect([...task]).toEqual([0, 1, 0, 1, 0, 0]);
    expect([...origin]).toEqual([0, 2, 1, 3, 2, 3]);
    // Of the second task, operators 0 and 1 have run: their tensors are inputs now.
    expect(graph.inputs.map((id) => graph.tensors[id]?.name).sort()).toEqual([
      "t0:input",
      "t1:t0",
      "t1:t1",
    ]);
    expect(graph.operators[3]?.predecessors).toEqual([1]);
    expect(graph.outputs.map((id) => graph.tensors[id]?.name)).toEqual(["t0:t3", "t1:t3"]);
  });

  it("leaves nothing of a task that is over", () => {
    const { graph } = joinTasks([{ graph: diamond, prefix: "t0:", done: 4 }]);
    expect(graph.operators).toEqual([]);
    expect(graph.tensors).toEqual([]);
    expect(graph.outputs).toEqual([]);
  });

  it("gives well-formed graphs with the work of what is left", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 12 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (sizes, seed) => {
          const tasks = sizes.map(([count, done], at) => ({
            graph: randomGraph(count, 2, 6, seed + at),
            prefix: `t${at}:`,
            done: Math.min(count, done),
          }));
          const { graph, task, origin } = joinTasks(tasks);
          expect(verifyGraph(graph)).toEqual([]);
          graph.operators.forEach((operator, id) => {
            const from = tasks[task[id] ?? 0];
            expect(operator.work).toEqual(from?.graph.operators[origin[id] ?? 0]?.work);
          });
          const left = tasks.reduce((sum, t) => sum + t.graph.operators.length - t.done, 0);
          expect(graph.operators.length).toBe(left);
        },
      ),
      { numRuns: 100 },
    );
  });
});
