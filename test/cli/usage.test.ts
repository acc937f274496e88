import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { TOOL_VERSION } from "../../src/cli/version.js";
import { runCli } from "../support/run-cli.js";

const COMMANDS = [
  "compile",
  "search",
  "partition",
  "inspect",
  "profile",
  "run",
  "verify",
  "explain",
  "export",
  "doctor",
];

describe("the command line", () => {
  it("prints its version, the one of the package", async () => {
    expect(TOOL_VERSION).toBe(packageJson.version);
    const run = await runCli(["--version"]);
    expect(run).toEqual({ status: 0, stdout: `${TOOL_VERSION}\n`, stderr: "" });
  });

  it("prints help on stderr and ends with 2 when it is given nothing", async () => {
    const run = await runCli([]);
    expect(run).toMatchObject({ status: 2, stdout: "" });
    expect(run.stderr).toContain("Usage: top-compile");
  });

  it("lists every command in its help", async () => {
    const { status, stdout } = await runCli(["--help"]);
    expect(status).toBe(0);
    for (const command of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    }
  });

  it.each(COMMANDS)("%s has help with the common options and an example", async (command) => {
    const { status, stdout, stderr } = await runCli([command, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const option of ["--json", "--quiet", "--verbose", "--no-color"]) {
      expect(stdout).toContain(option);
    }
    expect(stdout).toMatch(/Examples?:\n {2}top-compile /);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each([
    ["a misspelt command", ["explian", "a.json"], "Did you mean explain?"],
    ["a command that is nothing like one", ["frobnicate"], "unknown command 'frobnicate'"],
    ["a misspelt option", ["doctor", "--jsno"], "Did you mean --json?"],
    ["help of no command", ["help", "frobnicate"], "unknown command 'frobnicate'"],
    ["a missing argument", ["explain"], "missing required argument 'schedule.json'"],
    ["an argument too many", ["explain", "a.json", "b.json"], "too many arguments"],
    ["a value out of range", ["explain", "a.json", "--width", "3"], "whole number from 40 to 1000"],
    ["a value that is no number", ["explain", "a.json", "--width", "1e2"], "whole number"],
    ["an option without its value", ["explain", "a.json", "--width"], "argument missing"],
  ])("ends with 2 for %s", async (_what, argv, words) => {
    const run = await runCli(argv);
    expect(run).toMatchObject({ status: 2, stdout: "" });
    expect(run.stderr).toMatch(/^error\[usage\] /);
    expect(run.stderr).toContain(words);
  });
});

describe("doctor", () => {
  it("tells what it found, for people and as JSON", async () => {
    const env = { XDG_CACHE_HOME: "/proc/nowhere", PATH: "" };
    const people = await runCli(["doctor"], { env });
    const machine = await runCli(["doctor", "--json"], { env });
    expect(people.stdout).toMatch(/^profile cache {2}missing {2}.*cannot be written$/m);
    expect(people.stdout).toContain("set XDG_CACHE_HOME");
    const { findings } = JSON.parse(machine.stdout);
    expect(findings.map(({ name }: { name: string }) => name)).toContain("ONNX Runtime");
    expect([people.status, machine.status]).toEqual([4, 4]);
  });

  it("shows the folder that is used, and makes neither it nor anything in the current folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "top-compile-doctor-"));
    try {
      mkdirSync(join(folder, "here"));
      mkdirSync(join(folder, "temporary"));
      const bin = resolve(import.meta.dirname, "../../bin/top-compile.js");
      const { stdout } = spawnSync(process.execPath, [bin, "doctor", "--json"], {
        cwd: join(folder, "here"),
        env: { PATH: "", HOME: "", XDG_CACHE_HOME: "cache", TMPDIR: join(folder, "temporary") },
        encoding: "utf8",
      });
      const { findings } = JSON.parse(stdout) as {
        readonly findings: readonly { readonly name: string; readonly value: string }[];
      };
      const shown = findings.find(({ name }) => name === "profile cache")?.value;
      const name = `top-compile-${process.getuid?.() ?? "user"}`;
      expect(shown).toBe(join(folder, "temporary", name));
      expect(readdirSync(folder, { recursive: true }).sort()).toEqual(["here", "temporary"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
