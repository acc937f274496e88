import { describe, expect, it } from "vitest";
import { formatApart, formatNs } from "../../../src/core/format.js";
import { searchedSection } from "../../../src/driver/search-placement.js";
import type { Placement } from "../../../src/placement/placement.js";
import { renderPipeline } from "../../../src/report/pipeline.js";

/** Two stages of 100 and 90, and 50 between them: the second is busy for 90 % of a steady period. */
const TWO: Placement = {
  timeUnit: "step",
  devices: ["d0", "d1"].map((name) => ({ name, memory: undefined })),
  blocks: [100, 90].map((duration, at) => ({
    id: `f${at}`,
    kind: "forward",
    devices: [at],
    duration,
    memory: 0,
    workspace: 0,
    operators: [],
  })),
  dependencies: [{ from: 0, to: 1, latency: 50 }],
  memoryRelease: "end",
};

function chartsOf(placement: Placement): ReadonlyMap<string, readonly string[]> {
  const section = searchedSection(placement, { algorithm: "top-compile", microBatches: 8 });
  const text = section.ok ? renderPipeline(section.value, placement, LAYOUT) : "";
  const charts = text.split("\n\n").filter((part) => / to \d+\n/.test(part));
  return new Map(charts.map((chart) => [chart.split("\n")[0] ?? "", chart.split("\n").slice(1)]));
}

/** 100 cells beside the names of the devices. */
const LAYOUT = { width: 104, style: "ascii" } as const;

describe("the chart of a pipeline", () => {
  it("draws a repetend that has what runs on from the one before", () => {
    const [title, rows] = [...chartsOf(TWO)].find(([head]) => head.startsWith("repetend")) ?? [];
    expect(title).toMatch(/, the second, \d+ to \d+$/);
    expect(rows?.[0]).not.toContain(".....");
    expect([...(rows?.[1] ?? "")].filter((cell) => cell === ".").length).toBeLessThanOrEqual(14);
  });

  it("writes the times of the schedule under each part", () => {
    const charts = chartsOf(TWO);
    expect(charts.size).toBeGreaterThan(1);
    for (const [title, rows] of charts) {
      const [, from = "", to = ""] = /, (\d+) to (\d+)$/.exec(title) ?? [];
      const axis = rows.at(-1)?.trim().split(/\s+/);
      expect([axis?.[0], axis?.at(-1)], title).toEqual([from, to]);
    }
  });
});

describe("times that differ", () => {
  it("look different", () => {
    expect(formatApart(formatNs, 44_446_000, 44_445_900)).toEqual(["44446000 ns", "44445900 ns"]);
    expect(formatApart(formatNs, 180_300, 180_299.5)).toEqual(["180300 ns", "180299 ns"]);
    expect(formatApart(formatNs, 44_446, 44_446)).toEqual(["44.4 us", "44.4 us"]);
    expect(formatApart(formatNs, 45_000, 44_000)).toEqual(["45.0 us", "44.0 us"]);
  });
});
