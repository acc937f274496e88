import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { computeCells, runRanks } from "../support/rank-simulator.js";
import { runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-pytorch-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

type Cells = readonly (readonly string[])[];

const cellsIn = (path: string): Cells =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((row) => row.split(","));

const computeIn = (path: string): Cells => cellsIn(path).map(computeCells);

/** Runs a command line that has to succeed. */
async function done(argv: readonly string[]): Promise<void> {
  const run = await runCli([...argv, "--force", "--quiet"]);
  expect(run, run.stderr).toMatchObject({ status: 0 });
}

const CHAINS: readonly (readonly string[])[] = [
  ["v"],
  ["v", "--algorithm", "gpipe"],
  ["v", "--algorithm", "1f1b"],
  ["v", "--mode", "infer"],
  ["zb-h"],
  ["zb-h", "--algorithm", "zb-h1"],
  ["zb-v"],
  ["zb-v", "--algorithm", "zb-v"],
  ["interleaved-1f1b"],
  ["interleaved-1f1b", "--mode", "infer"],
];
const TWICE: readonly (readonly string[])[] = [["x"], ["dualpipe"]];

const withDevices = (shapes: readonly (readonly string[])[]) =>
  shapes.flatMap((words) => [2, 4].map((devices) => [words.join(" "), devices, words] as const));

/** Searches a shape and exports what was found, with transfers. */
async function exported(words: readonly string[], devices: number): Promise<string> {
  const [shape = "", ...more] = words;
  const search = ["search", "--shape", shape, "--devices", String(devices), ...more];
  await done([...search, "--micro-batches", "8", "-o", at("s.schedule.json")]);
  await done(["export", at("s.schedule.json"), "--to", "pytorch", "-o", at("s.csv")]);
  return at("s.csv");
}

/** Durations of nothing: what is looked for is ranks that wait for ever. */
const durationOf = (): number => 1;

describe("a shape's schedule for PyTorch", () => {
  it.each(withDevices(CHAINS))(
    "runs without blocking: %s on %i devices",
    async (_, devices, words) => {
      const cells = cellsIn(await exported(words, devices));
      const stages = new Set(cells.flat().map((cell) => Number.parseInt(cell, 10))).size;
      expect(runRanks(cells, { chainLength: stages, durationOf }).problems).toEqual([]);
      const last = cells.flat().filter((cell) => new RegExp(`^${stages - 1}F\\d`).test(cell));
      expect(last).toEqual(Array.from({ length: 8 }, (_each, m) => `${stages - 1}F${m}`));
    },
  );

  it.each(withDevices(TWICE))(
    "of two chains as well: %s on %i devices",
    async (_, devices, words) => {
      const cells = cellsIn(await exported(words, devices));
      const stages = new Set(cells.flat().map((cell) => Number.parseInt(cell, 10))).size;
      expect(stages).toBe(2 * devices);
      expect(runRanks(cells, { chainLength: devices, durationOf }).problems).toEqual([]);
    },
  );

  it.each(withDevices(CHAINS.filter((words) => !words.includes("infer"))))(
    "is the same once it was imported and exported again: %s on %i devices",
    async (_, devices, words) => {
      const path = await exported(words, devices);
      await done(["import", path, "-o", at("back.schedule.json")]);
      const again = ["export", at("back.schedule.json"), "--to", "pytorch", "-o", at("back.csv")];
      await done(again);
      expect(computeIn(at("back.csv"))).toEqual(computeIn(path));
      await done([...again, "--compute-only"]);
      expect(cellsIn(at("back.csv"))).toEqual(computeIn(path));
    },
  );
});
