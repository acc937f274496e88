/** Models that cannot be scheduled or run for what they are made of: each command says so, by one code. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";

const CASES = resolve(import.meta.dirname, "../../fixtures/cases/onnx");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "no-tensors-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The code of the failure, or the status. */
async function codeOf(...argv: string[]): Promise<string> {
  const out = ["-o", join(folder, "out.json"), "--force", "--json"];
  const { status, stderr } = await runCli([...argv, ...out], { env: { XDG_CACHE_HOME: folder } });
  return status === 0 ? "done" : JSON.parse(stderr).failures[0].code;
}

const model = (name: string): string => join(CASES, name, "model.onnx");

describe("a model without operators", () => {
  it.each([
    ["compile", "--device", "h200"],
    ["compile", "--device", "h200", "--devices", "2"],
    ["partition", "--device", "h200", "--stages", "2"],
    ["compile", "--device", "cpu"],
    ["profile"],
  ])("is refused by %s %s %s %s %s", async (command, ...options) => {
    expect(await codeOf(command, model("all-constant"), ...options)).toBe("nothing-to-schedule");
  });
});

describe("a value that is no tensor", () => {
  it.each(["sequence-input", "map-input", "optional-input", "sparse-input"])(
    "is named as an input: %s",
    async (name) => {
      expect(await codeOf("compile", model(name), "--device", "h200")).toBe("input-not-tensor");
    },
  );

  it.each(["sequence-output", "optional-output"])("can be given by a GPU: %s", async (name) => {
    expect(await codeOf("compile", model(name), "--device", "h200")).toBe("done");
  });

  it.skipIf(SKIP_REASON !== undefined).each(["sequence-output", "optional-output"])(
    "is named as an output where the model would be run: %s",
    async (name) => {
      expect(await codeOf("compile", model(name))).toBe("output-not-tensor");
      expect(await codeOf("profile", model(name))).toBe("output-not-tensor");
    },
  );
});
