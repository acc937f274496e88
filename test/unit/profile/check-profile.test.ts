import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { checkOperators, checkProfile } from "../../../src/profile/check-profile.js";
import { keyDigest, modelDigest } from "../../../src/profile/profile-key.js";
import { PROFILE } from "../../support/profiles.js";
import { branchingModel, loweredTinyModel, tinyModel } from "../../support/tiny-model.js";

describe("checkProfile", () => {
  it("accepts its own key", () => {
    expect(checkProfile(PROFILE, "p.json", { ...PROFILE.key })).toEqual({
      ok: true,
      value: undefined,
    });
  });

  it.each([
    ["method", 2, /measuring method: 1, wanted 2/],
    ["modelSha256", "ef".repeat(32), /model/],
    ["dims", ["batch=8"], /dynamic dims: batch=1, wanted batch=8/],
    ["processor", "Another", /processor: A processor, wanted Another/],
    ["logicalCores", 8, /cores: 2, wanted 8/],
    ["architecture", "arm64", /architecture/],
    ["onnxruntime", "1.31.0", /ONNX Runtime: 1.30.0, wanted 1.31.0/],
  ])("names a difference in %s, and gives it another digest", (part, value, message) => {
    const key = { ...PROFILE.key, [part]: value };
    const result = checkProfile(PROFILE, "p.json", key);
    expect(result).toMatchObject({ ok: false, error: [{ code: "profile-stale", exit: 1 }] });
    expect(result.ok ? "" : result.error[0].message).toMatch(message);
    expect(keyDigest(key)).not.toBe(keyDigest(PROFILE.key));
  });

  it("leaves the machine out for a recorded profile, but not the model", () => {
    expect(
      checkProfile(PROFILE, "p.json", { ...PROFILE.key, processor: "Another" }, "model").ok,
    ).toBe(true);
    expect(checkProfile(PROFILE, "p.json", { ...PROFILE.key, dims: [] }, "model").ok).toBe(false);
  });

  it("takes a recorded profile of an older method, but none of a newer one", () => {
    const recorded = (method: number): boolean =>
      checkProfile(PROFILE, "p.json", { ...PROFILE.key, method }, "model").ok;
    expect(recorded(PROFILE.key.method + 1)).toBe(true);
    expect(recorded(PROFILE.key.method - 1)).toBe(false);
  });
});

describe("a profile and a graph", () => {
  let lowered: LoweredModel;
  let remove: () => void;

  beforeAll(async () => {
    ({ lowered, remove } = await loweredTinyModel(branchingModel()));
  });

  afterAll(() => remove());

  it("must name the same operators", () => {
    const timing = PROFILE.operators[0]!;
    const operators = lowered.graph.operators.map(({ name }) => ({ ...timing, name }));
    const { graph } = lowered;
    expect(checkOperators({ ...PROFILE, operators }, "p.json", graph).ok).toBe(true);
    expect(
      checkOperators({ ...PROFILE, operators: operators.slice(1) }, "p.json", graph),
    ).toMatchObject({
      error: [
        {
          where: "p.json",
          message: expect.stringContaining(`no time for operator "${operators[0]?.name}"`),
        },
      ],
    });
    const more = [...operators, { ...timing, name: "stranger" }];
    expect(checkOperators({ ...PROFILE, operators: more }, "p.json", graph)).toMatchObject({
      error: [{ message: expect.stringContaining("stranger") }],
    });
  });

  it("have a digest that follows structure and shapes", async () => {
    const again = await loweredTinyModel(branchingModel());
    expect(modelDigest(again.lowered)).toBe(modelDigest(lowered));
    again.remove();
    const digests = new Set<string>();
    for (const [type, size] of [
      ["Relu", 4],
      ["Neg", 4],
      ["Neg", 5],
    ] as const) {
      const other = await loweredTinyModel(
        tinyModel({
          nodes: [{ type, inputs: ["x"], outputs: ["y"] }],
          inputs: [{ name: "x", dims: [size] }],
          outputs: [{ name: "y", dims: [size] }],
        }),
      );
      digests.add(modelDigest(other.lowered));
      other.remove();
    }
    expect(digests.size).toBe(3);
  });
});
