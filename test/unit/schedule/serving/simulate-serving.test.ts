import { describe, expect, it } from "vitest";
import { ServingEngine } from "../../../../src/schedule/serving/serving-engine.js";
import type {
  LauncherPolicy,
  ServingProblem,
} from "../../../../src/schedule/serving/serving-model.js";
import type { TaskLaunch } from "../../../../src/schedule/serving/serving-options.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

const MS = 1e6;

function ends(
  problem: ServingProblem,
  arrivals: readonly (readonly number[])[],
  policy: LauncherPolicy,
): readonly (readonly number[])[] {
  const times = arrivals.map((each) => Float64Array.from(each, (time) => time * MS));
  const run = simulateServing(problem, times, policy);
  return run.endNs.map((each) => Array.from(each, (time) => Number((time / MS).toFixed(9))));
}

const QUICK = modelOf(runOf(1, { ns: 1 * MS }));

describe("the launcher", () => {
  it("answers one request after the other with one task in flight", () => {
    expect(ends(problemOf([QUICK]), [[0, 0.5, 5]], policyOf([{}]))).toEqual([[1, 2, 6]]);
  });

  it("waits for the period, and takes what waits in one task", () => {
    const model = modelOf(runOf(1, { ns: 3 * MS }), runOf(4, { ns: 3 * MS }));
    const policy = policyOf([{ periodNs: 2 * MS, batch: 4 }]);
    // The example of the simulator's file: the first alone, the other two together at 3.
    expect(ends(problemOf([model]), [[0, 1, 2]], policy)).toEqual([[3, 6, 6]]);
    const wide = policyOf([{ periodNs: 2 * MS, batch: 4, concurrency: 2 }]);
    // With room for two, the period alone counts: launched at 2, next to the first for 1 ms of room left.
    expect(ends(problemOf([model]), [[0, 1, 2]], wide)).toEqual([[3, 6, 6]]);
  });

  it("launches at most once a period under load, with all that have come", () => {
    const model = modelOf(runOf(1, { ns: 0.25 * MS }), runOf(4, { ns: 0.5 * MS }));
    const policy = policyOf([{ periodNs: 2 * MS, batch: 4, concurrency: 9 }]);
    // Launches at 0, 2 and 4: one request, then four, then the two that are left.
    expect(ends(problemOf([model]), [[0, 0.1, 0.2, 0.3, 0.4, 0.5, 1]], policy)).toEqual([
      [0.25, 2.5, 2.5, 2.5, 2.5, 4.5, 4.5],
    ]);
  });

  it("lets a period that is over wait for the next request", () => {
    const policy = policyOf([{ periodNs: 2 * MS }]);
    expect(ends(problemOf([QUICK]), [[0, 2.7, 3]], policy)).toEqual([[1, 3.7, 5.7]]);
  });

  it("has pipelined tasks of a model in different parts", () => {
    const stages = [
      { ns: 3 * MS, share: 0.3 },
      { ns: 1 * MS, share: 0 },
      { ns: 2 * MS, share: 0.3 },
    ];
    const runs = [{ ...runOf(1, ...stages), pipeline: [0, 2] }];
    const policy = policyOf([{ concurrency: 3 }]);
    // The first part takes 4, the second 2. The next task is in flight at once, and begins when the first part is free.
    expect(ends(problemOf([modelOf(...runs)]), [[0, 0, 0]], policy)).toEqual([[6, 10, 14]]);
    const long = [{ ...runOf(1, ...stages), pipeline: [0, 1] }];
    // The first part takes 3, the second 1 + 2: the second of three is through it when the third comes.
    expect(ends(problemOf([modelOf(...long)]), [[0, 0, 0]], policy)).toEqual([[6, 9, 12]]);
    const short = [
      { ...runOf(1, { ns: MS, share: 0.3 }, { ns: 4 * MS, share: 0.3 }), pipeline: [0, 1] },
    ];
    // The second part is what all wait for; tasks of other models do not.
    const other = modelOf(runOf(1, { ns: MS, share: 0.1 }));
    expect(
      ends(
        problemOf([modelOf(...short), other]),
        [[0, 0, 0], [2]],
        policyOf([{ concurrency: 3 }, {}]),
      ),
    ).toEqual([[5, 9, 13], [3]]);
    const whole = modelOf(runOf(1, ...stages));
    expect(ends(problemOf([whole]), [[0, 0, 0]], policy)).toEqual([[6, 6, 6]]);
  });

  it("runs a task as the smallest batch that holds it", () => {
    const runs = [1, 2, 4].map((batch) => runOf(batch, { ns: batch * MS }));
    const launches: TaskLaunch[] = [];
    simulateServing(
      problemOf([modelOf(...runs)]),
      [Float64Array.from([0, 0.1, 0.2, 0.3, 9, 9, 20, 20], (time) => time * MS)],
      policyOf([{ batch: 3 }]),
      { onLaunch: (launch) => launches.push(launch) },
    );
    expect(launches.map(({ timeNs, requests, batch }) => [timeNs / MS, requests, batch])).toEqual([
      [0, 1, 1],
      [1, 3, 4],
      [9, 1, 1],
      [10, 1, 1],
      [20, 1, 1],
      [21, 1, 1],
    ]);
  });

  it("with one task in flight for all models is first come, first served across them", () => {
    const slow = modelOf(runOf(1, { ns: 3 * MS }));
    const policy = policyOf([{ concurrency: 4 }, { concurrency: 4 }], 1);
    expect(
      ends(
        problemOf([slow, QUICK]),
        [
          [0, 2],
          [1, 1.5],
        ],
        policy,
      ),
    ).toEqual([
      [3, 8],
      [4, 5],
    ]);
  });

  it("changes its policy as time goes on", () => {
    const engine = new ServingEngine(
      problemOf([modelOf(runOf(1, { ns: 10 * MS, share: 0.1 }))]),
      [Float64Array.from([0, 1, 2, 3], (time) => time * MS)],
      policyOf([{}]),
    );
    engine.advanceTo(4 * MS);
    expect([engine.queues.waiting(0), engine.queues.headNs(0)]).toEqual([3, 1 * MS]);
    expect(engine.progressOf(0)).toEqual([0.4]);
    engine.setPolicy(policyOf([{ concurrency: 3 }]));
    expect(engine.queues.waiting(0)).toBe(1);
    engine.advanceTo(5 * MS);
    expect(engine.progressOf(0)).toEqual([0.5, 0.1, 0.1]);
    engine.advanceTo(Number.POSITIVE_INFINITY);
    expect(Array.from(engine.queues.endNs[0]!, (time) => time / MS)).toEqual([10, 14, 14, 20]);
  });
});

