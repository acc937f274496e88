import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GraphBuilder } from "../../fixtures/generator/graph-builder.js";
import { ELEMENT, int, ints } from "../../fixtures/generator/model-spec.js";
import { present } from "../../src/core/invariant.js";
import { deviceModelNamed } from "../../src/cost/device-models/catalog.js";
import { kernelsOf } from "../../src/cost/kernels/operator-kernels.js";
import { estimatedProblem } from "../../src/estimate/estimated-problem.js";
import { contractGraph } from "../../src/ir/contract-graph.js";
import { FUSION_LISTS, isComputedElsewhere, launchCount } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { gpuMakespan } from "../../src/schedule/simulate-gpu.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { searchGpuSchedules } from "../../src/search/operator/gpu/gpu-candidates.js";
import { launchUnits } from "../../src/search/operator/gpu/launch-units.js";
import { listed } from "../support/kernel-lists.js";

const DIMS = [1, 4, 8, 8];

type Make = (g: GraphBuilder, a: string, b: string) => string;

const norm = { axes: ints(-1), keepdims: int(1) };

/** Nodes that keep the dims, and one that does not. */
const MAKES: readonly Make[] = [
  (g, a) => g.node("Relu", [a]),
  (g, a) => g.node("Sigmoid", [a]),
  (g, a, b) => g.node("Add", [a, b]),
  (g, a, b) => g.node("Mul", [a, b]),
  (g, a) => g.node("Mul", [a, g.scalar(2)]),
  (g, a, b) => g.node("MatMul", [a, b]),
  (g, a) => g.node("MatMul", [a, g.sharedFill([8, 8], 0.5)]),
  (g, a) => g.node("Conv", [a, g.sharedFill([4, 4, 1, 1], 0.5)]),
  (g, a) => g.node("Softmax", [a], { axis: int(-1) }),
  (g, a) => g.node("Sub", [a, g.node("ReduceMean", [a], norm)]),
  (g, a) => g.node("Div", [a, g.node("Sqrt", [g.node("ReduceMean", [a], norm)])]),
  (g, a) => g.node("Transpose", [a], { perm: ints(0, 1, 3, 2) }),
  (g, a) => g.node("MaxPool", [a], { kernel_shape: ints(1, 1) }),
  (g, a, b) => {
    const both = g.node("Concat", [a, b], { axis: int(1) });
    return g.node("Conv", [both, g.sharedFill([4, 8, 1, 1], 0.5)]);
  },
  (g, a) => {
    const [left = "", right = ""] = g.nodes("Split", [a], 2, { axis: int(1) });
    return g.node("Concat", [right, left], { axis: int(1) });
  },
];

const drafts = fc.array(
  fc.record({
    make: fc.nat({ max: MAKES.length - 1 }),
    reads: fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })),
    isOutput: fc.nat({ max: 9 }).map((roll) => roll === 0),
  }),
  { minLength: 2, maxLength: 24 },
);

type Draft = typeof drafts extends fc.Arbitrary<infer T> ? T : never;

/** A model of the drafts, whose last value is an output, as some others are. */
function build(draft: Draft): (g: GraphBuilder) => void {
  return (g) => {
    const values = [g.input("x", ELEMENT.float, DIMS), g.input("z", ELEMENT.float, DIMS)];
    draft.forEach(({ make, reads, isOutput }, at) => {
      const [a, b] = reads.map((back) => present(values.at(-1 - (back % values.length)), "value"));
      const made = present(MAKES[make], "make")(g, a ?? "", b ?? "");
      values.push(made);
      if (isOutput || at === draft.length - 1) {
        values[values.length - 1] = `out${at}`;
        g.output(`out${at}`, made, ELEMENT.float, DIMS);
      }
    });
  };
}

