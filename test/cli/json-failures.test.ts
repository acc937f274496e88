import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "json-failures-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The failures of a command with `--json`: all of stderr is the document, stdout is empty. */
async function failuresOf(argv: readonly string[]): Promise<{ status: number; failures: unknown }> {
  const { status, stdout, stderr } = await runCli([...argv, "--json"]);
  expect(stdout).toBe("");
  const document = JSON.parse(stderr);
  expect(Object.keys(document)).toEqual(["failures"]);
  return { status, failures: document.failures };
}

describe("failures with --json", () => {
  it("are one document with code, message, place and hint", async () => {
    const path = join(folder, "absent.onnx");
    expect(await failuresOf(["inspect", path])).toEqual({
      status: 1,
      failures: [
        {
          code: "model-unreadable",
          message: "no such file or folder",
          place: path,
          hint: "check the path and its permissions",
        },
      ],
    });
  });

  it("leave out the keys that have nothing to say, and add the cause with --verbose", async () => {
    const path = join(folder, "absent.onnx");
    const { failures } = await failuresOf(["inspect", path, "--verbose"]);
    expect(failures).toMatchObject([{ cause: expect.stringContaining("ENOENT") }]);
    const search = await failuresOf(["search"]);
    expect(search).toMatchObject({ status: 2, failures: [{ code: "search-source" }] });
    expect(Object.keys((search.failures as object[])[0]!)).toEqual(["code", "message", "hint"]);
  });

  it.each([
    ["a misspelt option", ["doctor", "--jsno"], "unknown option '--jsno'", "Did you mean --json?"],
    ["a misspelt command", ["explian"], "unknown command 'explian'", "Did you mean explain?"],
    [
      "a missing argument",
      ["explain"],
      "missing required argument 'schedule.json'",
      "run with --help to see every option",
    ],
  ])("are those of usage too: %s", async (_what, argv, message, hint) => {
    expect(await failuresOf(argv)).toEqual({
      status: 2,
      failures: [{ code: "usage", message, hint }],
    });
  });

  it("stay lines when --json is no option of the command, but a file", async () => {
    const { stderr } = await runCli(["inspect", "--", "--json"]);
    expect(stderr).toMatch(/^error\[model-unreadable\] --json: /);
  });

  it("escape what a file may have put into names", async () => {
    const path = join(folder, "names.placement.json");
    writeFileSync(
      path,
      JSON.stringify({ format: "top-compile/placement", version: 1, "\u009b31m": 1 }),
    );
    const { stderr } = await runCli(["search", path, "--json"]);
    expect(stderr).toContain("\\u009b31m");
    expect(stderr).not.toContain("\u009b");
    expect(JSON.stringify(JSON.parse(stderr))).toContain("\u009b31m");
  });
});
