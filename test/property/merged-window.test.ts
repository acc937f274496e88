/** What holds of every window of parts of models. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subgraphOf } from "../../src/ir/subgraph.js";
import { verifyGraph } from "../../src/ir/verify-graph.js";
import { type PlannedTask, plainWindow, searchWindow } from "../../src/launcher/make-window.js";
import type { MergedWindow } from "../../src/schedule/serving/merged-window.js";
import type { TaskLaunch } from "../../src/schedule/serving/serving-options.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { windowGraphOf, windowPartsOf } from "../../src/schedule/serving/window-graph.js";
import { WindowTimelines } from "../../src/schedule/serving/window-timeline.js";
import { windowProblems } from "../../src/verify/window-problems.js";
import { arbitraryCase } from "../support/arbitrary-graphs.js";
import { arbitraryWindow, partsOf, plannedOf, requestsOf } from "../support/arbitrary-windows.js";
import { modelOf, policyOf, problemOf, runOf } from "../support/serving.js";

/** Models, each cut behind some of its operators. */
const arbitraryTasks = fc.array(
  fc.record({ graph: arbitraryCase(12).map(({ graph }) => graph), cuts: fc.array(fc.nat(11)) }),
  { minLength: 1, maxLength: 3 },
);

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

function problemsOf(window: MergedWindow, planned: readonly PlannedTask[]): readonly string[] {
  return windowProblems(window, (model) => planned.find((task) => task.model === model)?.problem);
}

describe("a window", () => {
  it("is right, and no longer for having been searched", () => {
    fc.assert(
      fc.property(arbitraryWindow, (each) => {
        const planned = plannedOf(each);
        const plain = plainWindow(planned);
        const searched = searchWindow(planned, { seed: 1, effort: 2000 });
        expect(problemsOf(plain, planned)).toEqual([]);
        expect(problemsOf(searched, planned)).toEqual([]);
        expect(searched.periodNs).toBeLessThanOrEqual(plain.periodNs);
        const problems = planned.map(({ problem }) => problem);
        const timelines = new WindowTimelines(searched, problems);
        const whole = timelines.of(new Uint8Array(timelines.parts.length).fill(1));
        expect(Math.round(whole.makespanNs)).toBe(searched.periodNs);
      }),
      { numRuns: 40 },
    );
  });

  it("serves every request once, in order, by the rules", () => {
    let requests = 0;
    fc.assert(
      fc.property(arbitraryWindow, (each) => {
        const { models, periodNs } = each;
        const planned = plannedOf(each);
        const window = plainWindow(planned);
        const problems = planned.map(({ problem }) => problem);
        const arrivals = requestsOf(each);
        const launches: TaskLaunch[] = [];
        const policy = policyOf(models.map(({ batch }) => ({ periodNs, batch })));
        const run = simulateServing(
          problemOf(models.map(({ batch }) => modelOf(runOf(batch, { ns: 1 })))),
          arrivals,
          { ...policy, window: { window, problems } },
          { onLaunch: (launch) => launches.push(launch) },
        );
        const starts = [...new Set(launches.map(({ timeNs }) => timeNs))];
        for (const [at, start] of starts.entries()) {
          expect(start - (starts[at - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(
            periodNs - 1e-3,
          );
        }
        for (const [model, { tasks, batch, graph, cuts }] of models.entries()) {
          const own = launches.filter((launch) => launch.model === model);
          let next = 0;
          for (const launch of own) {
            expect(launch.first).toBe(next);
            next += launch.requests;
            expect(launch.requests).toBeGreaterThan(0);
            expect(launch.requests).toBeLessThanOrEqual(batch);
            expect(arrivals[model]![next - 1]!).toBeLessThanOrEqual(launch.timeNs);
            // A task that is not full leaves nobody waiting.
            if (launch.requests < batch) {
              expect(arrivals[model]![next] ?? Number.POSITIVE_INFINITY).toBeGreaterThan(
                launch.timeNs,
              );
            }
            // Later parts run in later windows, of which each begins a period after the one before.
            const windows = partsOf(graph.operators.length, cuts).length - 1;
            const end = run.endNs[model]![launch.first]!;
            expect(end - launch.timeNs).toBeGreaterThanOrEqual(windows * periodNs - 1e-3);
            expect(run.endNs[model]!.slice(launch.first, next)).toEqual(
              new Float64Array(launch.requests).fill(end),
            );
          }
          expect(next).toBe(arrivals[model]!.length);
          for (const start of starts) {
            expect(own.filter(({ timeNs }) => timeNs === start).length).toBeLessThanOrEqual(tasks);
          }
          requests += next;
        }
      }),
      { numRuns: 100 },
    );
    expect(requests).toBeGreaterThan(500);
  });
});
