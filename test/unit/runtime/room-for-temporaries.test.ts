import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorLine } from "../../../src/core/error-text.js";
import type { Failures } from "../../../src/core/failure.js";
import { modelRefusedByRuntime } from "../../../src/runtime/failures.js";
import { orNoRoom } from "../../../src/runtime/temporary-folder.js";

const FAILURES: Failures = [
  { code: "onnxruntime-refused-model", message: "FAIL : graph.cc", exit: 1 },
];

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-room-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("failures while temporary files are written", () => {
  it("stay what they are where there is room, and nothing is left", () => {
    expect(orNoRoom(FAILURES, folder, 1)).toBe(FAILURES);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("name the folder and the way out where there is none", () => {
    expect(orNoRoom(FAILURES, folder, 2 ** 60)).toMatchObject([
      {
        code: "temporary-folder-full",
        where: dirname(folder),
        message: expect.stringMatching(
          /^temporary files do not fit: \d+ bytes are free, about \d+ are needed$/,
        ),
        hint: expect.stringContaining("TMPDIR"),
        exit: 4,
      },
    ]);
    rmSync(folder, { recursive: true });
    expect(orNoRoom(FAILURES, folder, 0)).toMatchObject([
      {
        code: "temporary-folder-full",
        message: "temporary files do not fit: no such file or folder",
      },
    ]);
  });
});

describe("messages of ONNX Runtime", () => {
  it("say what is wrong, not where in its sources", () => {
    const text =
      "/onnxruntime_src/onnxruntime/core/graph/graph.cc:5355 onnx::GraphProto onnxruntime::Graph::F(const std::path&, int) const [ONNXRuntimeError] : 1 : FAIL : graph.cc:5280 AddExternal the stream failed";
    expect(modelRefusedByRuntime("m.onnx", new Error(text)).message).toBe(
      "ONNX Runtime cannot load the model: graph.cc:5280 AddExternal the stream failed",
    );
  });

  it("end after a whole word", () => {
    const line = errorLine(`${"word ".repeat(80)}\nsecond line`);
    expect(line).toBe(`${"word ".repeat(60).trim()} ...`);
    expect(errorLine("x".repeat(301))).toBe(`${"x".repeat(300)} ...`);
    expect(errorLine("short\nmore")).toBe("short");
  });
});
