/** Which kernel hides the host's launching: over a helper whose host takes given times. */
import { describe, expect, it } from "vitest";
import { ok } from "../../../../../src/core/result.js";
import type { ExecutableSchedule } from "../../../../../src/runtime/cuda/client/nodes.js";
import type { MeasureRequest } from "../../../../../src/runtime/cuda/client/protocol.js";
import type { HelperCalls } from "../../../../../src/runtime/cuda/session/helper-calls.js";
import {
  LONGER_SPINS_NS,
  SPIN_NS,
} from "../../../../../src/runtime/cuda/session/service-kernels.js";
import {
  measureHidden,
  measureWithClock,
} from "../../../../../src/runtime/cuda/session/timed-schedules.js";

const SPIN = 10;
const CLOCK = 20;
/** Node numbers by the time that they spin. */
const LONGER = LONGER_SPINS_NS.map((_, at) => 11 + at);
const service = { spin: SPIN, longerSpins: LONGER, clock: CLOCK };

/** A helper whose host launches each schedule in the times given; requests are noted. */
function helperOf(hostUs: readonly (readonly number[])[]) {
  const requests: MeasureRequest[] = [];
  const words = Buffer.alloc(16);
  words.writeBigInt64LE(396_000n, 0);
  words.writeBigInt64LE(200_000n, 8);
  const answers = {
    measure: (request: MeasureRequest) => {
      requests.push(request);
      // What the second measurement takes tells it from the first.
      const us = requests.length;
      return { samplesUs: request.schedules.map(() => [us]), hostUs };
    },
    download: () => ({ base64: words.toString("base64") }),
  };
  const call = async (op: keyof typeof answers, request: never) => ok(answers[op](request));
  return { helper: { call } as unknown as HelperCalls, requests };
}

const launches = [{ node: 0 }];
const graph: ExecutableSchedule = { launches };
const eager: ExecutableSchedule = { launches, mode: "eager" };

async function preludesFor(
  hostUs: readonly (readonly number[])[],
  schedules: readonly ExecutableSchedule[],
) {
  const { helper, requests } = helperOf(hostUs);
  const measured = await measureHidden({ helper, service }, { schedules, rounds: 3 });
  return { requests, us: measured.ok ? measured.value.samplesUs.flat() : [] };
}

describe("the kernel that hides launching", () => {
  it("is the shortest one where the host takes half of its time at most, and nothing is timed again", async () => {
    const half = SPIN_NS / 2000;
    const { requests, us } = await preludesFor([[half, half, half]], [graph]);
    expect(requests).toEqual([{ schedules: [graph], rounds: 3, prelude: SPIN }]);
    expect(us).toEqual([1]);
  });

  it.each(LONGER_SPINS_NS.map((ns, at) => [ns / 2000, LONGER[at]]))(
    "spins for twice what the host takes: %d us",
    async (hostUs, node) => {
      const { requests, us } = await preludesFor([[hostUs]], [graph]);
      expect(requests.at(-1)).toEqual({ schedules: [graph], rounds: 3, preludes: [node] });
      expect(us).toEqual([2]);
      const before = await preludesFor([[hostUs + 0.001]], [graph]);
      const next = LONGER[LONGER.indexOf(node ?? 0) + 1] ?? LONGER.at(-1);
      expect(before.requests.at(-1)?.preludes).toEqual([next]);
    },
  );

  it("is chosen for each schedule by the median of its own times; launched one by one, it stays the shortest", async () => {
    const slow = [10, 90, 90];
    const once = [10, 10, 90];
    const schedules = [graph, graph, eager];
    const { requests } = await preludesFor([slow, once, slow], schedules);
    expect(requests).toHaveLength(2);
    expect(requests[1]?.preludes).toEqual([LONGER[0], SPIN, SPIN]);
  });

  it("hides the clock's kernel too, whose times are kept apart", async () => {
    const { helper, requests } = helperOf([[10], [90], [10]]);
    const measured = await measureWithClock(
      { helper, service, clockOffset: 512 },
      { schedules: [graph, graph], rounds: 1 },
    );
    expect(measured).toEqual({
      ok: true,
      value: { samplesUs: [[2], [2]], hostUs: [[10], [90]], clockMhz: 1980 },
    });
    expect(requests[1]?.schedules).toEqual([graph, graph, { launches: [{ node: CLOCK }] }]);
    expect(requests[1]?.preludes).toEqual([SPIN, LONGER[0], SPIN]);
  });
});
