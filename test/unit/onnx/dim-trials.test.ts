import { describe, expect, it } from "vitest";
import { dimTrials, TRIED_SIZES } from "../../../src/onnx/dim-trials.js";
import type { BoundDim } from "../../../src/onnx/lowered-model.js";

const dim = (name: string, size: number, source: BoundDim["source"] = "default"): BoundDim => ({
  name,
  size,
  source,
});
const listed = (...dims: BoundDim[]) => dimTrials(dims).map((trial) => Object.fromEntries(trial));

describe("dimTrials", () => {
  it("tries each size once, in the documented order, but for the one that was refused", () => {
    expect(listed(dim("batch", 1), dim("x[1]", 512))).toEqual(
      TRIED_SIZES.filter((size) => size !== 512).map((size) => ({ "x[1]": size })),
    );
  });

  it("varies all large dims at once, and none that was given or follows from others", () => {
    const [first] = listed(
      dim("height", 224),
      dim("width", 224),
      dim("channels", 7, "option"),
      dim("height + width", 448),
    );
    expect(first).toEqual({ height: 256, width: 256 });
  });

  it("varies dims of size 1 only where there is no other, and leaves the batch", () => {
    expect(listed(dim("batch", 1), dim("x[0]", 1), dim("x[3]", 1))[0]).toEqual({ "x[3]": 256 });
    expect(listed(dim("batch", 1), dim("x[1]", 9, "option"))).toEqual([]);
  });
});
