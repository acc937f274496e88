import { beforeAll, describe, expect, it } from "vitest";
import { fidelityDocument } from "../../bench/fidelity/document.js";
import { errorsOf } from "../../bench/fidelity/errors.js";
import { type Fidelity, fidelity } from "../../bench/fidelity/fidelity.js";

describe("predictions beside published measurements", () => {
  let found: Fidelity;

  beforeAll(async () => {
    found = await fidelity();
  });

  it("are what docs/fidelity.md says", async () => {
    await expect(fidelityDocument(found)).toMatchFileSnapshot("../../../docs/fidelity.md");
  });

  it("of convolutions at batch 1 to 8 are within 15 % in the mean of logarithms", () => {
    const groups = found.groups.filter(
      ({ family, type, device }) =>
        family === "convolution, batch 1 to 8" && type === "float32" && !device.includes("T4"),
    );
    const count = groups.reduce((sum, { errors }) => sum + errors.count, 0);
    const log = groups.reduce((sum, { errors }) => sum + errors.log * errors.count, 0) / count;
    expect(count).toBeGreaterThan(200);
    expect(log).toBeLessThan(0.15);
  });

  it.each([
    ["element-wise", 0.2],
    ["layer normalization", 0.2],
    ["softmax", 0.2],
    ["matrix product", 0.2],
    ["depthwise convolution", 0.2],
    ["pooling", 0.2],
  ])("of %s are within %d in the median of most sources", (family, most) => {
    const errors = found.groups
      .filter((group) => group.family === family && group.errors.count >= 10)
      .filter(({ device }) => !device.includes("T4"))
      .map((group) => group.errors.error);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.filter((error) => error <= most).length).toBeGreaterThanOrEqual(
      0.6 * errors.length,
    );
  });

  it("of whole networks at batch 1 are within a fifth", () => {
    const single = found.networks.filter(({ network }) => network.batch === 1);
    expect(single.length).toBeGreaterThanOrEqual(6);
    for (const { predicted, measured, network } of single) {
      expect(Math.abs(predicted / measured - 1), network.model).toBeLessThan(0.2);
    }
  });

  it("of published speed-ups are within 12 % in the mean of logarithms, and not all on one side", () => {
    const { count, log, bias } = errorsOf(found.speedUps);
    expect(count).toBe(25);
    expect(log).toBeLessThan(0.12);
    expect(Math.abs(bias - 1)).toBeLessThan(0.1);
  });
});
