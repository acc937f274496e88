/** Exported schedules on PyTorch itself: launchers as they are written, on gloo ranks, against one process. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const PYTHON = process.env["PYTHON"] ?? "python3";
const found = spawnSync(PYTHON, ["-c", "import torch; print(torch.__version__)"], {
  encoding: "utf8",
});
const version = found.status === 0 ? found.stdout.trim() : undefined;
const NAME =
  version === undefined
    ? `schedules on PyTorch (skipped: ${PYTHON} has no torch; PYTHON names another Python)`
    : `schedules on PyTorch ${version}`;

const folder = mkdtempSync(join(tmpdir(), "top-compile-pytorch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A schedule, made by a command line. */
interface Case {
  readonly name: string;
  readonly argv: (devices: number) => readonly string[];
  /** Whether PyTorch can add the transfers. */
  readonly isOneChain: boolean;
}

const shape = (name: string, ...more: readonly string[]): Case => ({
  name: [name, ...more.filter((word) => /^[a-z0-9]/.test(word))].join("-"),
  argv: (devices) => ["search", "--shape", name, "--devices", String(devices), ...more],
  isOneChain: name !== "x" && name !== "dualpipe",
});

const GPT2 = ["fixtures/models/gpt2.onnx", "--device", "h200", "--mode", "train"];
const CASES: readonly Case[] = [
  ...["v", "zb-h", "zb-v", "interleaved-1f1b", "x", "dualpipe"].map((name) => shape(name)),
  shape("v", "--mode", "infer"),
  {
    name: "gpt2-zb-v",
    argv: (devices) => [...GPT2, "--devices", String(devices), "--shape", "zb-v"],
    isOneChain: true,
  },
];

/** Exports every case in every format; returns the launchers. */
async function launchers(devices: number): Promise<readonly string[]> {
  const made: string[] = [];
  for (const { name, argv, isOneChain } of CASES) {
    const schedule = join(folder, `${name}-${devices}.schedule.json`);
    const searched = await runCli([...argv(devices), "--micro-batches", "8", "-o", schedule]);
    expect(searched, searched.stderr).toMatchObject({ status: 0 });
    for (const format of isOneChain ? [[], ["--compute-only"]] : [[]]) {
      const stem = join(folder, [`${name}-${devices}`, ...format].join(""));
      const to = ["--to", "pytorch", "-o", `${stem}.csv`, ...format];
      const exported = await runCli(["export", schedule, ...to]);
      expect(exported, exported.stderr).toMatchObject({ status: 0 });
      made.push(`${stem}.py`);
    }
  }
  return made;
}

/** What is wrong with each launcher, by its name. */
function problemsOf(paths: readonly string[], devices: number): Record<string, readonly string[]> {
  const program = join(import.meta.dirname, "run_launchers.py");
  const run = spawnSync(
    PYTHON,
    ["-m", "torch.distributed.run", `--nproc-per-node=${devices}`, program, folder, ...paths],
    { encoding: "utf8", env: { ...process.env, OMP_NUM_THREADS: "1" } },
  );
  const lines = run.stdout.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.length, run.stderr.slice(-4000)).toBe(paths.length);
  return Object.fromEntries(
    lines.map((line) => {
      const { launcher, problems } = JSON.parse(line);
      return [launcher, problems];
    }),
  );
}

describe.skipIf(version === undefined)(NAME, () => {
  it.each([2, 4])("train as one process does, on %i ranks", async (devices) => {
    const paths = await launchers(devices);
    expect(paths.length).toBe(CASES.length * 2 - 2);
    const wrong = Object.entries(problemsOf(paths, devices)).filter(
      ([, problems]) => problems.length > 0,
    );
    expect(wrong).toEqual([]);
  });

  it("would be noticed to train otherwise", async () => {
    const schedule = join(folder, "v.schedule.json");
    await runCli(["search", "--shape", "v", "--devices", "2", "-o", schedule]);
    const path = join(folder, "wrong.csv");
    await runCli(["export", schedule, "--to", "pytorch", "--compute-only", "-o", path]);
    const launcher = join(folder, "wrong.py");
    const faster = readFileSync(launcher, "utf8").replace(
      "parameters()], 0.1)",
      "parameters()], 0.2)",
    );
    expect(faster).toContain("0.2)");
    writeFileSync(launcher, faster);
    const { "wrong.py": problems = [] } = problemsOf([launcher], 2);
    expect(problems.length).toBeGreaterThan(0);
  });
});
