import { describe, expect, it } from "vitest";
import { type GanttBar, renderGantt } from "../../../src/report/gantt.js";

const ROWS = ["one", "two"];

function draw(bars: readonly GanttBar[], end: number, width = 45): string[] {
  const chart = { rows: ROWS, bars, end, formatTime: String };
  return renderGantt(chart, { width, style: "ascii" }).split("\n");
}

describe("renderGantt", () => {
  it("gives each bar its share of the width, and tells neighbours apart", () => {
    const [one, two] = draw(
      [
        { row: 0, start: 0, end: 50, label: "a long name that does not fit in its bar" },
        { row: 0, start: 50, end: 75, label: "" },
        { row: 1, start: 75, end: 100, label: "" },
      ],
      100,
    );
    expect(one).toBe(`one  ${"#".repeat(20)}${"=".repeat(10)}${".".repeat(10)}`);
    expect(two).toBe(`two  ${".".repeat(30)}${"#".repeat(10)}`);
  });

  it("writes a label into a bar that has room for it and a margin", () => {
    const bar = { row: 0, start: 0, end: 20, label: "convolve" };
    expect(draw([bar], 80)[0]).toBe(`one  #convolve#${".".repeat(30)}`);
    expect(draw([{ ...bar, label: "convolve2" }], 80)[0]).toBe(
      `one  ${"#".repeat(10)}${".".repeat(30)}`,
    );
  });

  it("shows a row of bars shorter than a cell as busy", () => {
    const bars = Array.from({ length: 1000 }, (_, i) => ({
      row: 0,
      start: i,
      end: i + 0.9,
      label: "x",
    }));
    expect(draw(bars, 1000)[0]).not.toContain(".");
  });

  it("shows a cell as idle that is busy for less than half of its time", () => {
    expect(draw([{ row: 0, start: 0, end: 0.4, label: "" }], 40)[0]).toContain("one  .");
    expect(draw([{ row: 0, start: 0, end: 0.6, label: "" }], 40)[0]).toContain("one  #");
  });

  it("ends the axis at the right edge with the time of the end", () => {
    const lines = draw([], 100);
    expect(lines.at(-1)).toBe(`     0${"50".padStart(19)}${"100".padStart(20)}`);
    expect(lines.map((line) => line.length)).toEqual([45, 45, 45]);
  });

  it.each([0, 1, 7, 44, 60])("keeps to the width of %i rows of bars outside it", (count) => {
    const bars = Array.from({ length: count }, (_, i) => ({
      row: i % 3,
      start: i * 10 - 50,
      end: i * 30,
      label: "e\u0301\u{1f600}",
    }));
    for (const line of draw(bars, 100)) {
      expect([...line].length).toBeLessThanOrEqual(46);
    }
  });

  it("draws nothing but idle time when nothing takes time", () => {
    expect(draw([{ row: 0, start: 0, end: 0, label: "a" }], 0)[0]).toBe(`one  ${".".repeat(40)}`);
  });
});
