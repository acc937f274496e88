import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { NodeLaunch, PlanAction } from "../../src/runtime/cuda/client/nodes.js";
import {
  BUILD_TIMEOUT_MS,
  expectDone,
  noCompiler,
  SCALE,
  testHelper,
} from "../support/native-helper.js";

interface TestSchedule {
  readonly nodes: number;
  readonly launches: readonly Required<NodeLaunch>[];
}

/** Schedules of up to 30 launches on up to 6 streams, nodes in any order, some not launched. */
const schedules: fc.Arbitrary<TestSchedule> = fc
  .record({
    count: fc.integer({ min: 0, max: 30 }),
    streams: fc.integer({ min: 1, max: 6 }),
    density: fc.integer({ min: 0, max: 6 }),
    spare: fc.integer({ min: 0, max: 3 }),
    draws: fc.infiniteStream(fc.nat()),
  })
  .map(({ count, streams, density, spare, draws }) => {
    const draw = (bound: number): number => Number(draws.next().value) % bound;
    const nodes = count + spare;
    const order = Array.from({ length: nodes }, (_, i) => i);
    for (let i = nodes - 1; i > 0; i--) {
      const j = draw(i + 1);
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    const launches = order.slice(0, count).map((node, i) => ({
      node,
      stream: draw(streams),
      after: order.slice(0, i).filter(() => draw(7) < density / (1 + i / 4)),
    }));
    return { nodes, launches };
  });

/**
 * What has ended when each launch starts and when stream 0 has ended, found by following the
 * actions: an independent and slow way that keeps whole sets. A stream other than 0 takes part in a
 * capture only once it has waited for one that does; launches before that are told.
 */
function follow(actions: readonly PlanAction[]): {
  readonly before: ReadonlyMap<number, ReadonlySet<number>>;
  readonly atEnd: ReadonlySet<number>;
  readonly outside: readonly number[];
} {
  const known = new Map<number, Set<number>>([[0, new Set()]]);
  const events = new Map<number, ReadonlySet<number>>();
  const before = new Map<number, ReadonlySet<number>>();
  const outside: number[] = [];
  for (const action of actions) {
    const mine = known.get(action.stream);
    if (action.do === "wait") {
      const theirs = events.get(action.event);
      if (theirs !== undefined) {
        known.set(action.stream, new Set([...(mine ?? []), ...theirs]));
      }
    } else if (mine === undefined) {
      outside.push(action.do === "launch" ? action.node : -1);
    } else if (action.do === "record") {
      events.set(action.event, new Set(mine));
    } else {
      before.set(action.node, new Set(mine));
      mine.add(action.node);
    }
  }
  return { before, atEnd: known.get(0) ?? new Set(), outside };
}

/** The first thing that a plan does not keep of a schedule. */
function broken({ launches }: TestSchedule, actions: readonly PlanAction[]): string | undefined {
  const { before, atEnd, outside } = follow(actions);
  if (outside.length > 0) {
    return `node ${outside[0]} is outside of the capture`;
  }
  const lastOf = new Map<number, number>();
  for (const { node, stream, after } of launches) {
    const wanted = lastOf.has(stream) ? [...after, lastOf.get(stream) ?? -1] : after;
    const missing = wanted.find((each) => before.get(node)?.has(each) !== true);
    if (missing !== undefined) {
      return `${node} does not wait for ${missing}`;
    }
    lastOf.set(stream, node);
  }
  const loose = launches.find(({ node }) => !atEnd.has(node));
  return loose === undefined ? undefined : `stream 0 does not wait for ${loose.node}`;
}

describe.skipIf(noCompiler !== undefined)(`planner (${noCompiler ?? ""})`, () => {
  let helper: GpuHelper;
  beforeAll(async () => {
    helper = await testHelper({ hasDevice: false });
  }, BUILD_TIMEOUT_MS);
  afterAll(() => helper.close());

  const plan = async ({ nodes, launches }: TestSchedule) =>
    (await expectDone(helper, "plan", { nodes, schedule: { launches } })).actions;

  it("keeps every dependency, joins every stream and needs every wait", async () => {
    let waits = 0;
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const actions = await plan(schedule);
        expect(broken(schedule, actions)).toBeUndefined();
        const launched = actions.flatMap((a) => (a.do === "launch" ? [[a.node, a.stream]] : []));
        expect(launched).toEqual(schedule.launches.map(({ node, stream }) => [node, stream]));
        for (const [i, action] of actions.entries()) {
          if (action.do === "wait") {
            waits++;
            const without = actions.filter((_, k) => k !== i);
            expect(broken(schedule, without), `wait ${i} can be left out`).toBeDefined();
          }
        }
      }),
      { numRuns: 150 * SCALE },
    );
    expect(waits).toBeGreaterThan(100);
  });

  it("records an event only for those who wait", async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const made = await expectDone(helper, "plan", {
          nodes: schedule.nodes,
          schedule: { launches: schedule.launches },
        });
        const of = (kind: "record" | "wait"): readonly number[] =>
          made.actions.flatMap((action) => (action.do === kind ? [action.event] : []));
        expect([...of("record")].sort((a, b) => a - b)).toEqual(
          Array.from({ length: made.events }, (_, i) => i),
        );
        expect(new Set(of("wait"))).toEqual(new Set(of("record")));
      }),
      { numRuns: 50 * SCALE },
    );
  });

  it("sends one stream through without an event", async () => {
    const launches = [
      { node: 0, stream: 0, after: [] },
      { node: 1, stream: 0, after: [0] },
      { node: 2, stream: 0, after: [0, 1] },
    ];
    expect(await plan({ nodes: 3, launches })).toEqual([
      { do: "launch", stream: 0, node: 0 },
      { do: "launch", stream: 0, node: 1 },
      { do: "launch", stream: 0, node: 2 },
    ]);
  });

  it("forks streams that wait for nobody, and joins what others have not joined", async () => {
    const launches = [
      { node: 0, stream: 2, after: [] },
      { node: 1, stream: 1, after: [0] },
    ];
    expect(await plan({ nodes: 2, launches })).toEqual([
      { do: "record", stream: 0, event: 0 },
      { do: "wait", stream: 2, event: 0 },
      { do: "launch", stream: 2, node: 0 },
      { do: "record", stream: 2, event: 1 },
      { do: "wait", stream: 1, event: 1 },
      { do: "launch", stream: 1, node: 1 },
      { do: "record", stream: 1, event: 2 },
      { do: "wait", stream: 0, event: 2 },
    ]);
  });

  it.each([
    ["a node that is not", [{ node: 1 }], "/schedule/launches/0/node"],
    ["a node twice", [{ node: 0 }, { node: 0 }], "/schedule/launches/1/node"],
    ["waiting for itself", [{ node: 0, after: [0] }], "/schedule/launches/0/after/0"],
    ["waiting for nothing", [{ node: 0, after: [7] }], "/schedule/launches/0/after/0"],
    ["a stream too many", [{ node: 0, stream: 128 }], "/schedule/launches/0/stream"],
  ])("refuses %s", async (_name, launches, pointer) => {
    expect(await helper.call("plan", { nodes: 1, schedule: { launches } })).toMatchObject({
      error: [{ code: "helper-refused-request", where: pointer }],
    });
  });

  it("plans 20,000 launches on 128 streams", async () => {
    const launches = Array.from({ length: 20_000 }, (_, node) => ({
      node,
      stream: (node * 7) % 128,
      after: [1, 2, 77].map((back) => node - back).filter((before) => before >= 0),
    }));
    const schedule = { nodes: launches.length, launches };
    const actions = await plan(schedule);
    expect(actions.filter((action) => action.do === "launch")).toHaveLength(20_000);
    expect(actions.at(-1)).toMatchObject({ do: "wait", stream: 0 });
  });
});
