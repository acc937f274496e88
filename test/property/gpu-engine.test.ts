import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import { widthTable } from "../../src/cost/width-costs.js";
import { GpuEngine } from "../../src/schedule/gpu-engine.js";
import { type GpuProblem, gpuProblemOf } from "../../src/schedule/gpu-problem.js";
import { type GpuPlan, gpuArcsOf } from "../../src/schedule/gpu-streams.js";
import { gpuMakespan } from "../../src/schedule/simulate-gpu.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { randomGraph } from "../support/graphs.js";
import { randomKernels, withoutEvery } from "../support/kernels.js";

const size = fc.integer({ min: 1, max: 60 });
const seed = fc.integer({ min: 1, max: 1_000_000 });

function problemOf(count: number, seeded: number): GpuProblem {
  const graph = randomGraph(count, 2, 6, seeded);
  const kernels = randomKernels(graph.operators.length, V100, seeded);
  const launched = seeded % 2 === 0 ? kernels : withoutEvery(2 + (seeded % 5), kernels);
  const problem = gpuProblemOf(graph, launched, V100, "estimated");
  // A front end that takes no time, and ones that kernels queue for.
  const dispatchNs = [0, 700, 5000][seeded % 3] ?? 0;
  // Forks and joins that take what events do, and ones that take longer the wider they are.
  const widths = [2, 3, 5].map((streams) => ({ streams, ns: streams * (seeded % 900) }));
  const widthNs = seeded % 4 < 2 ? undefined : widthTable(widths, 64);
  return {
    ...problem,
    work: { ...problem.work, dispatchNs, ...(widthNs === undefined ? {} : { widthNs }) },
  };
}

function engineOf({ graph, work }: GpuProblem, tail?: Float64Array): GpuEngine {
  const waits = {
    predecessors: gpuArcsOf(graph.operators.map(({ predecessors }) => predecessors)),
    successors: gpuArcsOf(graph.operators.map(({ successors }) => successors)),
  };
  const options = { isForAttempts: true };
  return new GpuEngine(work, waits, tail === undefined ? options : { ...options, tail });
}

function someStreams(count: number, streams: number, seeded: number): GpuPlan {
  const random = seededRandom(seeded);
  const streamOf = Int32Array.from({ length: count }, () => random.integer(streams));
  return { order: Int32Array.from({ length: count }, (_, id) => id), streamOf, streams };
}

/** The plan with one operator on another stream, or earlier in launch order. */
function changed({ graph }: GpuProblem, plan: GpuPlan, seeded: number) {
  const random = seededRandom(seeded);
  const moved = random.integer(plan.order.length);
  if (random.integer(2) === 0) {
    const streamOf = plan.streamOf.slice();
    streamOf[moved] = random.integer(plan.streams);
    return { plan: { ...plan, streamOf }, moved };
  }
  const order = [...plan.order];
  const at = order.indexOf(moved);
  const before = new Set<number>(graph.operators[moved]?.predecessors ?? []);
  let to = at;
  while (to > 0 && !before.has(order[to - 1] ?? -1)) {
    to--;
  }
  order.splice(at, 1);
  order.splice(to, 0, moved);
  return { plan: { ...plan, order: Int32Array.from(order) }, moved };
}

describe("GpuEngine", () => {
  it("gives an attempt the makespan of a whole run, over many kept attempts", () => {
    let resumed = 0;
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const problem = problemOf(count, seeded);
        const engine = engineOf(problem);
        let plan = someStreams(problem.graph.operators.length, 4, seeded);
        engine.run(plan);
        for (let step = 0; step < 12; step++) {
          const change = changed(problem, plan, seeded + step);
          const before = engine.events;
          const ns = engine.attempt(change.plan, change.moved, Number.POSITIVE_INFINITY);
          const fresh = engineOf(problem);
          expect(ns).toBe(fresh.run(change.plan));
          resumed += engine.events - before < fresh.events ? 1 : 0;
          if (step % 2 === 0) {
            engine.keep();
            plan = change.plan;
            expect([...engine.startNs]).toEqual([...fresh.startNs]);
            expect([...engine.endNs]).toEqual([...fresh.endNs]);
            expect([...engine.readyNs]).toEqual([...fresh.readyNs]);
          }
        }
      }),
      { numRuns: 60 },
    );
    expect(resumed).toBeGreaterThan(50);
  });

  it("gives up exactly on what exceeds the limit", () => {
    let refused = 0;
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const problem = problemOf(count, seeded);
        const { graph, work, costs } = problem;
        const gap = Math.min(work.launchGapNs, work.eventNs);
        const tail = new Float64Array(graph.operators.length);
        for (const { id, successors } of [...graph.operators].reverse()) {
          const after = successors.map((next) => gap + (tail[next] ?? 0));
          tail[id] = (costs.durationNs[id] ?? 0) + Math.max(0, ...after);
        }
        const engine = engineOf(problem, tail);
        const plan = someStreams(graph.operators.length, 3, seeded);
        const limit = engine.run(plan);
        for (let step = 0; step < 12; step++) {
          const change = changed(problem, plan, seeded + step);
          const whole = engineOf(problem).run(change.plan);
          const ns = engine.attempt(change.plan, change.moved, limit);
          expect(ns).toBe(whole <= limit + 1e-9 ? whole : Number.POSITIVE_INFINITY);
          refused += ns === Number.POSITIVE_INFINITY ? 1 : 0;
        }
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it("takes no notice of waits that are implied", () => {
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const problem = problemOf(count, seeded);
        const plan = someStreams(problem.graph.operators.length, 4, seeded);
        const schedule = composeSchedule(problem.graph, "test", plan);
        const all = Math.round(engineOf(problem).run(plan));
        expect(gpuMakespan(problem.work, schedule)).toBeLessThanOrEqual(all + 1);
      }),
      { numRuns: 60 },
    );
  });
});
