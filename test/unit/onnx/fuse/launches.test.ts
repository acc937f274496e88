import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { fusionDoc, launchesOf } from "../../../support/fusion-doc.js";

describe("the launches of an inference", () => {
  it("are what docs/fusion.md says, with the table of patterns", async () => {
    const path = resolve(import.meta.dirname, "../../../../docs/fusion.md");
    await expect(await fusionDoc()).toMatchFileSnapshot(path);
  });

  // One launch for each product, attention, normalization and embedding: at most these.
  it.each([
    ["bert-base", 180],
    ["resnet50", 60],
    ["googlenet", 75],
    ["nasnet-a-large", 700],
    ["gpt2", 200],
  ] as const)("of %s are at most %d", async (name, most) => {
    const { patterns, elements, none } = await launchesOf(name);
    expect(patterns).toBeLessThanOrEqual(most);
    expect(elements).toBeGreaterThanOrEqual(patterns);
    expect(none).toBeGreaterThanOrEqual(elements);
  });

  it("of ResNet-50 are its convolutions, two pools and a product", async () => {
    expect((await launchesOf("resnet50")).patterns).toBe(53 + 2 + 1);
  });
});
