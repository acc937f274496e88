import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

let folder = "";
let plain = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-inputs-"));
  plain = readFileSync("fixtures/placements/k-4-infer.json", "utf8");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function search(text: string | Uint8Array) {
  const path = join(folder, "p.placement.json");
  writeFileSync(path, text);
  return runCli(["search", path]);
}

describe("JSON inputs", () => {
  it("may begin with a byte order mark", async () => {
    expect((await search(`\ufeff${plain}`)).status).toBe(0);
  });

  it("say everything once", async () => {
    const run = await search(plain.replace('"devices"', '"devices": [], "devices"'));
    expect(run.stderr).toContain("error[placement-invalid]");
    expect(run.stderr).toContain(" at /devices: is there twice");
    expect(run.status).toBe(1);
  });

  it("have no number that is not read as it stands, nor is one shown otherwise", async () => {
    const run = await search(plain.replace(/"duration": \d+/, '"duration": 4611686018427387905'));
    expect(run.stderr).toContain("/duration: 4611686018427387905 is beyond 2^53");
    expect(run.status).toBe(1);
  });

  it("are refused with line and column where they are no JSON", async () => {
    const run = await search('{\n  "format": oops\n}');
    expect(run.stderr).toContain("error[placement-not-json]");
    expect(run.stderr).toContain("line 2, column 13");
  });

  it("are UTF-8", async () => {
    const run = await search(Buffer.from(plain, "utf16le"));
    expect(run.stderr).toMatch(/placement-not-json|file-not-text/);
    const marked = await search(Buffer.from(`\ufeff${plain}`, "utf16le"));
    expect(marked.stderr).toContain("error[file-not-text]");
    expect(marked.stderr).toContain("is UTF-16 text, not UTF-8");
    expect((await search(Uint8Array.of(0xff, 0xff))).stderr).toContain("line 1 has bytes");
  });

  it.each([
    ["search", 64 * 2 ** 20],
    ["verify", 500 * 2 ** 20],
  ])("of %s are not read beyond their limit", async (command, limit) => {
    const path = join(folder, "large.json");
    // A file with a hole takes no room on the disk.
    writeFileSync(path, "[0,");
    truncateSync(path, limit + 1);
    const run = await runCli([command, path]);
    expect(run.stderr).toContain("error[file-too-large]");
    expect(run.stderr).toContain(`has ${limit + 1} bytes, more than the ${limit} that are read`);
    rmSync(path);
  });

  it("are refused for their nesting before anything else", async () => {
    const run = await search(`{"format": ${"[".repeat(1000)}`);
    expect(run.stderr).toContain("is nested more than 64 deep");
    expect(run.status).toBe(1);
  });
});
