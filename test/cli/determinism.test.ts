/**
 * The same inputs give the same bytes wherever and however the program runs: other folder, locale,
 * time zone, stack size, environment, and order of names in a folder.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = resolve("bin/top-compile.js");
const MODEL = resolve("fixtures/models/two-branch.onnx");
const PROFILE = resolve("fixtures/profiles/cpu-example/two-branch.profile.json");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-determinism-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Where and how a run happens. */
interface Surroundings {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: readonly string[];
  /** Files that are in the folder before the model. */
  readonly others?: readonly string[];
}

const SURROUNDINGS: readonly Surroundings[] = [
  { name: "plain" },
  { name: "turkish", env: { LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8", TZ: "Asia/Kathmandu" } },
  { name: "no locale", env: { LC_ALL: "C", TZ: "America/St_Johns", NO_COLOR: "1", COLUMNS: "40" } },
  { name: "small stack", node: ["--stack-size=500"] },
  { name: "large stack", node: ["--stack-size=1500"], others: ["zzz.onnx", "aaa.json", "b.txt"] },
  { name: "no optimising compiler", node: ["--no-opt", "--random-seed=7"] },
];

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ["a CPU", ["two-branch.onnx", "--profile", "two-branch.profile.json"]],
  ["a GPU", ["two-branch.onnx", "--device", "h200", "--algorithm", "ios"]],
  [
    "a pipeline of a model",
    ["two-branch.onnx", "--device", "v100", "--devices", "2", "--mode", "train"],
  ],
  ["a pipeline", ["search", "--shape", "v", "--devices", "4", "--memory", "3"]],
];

/** Runs the program in a folder of its own and gives what it wrote. */
function bytesIn(
  { name, env = {}, node = [], others = [] }: Surroundings,
  argv: readonly string[],
): string {
  const cwd = join(folder, name, `in ${argv.length}`);
  mkdirSync(cwd, { recursive: true });
  for (const other of others) {
    writeFileSync(join(cwd, other), "{}");
  }
  copyFileSync(MODEL, join(cwd, "two-branch.onnx"));
  copyFileSync(PROFILE, join(cwd, "two-branch.profile.json"));
  execFileSync(process.execPath, [...node, PROGRAM, ...argv, "-o", "out.json", "--force"], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
    stdio: "pipe",
  });
  return readFileSync(join(cwd, "out.json"), "utf8");
}

describe("a schedule for", () => {
  it.each(COMMANDS)("%s has the same bytes everywhere", (_what, argv) => {
    const [plain, ...others] = SURROUNDINGS.map((each) => bytesIn(each, argv));
    expect(plain).toContain("top-compile/schedule");
    for (const [at, text] of others.entries()) {
      expect(text, SURROUNDINGS[at + 1]?.name).toBe(plain);
    }
    expect(plain).not.toContain(folder);
  });
});
