import { spawnSync } from "node:child_process";
import { helperPath } from "./native-helper.js";

/** Sends lines to a fresh helper and gives its answers. */
export async function converse(
  lines: readonly string[],
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ answers: readonly unknown[]; status: number | null; stderr: string }> {
  const done = spawnSync(await helperPath(), args, {
    input: lines.map((line) => `${line}\n`).join(""),
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ...env },
    maxBuffer: 1 << 26,
  });
  const answers = done.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
  return { answers, status: done.status, stderr: done.stderr };
}
