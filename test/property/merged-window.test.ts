/** What holds of every window of parts of models. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OperatorId, operatorId } from "../../src/ir/operator-graph.js";
import { subgraphOf } from "../../src/ir/subgraph.js";
import { verifyGraph } from "../../src/ir/verify-graph.js";
import { windowGraphOf, windowPartsOf } from "../../src/schedule/serving/window-graph.js";
import { arbitraryCase } from "../support/arbitrary-graphs.js";

/** Models, each cut behind some of its operators. */
const arbitraryTasks = fc.array(
  fc.record({ graph: arbitraryCase(12).map(({ graph }) => graph), cuts: fc.array(fc.nat(11)) }),
  { minLength: 1, maxLength: 3 },
);

function partsOf(operators: number, cuts: readonly number[]): OperatorId[][] {
  const parts: OperatorId[][] = [[]];
  for (let id = 0; id < operators; id++) {
    parts.at(-1)!.push(operatorId(id));
    if (cuts.includes(id) && id + 1 < operators) {
      parts.push([]);
    }
  }
  return parts;
}

describe("the graph of a window", () => {
  it("has every operator of every task once, and the dependencies inside parts alone", () => {
    fc.assert(
      fc.property(arbitraryTasks, (models) => {
        const tasks = models.map(({ graph, cuts }, model) => ({
          model,
          batch: 1,
          parts: partsOf(graph.operators.length, cuts),
        }));
        const parts = windowPartsOf(tasks);
        const { joint } = windowGraphOf(parts, (task) => models[task]!.graph);
        expect(verifyGraph(joint.graph)).toEqual([]);
        const place = (id: number): string => {
          const part = parts[joint.task[id]!]!;
          return `${part.task} ${part.operators[joint.origin[id]!]}`;
        };
        const places = joint.graph.operators.map(({ id }) => place(id));
        const all = models.flatMap(({ graph }, task) =>
          graph.operators.map(({ id }) => `${task} ${id}`),
        );
        expect([...places].sort()).toEqual([...all].sort());
        const arcs = joint.graph.operators.flatMap(({ id, successors }) =>
          successors.map((to) => `${place(id)} > ${place(to)}`),
        );
        const inside = parts.flatMap(({ task, operators }) =>
          operators.flatMap((id) =>
            models[task]!.graph.operators[id]!.successors.filter((to) =>
              operators.includes(to),
            ).map((to) => `${task} ${id} > ${task} ${to}`),
          ),
        );
        expect(arcs.sort()).toEqual(inside.sort());
      }),
    );
  });

  it("takes from and gives to the rest what crosses", () => {
    fc.assert(
      fc.property(
        arbitraryCase(12),
        fc.array(fc.boolean(), { minLength: 12 }),
        ({ graph }, kept) => {
          const ids = graph.operators.map(({ id }) => id).filter((id) => kept[id] === true);
          const part = subgraphOf(graph, ids);
          expect(verifyGraph(part)).toEqual([]);
          const names = (list: readonly number[], of: typeof graph): string[] =>
            list.map((id) => of.tensors[id]!.name).sort();
          const written = (id: number): boolean => {
            const { producer } = graph.tensors[id]!;
            return producer !== undefined && kept[producer] === true;
          };
          const read = graph.tensors.filter(({ consumers }) =>
            consumers.some((id) => kept[id] === true),
          );
          expect(names(part.inputs, part)).toEqual(
            names(
              read.map(({ id }) => id).filter((id) => !written(id)),
              graph,
            ),
          );
          const left = graph.tensors.filter(
            ({ id, consumers }) =>
              written(id) &&
              (graph.outputs.includes(id) || consumers.some((each) => kept[each] !== true)),
          );
          expect(names(part.outputs, part)).toEqual(
            names(
              left.map(({ id }) => id),
              graph,
            ),
          );
        },
      ),
    );
  });
});
