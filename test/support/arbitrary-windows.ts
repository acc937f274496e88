/** Random windows of random models, and requests for them. */
import fc from "fast-check";
import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import { type OperatorId, operatorId } from "../../src/ir/operator-graph.js";
import type { PlannedTask } from "../../src/launcher/make-window.js";
import { gpuProblemOf } from "../../src/schedule/gpu-problem.js";
import { searchOpara } from "../../src/search/operator/opara.js";
import { arbitraryCase } from "./arbitrary-graphs.js";
import { randomKernels } from "./kernels.js";

/** Windows of one to three models with up to two tasks each, and requests for them. */
export const arbitraryWindow = fc.record({
  models: fc.array(
    fc.record({
      graph: arbitraryCase(6).map(({ graph }) => graph),
      cuts: fc.array(fc.nat(5), { maxLength: 2 }),
      tasks: fc.integer({ min: 1, max: 2 }),
      batch: fc.integer({ min: 1, max: 3 }),
      gaps: fc.array(fc.constantFrom(0, 0, 500, 20_000, 200_000), { maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  periodNs: fc.constantFrom(0, 10_000, 300_000),
  seed: fc.nat(1000),
});

/** What `arbitraryWindow` gives. */
export type WindowCase = typeof arbitraryWindow extends fc.Arbitrary<infer T> ? T : never;

/** The tasks of a window, each scheduled as by Opara. */
export function plannedOf({ models, seed }: WindowCase): PlannedTask[] {
  return models.flatMap(({ graph, cuts, tasks, batch }, model) => {
    const kernels = randomKernels(graph.operators.length, V100, seed + model);
    const problem = gpuProblemOf(graph, kernels, V100, "estimated");
    const parts = partsOf(graph.operators.length, cuts);
    const schedule = searchOpara(problem);
    return Array.from({ length: tasks }, () => ({ model, batch, parts, problem, schedule }));
  });
}

/** So many operators cut behind some of them. */
export function partsOf(operators: number, cuts: readonly number[]): OperatorId[][] {
  const parts: OperatorId[][] = [[]];
  for (let id = 0; id < operators; id++) {
    parts.at(-1)!.push(operatorId(id));
    if (cuts.includes(id) && id + 1 < operators) {
      parts.push([]);
    }
  }
  return parts;
}

/** By model: when its requests arrive. */
export function requestsOf({ models }: WindowCase): Float64Array[] {
  return models.map(({ gaps }) => {
    let now = 0;
    return Float64Array.from(gaps, (gap) => {
      now += gap;
      return now;
    });
  });
}
