import { describe, expect, it } from "vitest";
import { searchedSection } from "../../../src/driver/search-placement.js";
import { parsePlacement, placementJson } from "../../../src/placement/parse-placement.js";

const SPEC = {
  format: "top-compile/placement",
  version: 1,
  timeUnit: "step",
  devices: [{ name: "d0", memory: 10, reserved: 7 }],
  blocks: [
    { id: "f", kind: "forward", devices: ["d0"], duration: 1, memory: 2 },
    { id: "b", kind: "backward", devices: ["d0"], duration: 2, memory: -2 },
  ],
  dependencies: [{ from: "f", to: "b", latency: 4 }],
};

function failuresOf(memory?: number, reserved: number = 7): readonly string[] {
  const spec = { ...SPEC, devices: [{ name: "d0", memory: 10, reserved }] };
  const result = parsePlacement(JSON.stringify(spec), "p.json", memory);
  return result.ok ? [] : result.error.map(({ code, message }) => `${code}: ${message}`);
}

describe("memory that is reserved", () => {
  it("leaves the rest to blocks, and counts in peaks and limits", () => {
    const read = parsePlacement(JSON.stringify(SPEC));
    const placement = read.ok ? read.value : undefined;
    expect(placement?.devices).toEqual([{ name: "d0", memory: 3, reserved: 7 }]);
    // Room for 3 holds one micro-batch of 2 at a time: 1 + 4 + 2 each.
    const found = searchedSection(placement!, { algorithm: "top-compile", microBatches: 2 });
    const section = found.ok ? found.value : undefined;
    expect(section?.makespan).toBe(14);
    expect(section?.devices).toEqual([
      { name: "d0", load: 3, peakMemory: 9, memoryLimit: 10, reservedMemory: 7 },
    ]);
    expect(placementJson(placement!)).toMatchObject({ devices: SPEC.devices });
  });

  it("is refused where it or a block leaves no room", () => {
    expect(failuresOf()).toEqual([]);
    expect(failuresOf(undefined, 11)).toEqual(["placement-invalid: is more than its memory, 10"]);
    expect(failuresOf(6)).toEqual([
      'reserved-too-large: device "d0" has 6 of memory, 7 are reserved',
    ]);
    expect(failuresOf(8)).toEqual([
      'block-too-large: block "f" needs 2 of memory while it runs, device "d0" has 8, of which 7 are reserved',
    ]);
  });
});
