import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-again-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

/** What export makes of what import read, and what it said. */
async function again(text: string, ...options: readonly string[]) {
  writeFileSync(at("in.csv"), text);
  const imported = await runCli(["import", at("in.csv"), "-o", at("in.json"), "--force"]);
  expect(imported).toMatchObject({ status: 0 });
  const argv = ["export", at("in.json"), "--to", "pytorch", "-o", at("out.csv"), "--force"];
  const run = await runCli([...argv, ...options]);
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return readFileSync(at("out.csv"), "utf8");
}

/** Two stages, whole and split backwards, two at a time. */
const MIXED = "0F0,0F1,0I0,0W0,(0F2;0B1)OVERLAP_F_B,0B2\n1F0,1B0,1F1,1B1,1F2,1I2,1W2\n";

/** Transfers in an order of its own: receives at once. */
const WITH_TRANSFERS =
  "0UNSHARD,0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0RECV_B1,0B0,0B1,0REDUCE_GRAD,0RESHARD\n" +
  "1UNSHARD,1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1RESHARD\n";

const FIXTURE = readFileSync("fixtures/imports/zb-v-2.csv", "utf8");

describe("what was imported and is exported again", () => {
  it.each([
    ["as a shape has it", FIXTURE, FIXTURE],
    ["with steps in which nothing runs", "0F0,,0B0\n,1F0,1B0\n", "0F0,0B0\n1F0,1B0\n"],
    ["with whole and split backwards, and two at a time", MIXED, MIXED],
  ])("has the same rows: %s", async (_what, text, rows) => {
    expect(await again(text, "--compute-only")).toBe(rows);
  });

  it("has the same rows with the transfers that were imported", async () => {
    expect(await again(WITH_TRANSFERS)).toBe(WITH_TRANSFERS);
    expect(await again(WITH_TRANSFERS, "--compute-only")).toBe(
      "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n",
    );
  });

  it("gets transfers where none were imported, between the same actions", async () => {
    const text = await again(MIXED);
    expect(text).toContain("0SEND_F0");
    const rows = text.trimEnd().split("\n");
    const compute = rows.map((row) => row.split(",").filter((cell) => /^\d+[FBIW]\d+$/.test(cell)));
    expect(compute).toEqual(
      MIXED.trimEnd()
        .split("\n")
        .map((row) => row.match(/\d+[FBIW]\d+/g)),
    );
  });

  it("is numbered as the last stage runs where losses would be mixed up", async () => {
    const text = await again("0F0,0F1,0B1,0B0\n1F1,1B1,1F0,1B0\n", "--compute-only");
    expect(text).toBe("0F1,0F0,0B0,0B1\n1F0,1B0,1F1,1B1\n");
  });
});
