import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** How a command ended. */
export interface Ended {
  /** `undefined`: by a signal. */
  readonly status: number | undefined;
  readonly isLate: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Processor time of the command and its processes where Linux tells it, else by the clock. */
  readonly seconds: number;
  readonly wallSeconds: number;
}

/** From asking a command to end to ending it. */
const GRACE_MS = 10_000;

/** Runs a program of Node; ends it after so many seconds. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limitSeconds: number,
): Promise<Ended> {
  const [startCpu, start] = [childSeconds(), performance.now()];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output: { stdout: string[]; stderr: string[] } = { stdout: [], stderr: [] };
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.stdout.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => output.stderr.push(text));
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill("SIGTERM");
  }, limitSeconds * 1000);
  const last = setTimeout(() => child.kill("SIGKILL"), limitSeconds * 1000 + GRACE_MS);
  const status = await new Promise<number | undefined>((resolve) => {
    child.on("close", (code) => resolve(code ?? undefined));
  });
  clearTimeout(limit);
  clearTimeout(last);
  const wallSeconds = (performance.now() - start) / 1000;
  const cpu = childSeconds();
  return {
    status,
    isLate,
    stdout: output.stdout.join(""),
    stderr: output.stderr.join(""),
    seconds: startCpu === undefined || cpu === undefined ? wallSeconds : cpu - startCpu,
    wallSeconds,
  };
}

/** Clock ticks a second in `/proc`, on every Linux. */
const TICKS = 100;

/** Processor time of processes that this one started and that have ended. */
function childSeconds(): number | undefined {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[13]) + Number(fields[14])) / TICKS;
  } catch {
    return undefined;
  }
}
