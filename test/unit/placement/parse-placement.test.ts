import { describe, expect, it } from "vitest";
import { parsePlacement } from "../../../src/placement/parse-placement.js";

const GOOD = {
  format: "top-compile/placement",
  version: 1,
  devices: [{ name: "a", memory: 4 }, { name: "b" }],
  blocks: [
    { id: "x", devices: ["a"], duration: 2 },
    { id: "y", devices: ["b", "a"], duration: 1, kind: "backward", memory: -1, workspace: 3 },
  ],
  dependencies: [{ from: "x", to: "y", latency: 7 }],
};

function problemsOf(value: unknown): string[] {
  const parsed = parsePlacement(JSON.stringify(value), "p.json");
  return parsed.ok ? [] : parsed.error.map(({ where, message }) => `${where}: ${message}`);
}

describe("parsePlacement", () => {
  it("reads names, defaults and limits", () => {
    const parsed = parsePlacement(JSON.stringify(GOOD), "p.json");
    expect(parsed.ok && parsed.value).toEqual({
      timeUnit: "ns",
      memoryRelease: "end",
      devices: [
        { name: "a", memory: 4 },
        { name: "b", memory: undefined },
      ],
      blocks: [
        {
          id: "x",
          kind: "other",
          devices: [0],
          duration: 2,
          memory: 0,
          workspace: 0,
          operators: [],
        },
        {
          id: "y",
          kind: "backward",
          devices: [0, 1],
          duration: 1,
          memory: -1,
          workspace: 3,
          operators: [],
        },
      ],
      dependencies: [{ from: 0, to: 1, latency: 7 }],
    });
  });

  it("reports every problem with its pointer", () => {
    const bad = {
      ...GOOD,
      devices: [{ name: "a" }, { name: "a" }],
      blocks: [
        { id: "x", devices: ["c"], duration: 1 },
        { id: "x", devices: [], duration: 1 },
      ],
      dependencies: [
        { from: "x", to: "z" },
        { from: "x", to: "x" },
      ],
    };
    expect(problemsOf(bad)).toEqual([
      'p.json at /devices/1/name: "a" is there already',
      'p.json at /blocks/1/id: "x" is there already',
      'p.json at /blocks/0/devices/0: "c" is not the name of a device',
      "p.json at /blocks/1/devices: must name a device",
      'p.json at /dependencies/0/to: "z" is not the id of a block',
      "p.json at /dependencies/1: goes from a block to itself",
    ]);
  });

  it.each([
    [{ ...GOOD, extra: 1 }, "/extra: unknown field"],
    [
      { ...GOOD, blocks: [{ id: "x", devices: ["a"], duration: 0 }] },
      "/blocks/0/duration: must be in 1",
    ],
    [{ ...GOOD, blocks: [{ id: "x", devices: ["a"], duration: 1.5 }] }, "must be an integer"],
    [{ ...GOOD, blocks: [] }, "/blocks: must not be empty"],
    [{ ...GOOD, format: "other" }, "/format"],
    [[], "must be an object"],
  ])("refuses %j", (value, expected) => {
    expect(problemsOf(value).join("\n")).toContain(expected);
  });

  it("names the blocks of a cycle", () => {
    const block = (id: string) => ({ id, devices: ["a"], duration: 1 });
    const cyclic = {
      ...GOOD,
      blocks: ["p", "q", "r", "s"].map(block),
      dependencies: [
        { from: "p", to: "q" },
        { from: "q", to: "r" },
        { from: "r", to: "q" },
        { from: "r", to: "s" },
      ],
    };
    expect(problemsOf(cyclic)).toEqual([
      expect.stringMatching(/make a cycle: ("q" -> "r" -> "q"|"r" -> "q" -> "r")$/),
    ]);
  });

  it("refuses text that is not JSON", () => {
    const parsed = parsePlacement("{", "p.json");
    expect(parsed.ok ? "" : parsed.error[0].code).toBe("placement-not-json");
  });
});
