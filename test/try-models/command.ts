import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { treeBytes } from "./process-memory.js";

/** How a command ended. */
export interface Ended {
  /** `undefined`: by a signal. */
  readonly status: number | undefined;
  /** The limit that it passed, for which it was ended. */
  readonly passed: "time limit" | "memory limit" | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Processor time of the command and its processes where Linux tells it, else by the clock. */
  readonly seconds: number;
  readonly wallSeconds: number;
  /** Most memory that it and its processes held, as looked at twice a second; 0: not known. */
  readonly peakBytes: number;
}

/** What a command may take by the clock and of memory. */
export interface Limits {
  readonly seconds: number;
  readonly bytes: number;
}

/** Between two looks at the memory. */
const LOOK_MS = 500;

/** From asking a command to end to ending it. */
const GRACE_MS = 10_000;

/** Runs a program of Node; ends it when it passes a limit. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limits: Limits,
): Promise<Ended> {
  const [startCpu, start] = [childSeconds(), performance.now()];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output: { stdout: string[]; stderr: string[] } = { stdout: [], stderr: [] };
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.stdout.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => output.stderr.push(text));
  let passed: Ended["passed"];
  let peakBytes = 0;
  let last: NodeJS.Timeout | undefined;
  const end = (limit: Ended["passed"]): void => {
    passed ??= limit;
    child.kill("SIGTERM");
    last ??= setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  const limit = setTimeout(() => end("time limit"), limits.seconds * 1000);
  const looks = setInterval(() => {
    peakBytes = Math.max(peakBytes, treeBytes(child.pid ?? 0));
    if (peakBytes > limits.bytes) {
      end("memory limit");
    }
  }, LOOK_MS);
  const status = await new Promise<number | undefined>((resolve) => {
    child.on("close", (code) => resolve(code ?? undefined));
  });
  clearTimeout(limit);
  clearInterval(looks);
  clearTimeout(last);
  const wallSeconds = (performance.now() - start) / 1000;
  const cpu = childSeconds();
  return {
    status,
    passed,
    stdout: output.stdout.join(""),
    stderr: output.stderr.join(""),
    seconds: startCpu === undefined || cpu === undefined ? wallSeconds : cpu - startCpu,
    wallSeconds,
    peakBytes,
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
