import { describe, expect, it } from "vitest";
import { encodePlacement, parsePlacement } from "../../../src/placement/parse-placement.js";

const SPEC = {
  format: "top-compile/placement",
  version: 1,
  timeUnit: "step",
  devices: [{ name: "d0", memory: 4 }, { name: "d1" }],
  blocks: [
    { id: "f0", kind: "forward", devices: ["d0"], duration: 1, memory: 1 },
    { id: "f1", kind: "forward", devices: ["d1", "d0"], duration: 2, workspace: 3 },
    { id: "b0", kind: "backward", devices: ["d0"], duration: 3, memory: -1, operators: ["conv"] },
  ],
  dependencies: [
    { from: "f1", to: "b0", latency: 5 },
    { from: "f0", to: "f1" },
    { from: "f0", to: "f1", latency: 2 },
  ],
  memoryRelease: "start",
};

type Change = (spec: Record<string, unknown> & typeof SPEC) => void;

function problemsOf(change: Change, memory?: number): readonly string[] {
  const spec = structuredClone(SPEC) as Record<string, unknown> & typeof SPEC;
  change(spec);
  const result = parsePlacement(JSON.stringify(spec), "p.json", memory);
  return result.ok ? [] : result.error.map((f) => `${f.code} | ${f.where} | ${f.message}`);
}

describe("parsePlacement", () => {
  it("resolves names, sorts devices and dependencies, and keeps the longest latency of a pair", () => {
    const result = parsePlacement(JSON.stringify(SPEC));
    expect(result).toEqual({
      ok: true,
      value: {
        timeUnit: "step",
        memoryRelease: "start",
        devices: [
          { name: "d0", memory: 4 },
          { name: "d1", memory: undefined },
        ],
        blocks: [
          {
            id: "f0",
            kind: "forward",
            devices: [0],
            duration: 1,
            memory: 1,
            workspace: 0,
            operators: [],
          },
          {
            id: "f1",
            kind: "forward",
            devices: [0, 1],
            duration: 2,
            memory: 0,
            workspace: 3,
            operators: [],
          },
          {
            id: "b0",
            kind: "backward",
            devices: [0],
            duration: 3,
            memory: -1,
            workspace: 0,
            operators: ["conv"],
          },
        ],
        dependencies: [
          { from: 0, to: 1, latency: 2 },
          { from: 1, to: 2, latency: 5 },
        ],
      },
    });
  });

  it("fills defaults: nanoseconds, release at the end, no dependencies", () => {
    const result = parsePlacement(
      JSON.stringify({
        format: "top-compile/placement",
        version: 1,
        devices: [{ name: "d" }],
        blocks: [{ id: "a", devices: ["d"], duration: 1 }],
      }),
    );
    expect(result.ok && result.value).toMatchObject({
      timeUnit: "ns",
      memoryRelease: "end",
      dependencies: [],
      blocks: [{ kind: "other", memory: 0, workspace: 0 }],
    });
  });

  it("reads back what it encodes, byte for byte", () => {
    const first = parsePlacement(JSON.stringify(SPEC));
    const text = first.ok ? encodePlacement(first.value) : "";
    expect(parsePlacement(text)).toEqual(first);
  });

  it.each<[string, Change, string]>([
    [
      "an unknown device",
      (s) => s.blocks[1]!.devices.push("dx"),
      '/blocks/1/devices/2 | "dx" is not the name of a device',
    ],
    [
      "a device named twice in a block",
      (s) => s.blocks[0]!.devices.push("d0"),
      "/blocks/0/devices/1",
    ],
    [
      "an unknown block",
      (s) => s.dependencies.push({ from: "f0", to: "zz" }),
      '/dependencies/3/to | "zz" is not the id',
    ],
    ["a block named twice", (s) => (s.blocks[2]!.id = "f0"), "/blocks/2/id"],
    [
      "a device name used twice",
      (s) => s.devices.push({ name: "d0" }),
      '/devices/2/name | "d0" is there already',
    ],
    [
      "a dependency on itself",
      (s) => s.dependencies.push({ from: "f0", to: "f0" }),
      "/dependencies/3 | goes from a block to itself",
    ],
    [
      "a cycle, by name",
      (s) => s.dependencies.push({ from: "b0", to: "f0" }),
      'make a cycle: "f0" -> "f1" -> "b0" -> "f0"',
    ],
    [
      "a duration of 0",
      (s) => (s.blocks[0]!.duration = 0),
      `/blocks/0/duration | must be in 1 to ${2 ** 40}, is 0`,
    ],
    ["a fractional duration", (s) => (s.blocks[0]!.duration = 1.5), "must be an integer"],
    [
      "durations that add up to too much",
      (s) => {
        s.blocks[0]!.duration = 2 ** 39;
        s.blocks[1]!.duration = 2 ** 39;
      },
      "/blocks | durations and latencies add up",
    ],
    [
      "memory that adds up to too much",
      (s) => {
        s.blocks[0]!.memory = 2 ** 40;
        s.blocks[2]!.memory = -(2 ** 40);
      },
      "/devices/0 | memory of its blocks adds up",
    ],
    ["no device", (s) => (s.devices = []), "/devices | must not be empty"],
    [
      "a block without device",
      (s) => (s.blocks[0]!.devices = []),
      "/blocks/0/devices | must not be empty",
    ],
    ["an unknown field", (s) => Object.assign(s, { extra: 1 }), "/extra | unknown field"],
    ["another format", (s) => (s.format = "x"), "/format | must be"],
  ])("refuses %s", (_, change, expected) => {
    expect(problemsOf(change).join("\n")).toContain(expected);
  });

  it("reports all problems at once", () => {
    const problems = problemsOf((spec) => {
      spec.blocks[0]!.devices = ["x", "y"];
      spec.dependencies[0]!.to = "z";
      spec.blocks[1]!.id = "f0";
    });
    expect(problems.filter((p) => p.startsWith("placement-invalid"))).toHaveLength(7);
  });

  it("refuses a block that no device of it can hold", () => {
    expect(problemsOf((spec) => (spec.blocks[1]!.workspace = 5))).toEqual([
      'block-too-large | p.json | block "f1" needs 5 of memory while it runs, device "d0" has 4',
    ]);
  });

  it("lets --memory replace the limits before they are checked", () => {
    expect(problemsOf((spec) => (spec.blocks[1]!.workspace = 5), 5)).toEqual([]);
    expect(problemsOf(() => undefined, 2).join()).toContain("block-too-large");
  });

  it("refuses a lasting change of memory on a device with a limit only", () => {
    const leak: Change = (spec) => (spec.blocks[2]!.memory = 0);
    expect(problemsOf(leak)).toEqual([
      'memory-not-returned | p.json | each micro-batch changes the memory of device "d0" by 1 for good, its limit is 4',
    ]);
    expect(
      problemsOf((spec) => {
        leak(spec);
        spec.devices = [{ name: "d0" } as never, { name: "d1" }];
      }),
    ).toEqual([]);
  });

  it("refuses text that is not JSON, and JSON nested without end", () => {
    expect(parsePlacement("{")).toMatchObject({ error: [{ code: "placement-not-json" }] });
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    expect(parsePlacement(`{"blocks":${deep}}`).ok).toBe(false);
    expect(parsePlacement(deep).ok).toBe(false);
  });
});
