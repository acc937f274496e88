import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Step } from "./steps.js";

/** What came of a step. */
export interface StepReport {
  readonly name: string;
  /** `skipped`: the machine does not have the program; `no-time`: not started, as all time was used. */
  readonly status: "done" | "failed" | "timed-out" | "skipped" | "interrupted" | "no-time";
  readonly exit?: number;
  readonly seconds: number;
  /** The end of what it printed. */
  readonly tail: string;
  /** Its results by file; only those that are there. */
  readonly results: Readonly<Record<string, unknown>>;
}

/** Most that is kept of what a step prints: a line for each of 40 kernels, with counters, is 40,000 characters. */
const TAIL = 64_000;
/** From the request to end to the end without one. */
const GRACE_MS = 5000;
/** From a step's end to that of what it left running, which would disturb the next one. */
const LEFT_MS = 1000;

/** Runs a step, which prints at once, and reads its results from `out`; `signal` ends it. Never fails. */
export async function runStep(step: Step, out: string, signal?: AbortSignal): Promise<StepReport> {
  const started = performance.now();
  const ended = await execute(step, signal);
  return {
    name: step.name,
    ...ended,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    results: Object.fromEntries(step.results.flatMap((file) => resultIn(out, file))),
  };
}

type Ended = Pick<StepReport, "status" | "exit" | "tail">;

function execute(
  { command, isOwn, limitS, env = {} }: Step,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  const [program = "", ...args] = isOwn ? [process.execPath, ...command] : command;
  return new Promise((resolve) => {
    // A group of its own: what it starts is ended with it.
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      detached: true,
    });
    let tail = "";
    let early: StepReport["status"] | undefined;
    const timers: NodeJS.Timeout[] = [];
    const pass = (stream: NodeJS.WriteStream) => (text: string) => {
      stream.write(text);
      tail = (tail + text).slice(-TAIL);
    };
    child.stdout.setEncoding("utf8").on("data", pass(process.stdout));
    child.stderr.setEncoding("utf8").on("data", pass(process.stderr));
    const stop = (status: StepReport["status"]): void => {
      early ??= status;
      endGroup(child, "SIGTERM");
      timers.push(setTimeout(() => endGroup(child, "SIGKILL"), GRACE_MS));
    };
    const interrupt = (): void => stop("interrupted");
    timers.push(setTimeout(() => stop("timed-out"), limitS * 1000));
    signal?.addEventListener("abort", interrupt);
    const end = (status: StepReport["status"], exit?: number): void => {
      timers.forEach(clearTimeout);
      signal?.removeEventListener("abort", interrupt);
      endGroup(child, "SIGKILL");
      resolve({ status, ...(exit === undefined ? {} : { exit }), tail });
    };
    child.on("error", ({ message }) => {
      tail = message;
      end(isOwn ? "failed" : "skipped");
    });
    // What it started may hold its output open.
    child.on("exit", () => {
      timers.push(setTimeout(() => endGroup(child, "SIGKILL"), LEFT_MS));
    });
    child.on("close", (code) => {
      const exit = code ?? 1;
      end(early ?? (exit === 0 ? "done" : "failed"), exit);
    });
  });
}

/** Sends a signal to a step and all that it started, as far as it is there. */
function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid ?? Number.NaN), signal);
  } catch {
    // All of it has ended.
  }
}

function resultIn(out: string, file: string): readonly (readonly [string, unknown])[] {
  try {
    return [[file, JSON.parse(readFileSync(join(out, file), "utf8"))]];
  } catch {
    return [];
  }
}
