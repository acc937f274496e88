import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../../../src/onnx/read-model.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-other-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("readModel", () => {
  it.each([
    ["text", "some words\n", "model-other-format"],
    [
      "text with letters of more than one byte, one of them cut off",
      `a${"é".repeat(40)}`,
      "model-other-format",
    ],
    [
      "bytes that are no text, though none is a control character",
      Uint8Array.from({ length: 99 }, () => 0xff),
      "model-malformed",
    ],
  ])("tells %s from a damaged model", (_, bytes, code) => {
    const path = join(folder, "m.onnx");
    writeFileSync(path, bytes);
    expect(readModel(path)).toMatchObject({ ok: false, error: [{ code }] });
  });
});
