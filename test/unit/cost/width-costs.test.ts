import { describe, expect, it } from "vitest";
import { parseDeviceModel } from "../../../src/cost/device-model.js";
import { H100 } from "../../../src/cost/device-models/hopper.js";
import { widthTable } from "../../../src/cost/width-costs.js";

describe("what width costs", () => {
  it("lies on straight lines from nothing through what was measured, and goes on as the last one", () => {
    const widths = [
      { streams: 3, ns: 400 },
      { streams: 7, ns: 600 },
    ];
    const table = [...(widthTable(widths, 9) ?? [])];
    expect(table).toEqual([0, 0, 200, 400, 450, 500, 550, 600, 650, 700]);
  });

  it("begins at nothing, and falls to nothing less than the widest one", () => {
    expect([...(widthTable([{ streams: 5, ns: 200 }], 6) ?? [])]).toEqual([
      0, 0, 50, 100, 150, 200, 250,
    ]);
    const falling = [
      { streams: 2, ns: 300 },
      { streams: 3, ns: 100 },
    ];
    expect([...(widthTable(falling, 5) ?? [])]).toEqual([0, 0, 300, 100, 100, 100]);
  });

  it("is nothing where nothing was measured, or none was found", () => {
    expect(widthTable(undefined, 4)).toBeUndefined();
    expect(widthTable([], 4)).toBeUndefined();
    expect(widthTable([{ streams: 3, ns: 0 }], 4)).toBeUndefined();
  });

  it("is refused where widths do not ascend", () => {
    const { ranges: _, ...certain } = H100;
    const parsed = (streams: readonly number[]) => {
      const widths = streams.map((each) => ({ streams: each, ns: 10 }));
      const document = { format: "top-compile/device-model", version: 1, ...certain, widths };
      return parseDeviceModel(JSON.stringify(document), "d.json");
    };
    expect(parsed([2, 3, 31])).toMatchObject({ ok: true, value: { widths: [{}, {}, {}] } });
    expect(parsed([2, 3, 3])).toMatchObject({
      ok: false,
      error: [{ code: "device-model-invalid", where: "d.json at /widths/2/streams" }],
    });
    expect(parsed([1])).toMatchObject({
      error: [{ code: "device-model-invalid", where: "d.json at /widths/0/streams" }],
    });
  });
});
