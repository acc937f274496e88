import { describe, expect, it } from "vitest";
import { parseStageSpec } from "../../../src/placement/stage-spec.js";
import { value } from "../../support/values.js";

const SPEC = {
  format: "top-compile/stage-placement",
  version: 1,
  devices: [{ name: "a" }, { name: "b", speed: 2, memory: 100 }],
  blocks: [{ id: "x", devices: ["b", "a"], operators: ["*"], efficiency: 0.5 }],
};

const problems = (spec: object): string[] => {
  const read = parseStageSpec(JSON.stringify(spec), "s.json");
  return read.ok ? [] : read.error.map(({ where, message }) => `${where}: ${message}`);
};

describe("parseStageSpec", () => {
  it("reads devices and blocks", () => {
    expect(value(parseStageSpec(JSON.stringify(SPEC), "s.json"))).toMatchObject({
      devices: [
        { name: "a", speed: 1, memoryBytes: undefined },
        { name: "b", speed: 2, memoryBytes: 100 },
      ],
      blocks: [{ id: "x", devices: [0, 1], operators: ["*"], efficiency: 0.5 }],
    });
  });

  it("says everything that is wrong, with its place", () => {
    const empty = { id: "x", devices: ["c"], operators: [] };
    expect(problems({ ...SPEC, blocks: [empty, { ...empty, devices: [] }] })).toEqual([
      "s.json at /blocks/0/operators: must not be empty",
      "s.json at /blocks/1/devices: must not be empty",
      "s.json at /blocks/1/operators: must not be empty",
    ]);
    const block = { ...empty, operators: ["*"] };
    expect(problems({ ...SPEC, blocks: [block, block] })).toEqual([
      's.json at /blocks/0/devices/0: "c" is not the name of a device',
      's.json at /blocks/1/id: "x" is there already',
      's.json at /blocks/1/devices/0: "c" is not the name of a device',
    ]);
    expect(problems({ ...SPEC, devices: [{ name: "a" }, { name: "a" }] }).length).toBeGreaterThan(
      0,
    );
    expect(problems({ ...SPEC, speed: 1 })[0]).toContain("/speed");
    expect(problems({ ...SPEC, blocks: [] })).toEqual(["s.json at /blocks: must not be empty"]);
    const [zero] = problems({ ...SPEC, devices: [{ name: "a", speed: 0 }, { name: "b" }] });
    expect(zero).toContain("/devices/0/speed");
  });

  it("refuses text that is not JSON", () => {
    expect(parseStageSpec("{", "s.json")).toMatchObject({
      ok: false,
      error: [{ code: "stage-placement-invalid" }],
    });
  });
});
