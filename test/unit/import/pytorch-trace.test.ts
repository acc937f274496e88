import { describe, expect, it } from "vitest";
import { importRows } from "../../../src/import/pytorch/import-rows.js";
import { readSchedule } from "../../../src/import/read-schedule.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";
import { type RanCell, ranCells, type TraceOptions, traceOf } from "../../support/pytorch-files.js";

/** Files named after their ranks. */
function read(...texts: readonly string[]) {
  return readSchedule(texts.map((text, at) => ({ path: `t${at}.json`, text })));
}

/** What was read; fails the test if nothing was. */
function recordOf(...texts: readonly string[]) {
  const found = read(...texts);
  if (!found.ok || found.value.format === "top-compile-trace") {
    throw new Error(found.ok ? found.value.format : found.error[0].message);
  }
  return found.value;
}

/** A run of ZB-V on two devices in which a block of each kind and stage takes a time of its own. */
const RUN = (() => {
  const built = buildShape("zb-v", {
    devices: 2,
    forward: 20_000,
    backward: 30_000,
    weight: 40_000,
  });
  const placement = built.ok ? built.value : ({} as never);
  const blocks = placement.blocks.map((block, at) => ({
    ...block,
    duration: block.duration + at * 7,
  }));
  const timed = { ...placement, blocks };
  const found = searchPipeline("zb-v", timed, 6);
  const whole = found.ok ? found.value.whole : ({} as never);
  return { placement: timed, whole, rows: ranCells(timed, whole) };
})();

const later = (row: readonly RanCell[], ns: number): RanCell[] =>
  row.map(({ cell, start, end }) => ({ cell, start: start + ns, end: end + ns }));

function traces(options: (rank: number) => TraceOptions = () => ({})): readonly string[] {
  return RUN.rows.map((row, rank) => traceOf([row], { rank, ...options(rank) }));
}

