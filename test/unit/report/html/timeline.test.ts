import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  eventAt,
  eventTable,
  eventText,
  findEvents,
  waitsOfEvent,
} from "../../../../src/report/html/page/events.js";
import {
  type LaneEvent,
  MOST_LANES,
  timelineOf,
} from "../../../../src/report/html/timeline-events.js";

const LANES = 3;

const frame = { lanes: ["x", "y", "z"], colors: [], views: [] };

const event: fc.Arbitrary<Omit<LaneEvent, "key" | "waits">> = fc.record({
  lane: fc.nat(LANES - 1),
  start: fc.nat(40),
  end: fc.nat(40),
  label: fc.constantFrom("conv", "relu", "pool"),
  color: fc.nat(9),
  isOnChain: fc.boolean(),
});

/** Events with keys of their own, each waiting for some of those before it. */
const events: fc.Arbitrary<LaneEvent[]> = fc
  .array(fc.tuple(event, fc.array(fc.nat(20), { maxLength: 3 })), { maxLength: 30 })
  .map((list) =>
    list.map(([each, waits], at) => ({
      ...each,
      key: `e${at}`,
      waits: [...new Set(waits)].filter((other) => other < at).map((other) => `e${other}`),
    })),
  );

describe("the columns of a timeline", () => {
  it("are read as what was written", () => {
    fc.assert(
      fc.property(events, (list) => {
        const table = eventTable(timelineOf(list, frame));
        const read = Array.from(table.starts.keys(), (at) => ({
          lane: table.laneOf[at],
          start: table.starts[at],
          end: table.ends[at],
          text: eventText(table, at),
          color: table.data.color[at],
          isOnChain: table.onChain[at] === 1,
          waits: waitsOfEvent(table, at).length,
        }));
        const written = list.map(({ lane, start, end, label, color, isOnChain, waits }) => ({
          lane,
          start,
          end: Math.max(start, end),
          text: label,
          color,
          isOnChain,
          waits: waits.length,
        }));
        const inOrder = (all: readonly object[]) => all.map((each) => JSON.stringify(each)).sort();
        expect(inOrder(read)).toEqual(inOrder(written));
      }),
    );
  });

  it("name what an event waits for", () => {
    const list = [
      { lane: 1, start: 0, end: 4, label: "a", color: 0, key: "a", waits: [], isOnChain: true },
      {
        lane: 0,
        start: 5,
        end: 6,
        label: "b",
        color: 0,
        key: "b",
        waits: ["a", "none"],
        isOnChain: true,
      },
    ];
    const table = eventTable(timelineOf(list, frame));
    expect(waitsOfEvent(table, 0).map((at) => eventText(table, at))).toEqual(["a"]);
    expect(waitsOfEvent(table, 1)).toEqual([]);
  });

  it("have micro-batches behind the name", () => {
    const one = {
      lane: 0,
      start: 0,
      end: 1,
      label: "f",
      number: 12,
      color: 0,
      key: "f",
      waits: [],
      isOnChain: false,
    };
    const table = eventTable(timelineOf([one], frame));
    expect(eventText(table, 0)).toBe("f.12");
    expect(findEvents(table, "F.1")).toEqual([0]);
    expect(findEvents(table, "f.2")).toEqual([]);
  });

  it("are of a number of lanes that can be drawn", () => {
    const lanes = Array.from({ length: MOST_LANES + 5 }, (_, lane) => `s${lane}`);
    const list = lanes.map(
      (_, lane): LaneEvent => ({
        lane,
        start: 0,
        end: lane + 1,
        label: "a",
        color: lane,
        key: `${lane}`,
        waits: [],
        isOnChain: false,
      }),
    );
    const data = timelineOf(list, { ...frame, lanes });
    expect(data.lanes).toHaveLength(MOST_LANES);
    expect(data.label).toHaveLength(MOST_LANES);
    expect(data.end).toBe(MOST_LANES + 5);
  });
});

describe("eventAt", () => {
  it("finds an event at a time, else the nearest within reach", () => {
    fc.assert(
      fc.property(events, fc.nat(LANES - 1), fc.nat(45), fc.nat(5), (list, lane, time, slack) => {
        const table = eventTable(timelineOf(list, frame));
        const away = (at: number): number =>
          Math.max(0, table.starts[at]! - time, time - table.ends[at]!);
        const near = Array.from(table.starts.keys()).filter(
          (at) => table.laneOf[at] === lane && away(at) <= slack,
        );
        const least = Math.min(...near.map(away));
        const found = eventAt(table, lane, time, slack);
        if (near.length === 0) {
          expect(found).toBe(-1);
        } else {
          expect(table.laneOf[found]).toBe(lane);
          expect(away(found)).toBe(least);
        }
      }),
    );
  });
});