/** Problems of a kernel list, by its definition. */
function problemsOf({ graph, fused }: LoweredModel): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<number>();
  for (const { members, main } of fused?.groups ?? []) {
    const inside = new Set<number>(members);
    const last = members.at(-1);
    if (
      members.length < 2 ||
      !inside.has(main) ||
      members.some((id, at) => id <= (members[at - 1] ?? -1))
    ) {
      problems.push(`members ${members.join()} with main ${main}`);
    }
    for (const id of members) {
      const { outputs } = present(graph.operators[id], "operator");
      const readers = outputs.flatMap((output) => graph.tensors[output]?.consumers ?? []);
      const isSeen = outputs.some((output) => graph.outputs.includes(output));
      if (seen.has(id)) {
        problems.push(`${id} is in two groups`);
      }
      if (
        id !== last &&
        (isSeen || readers.length === 0 || readers.some((each) => !inside.has(each)))
      ) {
        problems.push(`${id} is read outside of its group`);
      }
      seen.add(id);
    }
  }
  for (const id of fused?.inPlace ?? []) {
    if (seen.has(id) || graph.operators[id]?.type !== "Concat") {
      problems.push(`${id} is no concatenation by itself`);
    }
  }
  return problems;
}

describe("kernel lists of random models", () => {
  const device = present(deviceModelNamed("h200"), "device");

  it("are groups without a way out but their end, whose graph has no cycle", async () => {
    let fused = 0;
    await fc.assert(
      fc.asyncProperty(drafts, async (draft) => {
        for (const list of FUSION_LISTS) {
          const lowered = await listed(build(draft), list);
          const { graph, fused: groups } = lowered;
          expect(problemsOf(lowered)).toEqual([]);
          const own = Int32Array.from(
            graph.operators,
            ({ id }) => groups?.groups[groups.groupOf[id] ?? -1]?.members[0] ?? id,
          );
          // Groups on a common cycle would be one.
          const inPlace = groups?.inPlace.size ?? 0;
          const launches = launchCount(groups, graph.operators.length);
          expect(contractGraph(graph, own).graph.operators).toHaveLength(launches + inPlace);
          const { kernels } = estimatedProblem(lowered, device, "tf32");
          const launching = graph.operators.filter(({ id }) => !isComputedElsewhere(groups, id));
          expect(launching).toHaveLength(launches);
          for (const { id } of graph.operators) {
            // Our program copies what it cannot write where it belongs.
            const mayCopy = groups?.inPlace.has(id) === true;
            const launches = !isComputedElsewhere(groups, id);
            expect(mayCopy || (kernels[id]?.length ?? 0) > 0 === launches).toBe(true);
          }
          fused += graph.operators.length - launches;
        }
      }),
      { numRuns: 60 },
    );
    expect(fused).toBeGreaterThan(100);
  });

  it("take runtimes no more time than the operators by themselves", async () => {
    await fc.assert(
      fc.asyncProperty(drafts, async (draft) => {
        const times: number[] = [];
        for (const list of FUSION_LISTS) {
          const lowered = await listed(build(draft), list);
          const kernels = lowered.graph.operators.flatMap((operator) =>
            kernelsOf(operator, lowered, device, "ieee"),
          );
          times.push(kernels.reduce((sum, { durationNs }) => sum + durationNs, 0));
        }
        const [patterns = 0, elements = 0, none = 0] = times;
        // Times are whole nanoseconds.
        expect(patterns).toBeLessThanOrEqual(elements + 1);
        expect(elements).toBeLessThanOrEqual(none + 1);
      }),
      { numRuns: 40 },
    );
  });

  it("are scheduled as launches, with the same time for all operators", async () => {
    let contracted = 0;
    await fc.assert(
      fc.asyncProperty(drafts, async (draft) => {
        const lowered = await listed(build(draft));
        const problem = estimatedProblem(lowered, device, "tf32");
        const units = launchUnits(problem);
        const { ranked } = searchGpuSchedules(problem, { effort: 20_000 });
        for (const { schedule, predictedNs } of ranked) {
          expect(verifyOperatorSchedule(lowered.graph, schedule)).toEqual([]);
          if (units !== undefined) {
            const own = gpuMakespan(units.problem.work, units.contract(schedule));
            // Times of equal events differ in their last bits.
            expect(Math.abs(own - predictedNs)).toBeLessThanOrEqual(0.01 * predictedNs);
            contracted++;
          }
        }
      }),
      { numRuns: 30 },
    );
    expect(contracted).toBeGreaterThan(20);
  });
});
