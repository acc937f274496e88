import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import {
  middleRecord,
  recordOf,
  type ServedTask,
} from "../../../../src/profile/serving/task-times.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

const CONTENTION = [1, 1.25, 2];

/** Tasks of known work, served by the simulator on two cores. */
function served(sessions: number, work: readonly number[], wakeNs: number, seed: number) {
  const random = seededRandom(seed);
  let now = 0;
  const arrivals = Float64Array.from(work, () => (now += Math.round(1200 * random.next())));
  const record = { sessions, wakeNs, tasks: 1, usualNs: [1], slowAt: [], slowNs: [] };
  const run = { ...runOf(1, { ns: 1 }), contention: CONTENTION, records: [record] };
  const device = { kind: "cpu", workers: 2, slowdown: [1, 1] } as const;
  const { launchNs, endNs } = simulateServing(
    problemOf([modelOf(run)], device),
    [arrivals],
    policyOf([{ concurrency: sessions }]),
    { scaleOf: (_, launch) => work[launch]! },
  );
  return Array.from(arrivals, (arrivalNs, at): ServedTask & { readonly launchNs: number } => {
    return { arrivalNs, launchNs: launchNs[0]![at]!, endNs: endNs[0]![at]! };
  });
}

describe("the record of a served run", () => {
  it("has the work of every task, whoever ran beside it", () => {
    for (const sessions of [1, 2, 3]) {
      const tasks = served(sessions, new Array<number>(400).fill(700), 0, sessions);
      const record = recordOf(tasks, { sessions, threads: 1, contention: CONTENTION });
      expect(record).toMatchObject({ sessions, wakeNs: 0, tasks: 400 });
      expect(new Set([...record.usualNs, ...record.slowNs])).toEqual(new Set([700]));
      expect(record.slowAt).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }
  });

  it("is that of the middle run of several", () => {
    const runs = [300, 900, 400, 50_000, 100].map((usual, at) => {
      return { sessions: 1, wakeNs: at, tasks: 10, usualNs: [usual], slowAt: [3], slowNs: [5000] };
    });
    expect(middleRecord(runs)).toBe(runs[2]);
    expect(middleRecord(runs.slice(0, 1))).toBe(runs[0]);
  });

  it("has slow tasks at their places and what waking takes", () => {
    const work = Array.from({ length: 200 }, (_, at) => (at === 70 || at === 71 ? 90_000 : 400));
    const tasks = served(2, work, 60, 4);
    const record = recordOf(tasks, { sessions: 2, threads: 1, contention: CONTENTION });
    expect(record).toMatchObject({ sessions: 2, wakeNs: 60, tasks: 200 });
    expect(record.usualNs).toEqual(new Array(20).fill(400));
    const slow = record.slowAt.map((at, i) => [at, record.slowNs[i]]);
    expect(slow.filter(([, ns]) => ns! > 400)).toEqual([
      [70, 90_000],
      [71, 90_000],
    ]);
    expect(slow).toHaveLength(4);
  });
});
