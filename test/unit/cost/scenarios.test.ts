import { describe, expect, it } from "vitest";
import { parseDeviceModel } from "../../../src/cost/device-model.js";
import { DEVICE_MODELS } from "../../../src/cost/device-models/catalog.js";
import { H100 } from "../../../src/cost/device-models/hopper.js";
import { scenariosOf, usedScenario } from "../../../src/cost/scenarios.js";
import { certain } from "../../support/certain.js";

const SOURCE = "assumed";

describe("scenariosOf", () => {
  it.each(DEVICE_MODELS.map((model) => [model.name, model] as const))(
    "has the eight corners of %s, hostile ones first, events never below gaps",
    (_name, model) => {
      const { ranges } = model;
      const corners = scenariosOf(model);
      expect(corners).toHaveLength(8);
      for (const [at, corner] of corners.entries()) {
        const isHostile = at < 4;
        expect([ranges?.kernelFloorNs?.low, ranges?.kernelFloorNs?.high]).toContain(
          corner.kernelFloorNs,
        );
        expect([ranges?.launchGapNs?.low, ranges?.launchGapNs?.high]).toContain(corner.launchGapNs);
        expect(corner.eventNs).toBeGreaterThanOrEqual(corner.launchGapNs);
        expect(corner).toMatchObject({
          dispatchNs: ranges?.dispatchNs?.[isHostile ? "high" : "low"],
          interference: ranges?.interference?.[isHostile ? "high" : "low"],
          sharing: isHostile ? "exclusive" : "shared",
        });
        if (isHostile) {
          expect(corner.eventNs).toBe(ranges?.eventNs?.high);
        }
      }
      const pairs = corners.map((each) => `${each.kernelFloorNs} ${each.launchGapNs}`);
      expect(new Set(pairs).size).toBe(4);
    },
  );

  it("has none where nothing is assumed, and only the ends of what is", () => {
    expect(scenariosOf(certain(H100))).toEqual([]);
    expect(usedScenario(certain(H100)).interference).toBeUndefined();
    const event = { low: H100.eventNs, high: 9000, source: SOURCE };
    const one = { ...H100, ranges: { eventNs: event } };
    const used = usedScenario(one);
    expect(scenariosOf(one)).toEqual([{ ...used, eventNs: 9000 }]);
    const both = { ...event, low: H100.launchGapNs };
    expect(scenariosOf({ ...H100, ranges: { eventNs: both } })).toEqual([
      { ...used, eventNs: 9000 },
      { ...used, eventNs: H100.launchGapNs },
    ]);
  });

  it("has one for each end of the floor and of the gap, which one stream pays as well", () => {
    const range = (low: number, high: number) => ({ low, high, source: SOURCE });
    const ranges = { kernelFloorNs: range(1000, 2000), launchGapNs: range(500, 1100) };
    const corners = scenariosOf({ ...H100, ranges });
    const pairs = corners.map((each) => [each.kernelFloorNs, each.launchGapNs, each.eventNs]);
    expect(pairs).toEqual([
      [1000, 500, H100.eventNs],
      [2000, 500, H100.eventNs],
      [1000, 1100, H100.eventNs],
      [2000, 1100, H100.eventNs],
    ]);
  });
});

describe("ranges of a device model file", () => {
  const read = (ranges: object): readonly (string | undefined)[] => {
    const file = { format: "top-compile/device-model", version: 1, ...H100, ranges };
    const parsed = parseDeviceModel(JSON.stringify(file), "own.json");
    return parsed.ok ? [] : parsed.error.map(({ where }) => where);
  };
  const range = (low: number, high: number) => ({ low, high, source: SOURCE });

  it("may hold any figure that is used, and may be absent", () => {
    expect(read({})).toEqual([]);
    expect(read({ eventNs: range(H100.eventNs, H100.eventNs) })).toEqual([]);
    expect(read({ sharing: { values: ["exclusive"], source: SOURCE } })).toEqual([]);
  });

  it.each([
    ["kernelFloorNs", range(H100.kernelFloorNs + 1, 9000)],
    ["launchGapNs", range(0, H100.launchGapNs - 1)],
    ["eventNs", range(5000, 4000)],
    ["dispatchNs", range(1, 1000)],
    ["interference", range(0.05, 0.1)],
    ["sharing", { values: ["shared"], source: SOURCE }],
    ["sharing", { values: [], source: SOURCE }],
  ])("are refused where %s does not hold the figure that is used", (name, value) => {
    expect(read({ [name]: value })).toEqual([`own.json at /ranges/${name}`]);
  });

  it("need a source each", () => {
    expect(read({ eventNs: { low: 0, high: 9000 } })).toEqual([
      "own.json at /ranges/eventNs/source",
    ]);
  });
});