describe("traces of a run", () => {
  it.each([
    ["in order", (texts: readonly string[]) => texts],
    ["in any order", (texts: readonly string[]) => texts.toReversed()],
  ])("give its blocks, its orders and its times: %s", (_what, inOrder) => {
    const record = recordOf(...inOrder(traces()));
    const found = importRows(record.rows, { samples: record.samples, times: {} });
    expect(found.ok && found.value.placement).toEqual({ ...RUN.placement, timeUnit: "ns" });
    expect(found.ok && found.value.whole.instances.map(({ start, end }) => [start, end])).toEqual(
      RUN.whole.instances.map(({ start, end }) => [start, end]),
    );
    expect(record.times?.map(({ startNs }) => startNs)).toEqual(
      RUN.rows.map((row) => row.map(({ start }) => start)),
    );
    expect(record).toMatchObject({ steps: 1, notes: [] });
  });

  it("leave out the time in which a rank waits", () => {
    const waiting = traces(() => ({ waitNs: (cell) => (cell.includes("F") ? 300 : 0) }));
    expect(recordOf(...waiting).samples).toEqual(recordOf(...traces()).samples);
  });

  it("count waiting where no operators were recorded, and say so", () => {
    const waiting = traces(() => ({
      withOperators: false,
      waitNs: (cell) => (cell === "1F0" ? 300 : 0),
    }));
    const { samples, notes } = recordOf(...waiting);
    const own = recordOf(...traces()).samples?.[1]?.F?.[0] ?? 0;
    expect(samples?.[1]?.F?.[0]).toBe(own + 300);
    expect(notes.join("")).toContain("no operators were recorded");
  });

  it("count an action as nothing in which no operator ran", () => {
    const trace = JSON.parse(traces()[0]!) as { traceEvents: { name: string; ts?: number }[] };
    const skipped = trace.traceEvents.find(({ name }) => name === "PP:0I0");
    const events = trace.traceEvents.filter(
      ({ name, ts }) => name !== "aten::linear" || ts !== skipped?.ts,
    );
    const { samples } = recordOf(JSON.stringify({ ...trace, traceEvents: events }), traces()[1]!);
    expect(samples?.[0]?.I?.[0]).toBe(0);
  });

  it("are of the GPU where it was recorded", () => {
    const { samples, times } = recordOf(...traces(() => ({ gpuDelayNs: 50, waitNs: () => 100 })));
    expect(samples).toEqual(recordOf(...traces()).samples);
    expect(times).toEqual(recordOf(...traces()).times);
  });

  it("are put on one clock", () => {
    const apart = recordOf(...traces((rank) => ({ behindNs: rank * 1e6 })));
    expect(apart.notes.join("")).toContain("the clocks of the ranks differ");
    const ends = new Map<string, number>();
    apart.rows.forEach(({ cells }, rank) => {
      cells.forEach(({ actions: [action] }, at) => {
        const { kind, stage, microBatch } = action as never;
        ends.set(`${kind} ${stage} ${microBatch}`, apart.times?.[rank]?.endNs[at] ?? 0);
      });
    });
    let tightest = Number.POSITIVE_INFINITY;
    apart.rows.forEach(({ cells }, rank) => {
      cells.forEach(({ actions: [action] }, at) => {
        const { kind, stage, microBatch } = action as {
          kind: string;
          stage: number;
          microBatch: number;
        };
        const before =
          kind === "F" ? `F ${stage - 1} ${microBatch}` : `I ${stage + 1} ${microBatch}`;
        const end = kind === "W" ? undefined : ends.get(before);
        const slack = (apart.times?.[rank]?.startNs[at] ?? 0) - (end ?? Number.NEGATIVE_INFINITY);
        expect(slack).toBeGreaterThanOrEqual(0);
        tightest = Math.min(tightest, slack);
      });
    });
    expect(tightest).toBe(0);
  });

  it("fit one clock where blocks at the same time wait for each other's ranks", () => {
    // 0B0 reads what 1B0 makes at 40, in the middle of the cell.
    const first = [
      { cell: "0F0", start: 0, end: 10 },
      { cell: "(0F1;0B0)OVERLAP_F_B", start: 10, end: 60 },
      { cell: "0B1", start: 60, end: 70 },
    ];
    const second = [
      { cell: "1F0", start: 10, end: 20 },
      { cell: "1B0", start: 20, end: 40 },
      { cell: "1F1", start: 41, end: 45 },
      { cell: "1B1", start: 45, end: 50 },
    ];
    const record = recordOf(traceOf([first], { rank: 0 }), traceOf([second], { rank: 1 }));
    expect(record.notes).toEqual([]);
    expect(record.times?.[1]?.startNs).toEqual([10, 20, 41, 45]);
  });

  it("say when no clock fits", () => {
    const [first, second] = RUN.rows;
    const swapped = second!.map((each) => ({
      ...each,
      start: 1e9 - each.end,
      end: 1e9 - each.start,
    }));
    const { notes } = recordOf(
      traceOf([first!], { rank: 0 }),
      traceOf([swapped.toReversed()], { rank: 1 }),
    );
    expect(notes.join("")).toContain("contradict each other");
  });

  it("of several steps leave out the first, and give the last", () => {
    const span = 1e8;
    const steps = (row: readonly RanCell[]) => [
      row.map((each) => ({ ...each, end: each.start + 1 })),
      later(row, span),
      later(row, 2 * span),
    ];
    const record = recordOf(...RUN.rows.map((row, rank) => traceOf(steps(row), { rank })));
    expect(record.steps).toBe(2);
    expect(record.samples?.[0]?.F).toHaveLength(12);
    expect(record.times).toEqual(recordOf(...traces()).times);
  });

  it("leave out a step that was recorded from its middle", () => {
    const [row] = RUN.rows;
    const texts = RUN.rows.map((each, rank) =>
      traceOf([later(each, -1e8).slice(5), each], { rank }),
    );
    const record = recordOf(...texts);
    expect(record.rows[0]?.cells).toHaveLength(row!.length);
    expect(record.notes.join("")).toContain("left out: 1 step recorded in part only");
  });

  it("share what ran at the same time with nobody", () => {
    const [first, second] = [
      [
        { cell: "0F0", start: 0, end: 10 },
        { cell: "0B0", start: 10, end: 40 },
        { cell: "0F1", start: 40, end: 60 },
        { cell: "(0F2;0B1)OVERLAP_F_B", start: 60, end: 200 },
        { cell: "0B2", start: 200, end: 230 },
      ],
      [{ cell: "(0F0;0B0)OVERLAP_F_B", start: 0, end: 10 }],
    ];
    expect(recordOf(traceOf([first!])).samples).toEqual([{ F: [10, 20], B: [30, 30] }]);
    const record = recordOf(traceOf([second!]));
    const found = importRows(record.rows, { samples: record.samples ?? [], times: {} });
    expect(found.ok ? "" : found.error[0].message).toContain("has no time of 0F on its own");
  });
});

describe("traces that are refused", () => {
  const code = (...texts: readonly string[]): string => {
    const found = read(...texts);
    return found.ok
      ? ""
      : `${found.error[0].code} ${found.error[0].where}: ${found.error[0].message}`;
  };

  it.each([
    ["no actions", [JSON.stringify({ traceEvents: [] })], "import-actions-missing t0.json"],
    ["no trace", [JSON.stringify({ events: [] })], "import-schedule-unknown t0.json"],
    ["one rank twice", [traces()[0]!, traces()[0]!], "import-schedules-conflict t1.json"],
    [
      "an end that is missing",
      [traces()[0]!.slice(0, 900)],
      "import-malformed t0.json, line 1, column ",
    ],
    [
      "a time that is none",
      [traces()[0]!.replace(/"ts":[\d.]+/, '"ts":"soon"')],
      "import-malformed t0.json, event 1: has no ts",
    ],
    [
      "a time that is negative",
      [traces()[0]!.replace(/"dur":[\d.]+/, '"dur":-1')],
      "import-malformed t0.json, event 1: must be a time",
    ],
    [
      "a list that is none",
      ['{"traceEvents": 3}'],
      "import-malformed t0.json, traceEvents: must be",
    ],
    ["a trace and a table", [traces()[0]!, "0F0\n"], "import-schedule-unknown t1.json"],
    ["a table and a trace", ["0F0\n", traces()[0]!], "import-schedules-conflict t1.json"],
    ["nothing", [""], "import-schedule-unknown t0.json"],
  ])("%s", (_what, texts, failure) => {
    expect(code(...texts)).toContain(failure);
  });
});
