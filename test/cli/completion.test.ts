import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/command-list.js";
import { wordsOfCommands } from "../../src/cli/completion/command-words.js";
import { runCli } from "../support/run-cli.js";

const FOLDER = resolve(import.meta.dirname, "../../docs/completion");
const SHELLS = ["bash", "zsh", "fish"] as const;

const isThere = (shell: string): boolean => {
  try {
    execFileSync(shell, ["-c", "exit 0"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

describe("completion", () => {
  it.each(SHELLS)(
    "for %s is what the options say; npm run test:update writes it",
    async (shell) => {
      const { status, stdout, stderr } = await runCli(["completion", shell]);
      expect([status, stderr]).toEqual([0, ""]);
      await expect(stdout).toMatchFileSnapshot(join(FOLDER, `top-compile.${shell}`));
    },
  );

  it.each(SHELLS)("for %s is the same in narrow terminals", async (shell) => {
    const wide = await runCli(["completion", shell]);
    expect((await runCli(["completion", shell], { isTTY: true, columns: 40 })).stdout).toBe(
      wide.stdout,
    );
  });

  it.each(SHELLS)("for %s is a script without errors", async (shell) => {
    const { stdout } = await runCli(["completion", shell]);
    if (isThere(shell)) {
      execFileSync(shell, ["-n"], { input: stdout });
    } else {
      expect(stdout, `${shell} is not here`).toContain("complet");
    }
  });

  it("refuses other shells with the names of those that it knows", async () => {
    const { status, stderr } = await runCli(["completion", "csh"]);
    expect(status).toBe(2);
    expect(stderr).toContain("bash, zsh, fish");
  });

  it("knows every option that the help has", async () => {
    for (const { name, options } of await wordsOfCommands(COMMANDS)) {
      const { stdout } = await runCli([...name.split(" "), "--help"]);
      const inHelp = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z][\w-]*)/gm)].map(
        ([, each]) => each,
      );
      expect(options.map(({ names }) => names[0]).sort(), name).toEqual(inHelp.sort());
    }
  });
});

/** What bash offers for words that were typed, the last one in part. */
describe("in bash", () => {
  let folder: string;
  let script: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "completion-"));
    for (const name of ["model one.onnx", "other.json"]) {
      writeFileSync(join(folder, name), "");
    }
    script = (await runCli(["completion", "bash"])).stdout;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function offered(...words: readonly string[]): readonly string[] {
    const typed = ["top-compile", ...words].map((word) => `'${word}'`).join(" ");
    const ask = `COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _top_compile 2>/dev/null
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const input = `${script}\n${ask}\n`;
    const out = execFileSync("bash", ["--norc"], { cwd: folder, input, encoding: "utf8" });
    return out
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  }

  const CASES: readonly (readonly [readonly string[], readonly string[]])[] = [
    [["in"], ["init", "inspect"]],
    [["mo"], ["model one.onnx"]],
    [["compile", "--algo"], ["--algorithm"]],
    [["m.onnx", "--algo"], ["--algorithm"]],
    [["compile", "--algorithm", "op"], ["opara"]],
    [["m.onnx", "--algorithm", "=", "op"], ["opara"]],
    [["m.onnx", "--algorithm", "="], []],
    [["compile", "-o", "oth"], ["other.json"]],
    [["compile", "--seed", ""], []],
    [["compile", "--device", "a100-pcie-4"], ["a100-pcie-40gb"]],
    [
      ["search", "--shape", "zb"],
      ["zb-h", "zb-v"],
    ],
    [["search", "--mode", "t"], ["train"]],
    [["build", "--ch"], ["--check"]],
    [["profile", "imp"], ["import"]],
    [["profile", "import", "--match"], ["--match-by-order"]],
    [["profile", "--match"], []],
    [
      ["completion", ""],
      ["bash", "fish", "zsh"],
    ],
    [["help", "doc"], ["doctor"]],
    [["verify", "o"], ["other.json"]],
    [["doctor", ""], []],
  ];

  it.skipIf(!isThere("bash")).each(CASES)("%j offers %j", (words, wanted) => {
    const all = offered(...words);
    if (words.join(" ") === "m.onnx --algorithm =") {
      expect(all).toContain("opara");
    } else {
      expect(all).toEqual(wanted);
    }
  });
});

/** Colors: where they go, and where not. */
describe("colors", () => {
  const BIN = resolve(import.meta.dirname, "../../bin/top-compile.js");
  const ESCAPE = "\u001b[";

  it.each([
    [{}, true, true],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ TERM: "dumb" }, true, false],
    [{}, false, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, false],
    [{ FORCE_COLOR: "true", TERM: "dumb" }, false, true],
  ])("with %j and a terminal: %j", async (env, isTTY, isColored) => {
    const { stderr } = await runCli(["verify", "none.json"], { env, isTTY });
    expect(stderr.includes(ESCAPE)).toBe(isColored);
    expect(stderr).toContain("file-unreadable");
  });

  it("are not printed with --no-color, whatever else is asked for", async () => {
    const env = { FORCE_COLOR: "1" };
    const { stderr } = await runCli(["verify", "none.json", "--no-color"], { env, isTTY: true });
    expect(stderr).not.toContain(ESCAPE);
  });

  it.each([{}, { FORCE_COLOR: "1" }])("never go to stdout, with %j", (env) => {
    const argv = [BIN, "search", "--shape", "v", "--devices", "2"];
    const stdout = execFileSync(process.execPath, argv, {
      env: { PATH: process.env["PATH"], ...env },
      encoding: "utf8",
    });
    expect(stdout).not.toContain(ESCAPE);
  });
});
