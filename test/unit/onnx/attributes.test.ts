import { describe, expect, it } from "vitest";
import { encodeCase, lowerBytes } from "../../support/operator-models.js";

describe("attributes of a model that was read", () => {
  it("have the values that were written, floats too", async () => {
    const lowered = await lowerBytes(
      encodeCase({
        type: "HardSigmoid",
        inputs: "f32[2,3]",
        attributes: { alpha: { f: 0.25 }, beta: { f: -0.75 } },
        outputs: 1,
      }),
    );
    const node = lowered.ok ? lowered.value.model.graph.nodes[0] : undefined;
    expect([...(node?.attributes ?? [])]).toEqual([
      ["alpha", { kind: "float", value: 0.25 }],
      ["beta", { kind: "float", value: -0.75 }],
    ]);
  });
});
