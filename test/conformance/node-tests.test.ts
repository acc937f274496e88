import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { compareAll } from "./compare-all.js";
import { nodeTestsIn } from "./node-test.js";

/** ONNX's node tests: where the variable says, or where docs/testing.md puts them. */
const FOLDER =
  process.env["ONNX_NODE_TESTS"] ?? resolve(import.meta.dirname, "../../build/onnx-node-tests");

describe("lowering of ONNX's node tests", () => {
  it("gives the types, sizes and elements that the tests expect, but for known gaps", async ({
    skip,
  }) => {
    skip(!existsSync(FOLDER), "ONNX's node tests are not there (docs/testing.md: Conformance)");
    expect(nodeTestsIn(FOLDER).length).toBeGreaterThan(1000);
    const { news, closed, folded } = await compareAll(FOLDER);
    expect(news).toEqual([]);
    expect(closed).toEqual([]);
    expect(folded).toBeGreaterThan(500);
  });
});