describe("tasks in flight", () => {
  it("on a GPU share room, arithmetic and bandwidth as kernels do", () => {
    // The example of gpu-sharing.ts: 70 %, 20 % and 40 % of the bandwidth; the level is 40 %.
    const models = [0.7, 0.2, 0.4].map((bandwidth) =>
      modelOf(runOf(1, { ns: 7 * MS, share: 0.2, bandwidth })),
    );
    const together = ends(problemOf(models), [[0], [0], [0]], policyOf([{}, {}, {}]));
    // The second and the third are not slowed: over at 7. The first has done 4 of 7 and goes on alone.
    expect(together).toEqual([[10], [7], [7]]);
  });

  it("on a GPU wait for room in the order of their stages", () => {
    const model = modelOf(runOf(1, { ns: 2 * MS }, { ns: 2 * MS }));
    // Whole-device stages in turns: a b a b.
    const policy = policyOf([{ concurrency: 2 }]);
    expect(ends(problemOf([model]), [[0, 0]], policy)).toEqual([[6, 8]]);
  });

  it("on a GPU leave their gaps to others", () => {
    const model = modelOf(runOf(1, { ns: 2 * MS }, { ns: 2 * MS, share: 0 }, { ns: 2 * MS }));
    const policy = policyOf([{ concurrency: 2 }]);
    expect(ends(problemOf([model]), [[0, 0]], policy)).toEqual([[6, 8]]);
  });

  it("on a GPU lose the interference of their neighbors", () => {
    const device = {
      kind: "gpu",
      interference: { arithmetic: 0.25, mixed: 0.5, bandwidth: 0 },
    } as const;
    const task = (arithmetic: number, bandwidth: number) =>
      modelOf(runOf(1, { ns: 8 * MS, share: 0.1, arithmetic, bandwidth }));
    const ran = (models: readonly ReturnType<typeof task>[]) =>
      ends(
        problemOf(models, device),
        models.map(() => [0]),
        policyOf(models.map(() => ({}))),
      );
    expect(ran([task(0.2, 0), task(0.2, 0)])).toEqual([[10], [10]]);
    expect(ran([task(0.2, 0), task(0, 0.2)])).toEqual([[12], [12]]);
    expect(ran([task(0, 0.2), task(0, 0.2)])).toEqual([[8], [8]]);
  });

  it("on a CPU slow each other down by how many threads are busy", () => {
    // The example of run-segments.ts: 30 and 60 with a slowdown of 1.5.
    const device = { kind: "cpu", workers: 2, slowdown: [1, 1.5] } as const;
    const models = [modelOf(runOf(1, { ns: 30 * MS })), modelOf(runOf(1, { ns: 60 * MS }))];
    expect(ends(problemOf(models, device), [[0], [0]], policyOf([{}, {}]))).toEqual([[45], [75]]);
    // Two tasks of two threads on two workers take turns: half the speed, and the slowdown.
    const wide = modelOf(runOf(1, { ns: 30 * MS, share: 2 }));
    expect(ends(problemOf([wide], device), [[0, 0]], policyOf([{ concurrency: 2 }]))).toEqual([
      [90, 90],
    ]);
  });

  it("take as long as their scale says", () => {
    const run = simulateServing(
      problemOf([modelOf(runOf(1, { ns: MS }, { ns: MS, share: 0 }))]),
      [Float64Array.of(0, 0)],
      policyOf([{}]),
      { scaleOf: (_, launch) => launch + 1 },
    );
    expect(Array.from(run.endNs[0]!, (time) => time / MS)).toEqual([2, 6]);
  });

  it("end late in a long run too: what is left of a stage does not sink below the precision of time", () => {
    const model = modelOf(runOf(1, { ns: 333.3, share: 0.4 }, { ns: 0.7, share: 0.9 }));
    const arrivals = Float64Array.from({ length: 300 }, (_, at) => 1e15 + at * 100);
    const run = simulateServing(problemOf([model]), [arrivals], policyOf([{ concurrency: 5 }]));
    expect(run.endNs[0]!.every((end, at) => end > arrivals[at]!)).toBe(true);
  });
});
