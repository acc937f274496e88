import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Step } from "./steps.js";

/** What came of a step. */
export interface StepReport {
  readonly name: string;
  /** `skipped`: the machine does not have the program. */
  readonly status: "done" | "failed" | "timed-out" | "skipped";
  readonly exit?: number;
  readonly seconds: number;
  /** The end of what it printed. */
  readonly tail: string;
  /** Its results by file; only those that are there. */
  readonly results: Readonly<Record<string, unknown>>;
}

/** Most that is kept of what a step prints. */
const TAIL = 16_000;
/** From the request to end to the end without one. */
const GRACE_MS = 5000;

/** Runs a step, which prints at once, and reads its results from `out`. Never fails. */
export async function runStep(step: Step, out: string): Promise<StepReport> {
  const started = performance.now();
  const ended = await execute(step);
  return {
    name: step.name,
    ...ended,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    results: Object.fromEntries(step.results.flatMap((file) => resultIn(out, file))),
  };
}

function execute({
  command,
  isOwn,
  limitS,
  env = {},
}: Step): Promise<Pick<StepReport, "status" | "exit" | "tail">> {
  const [program = "", ...args] = isOwn ? [process.execPath, ...command] : command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let tail = "";
    let isLate = false;
    const pass = (stream: NodeJS.WriteStream) => (text: string) => {
      stream.write(text);
      tail = (tail + text).slice(-TAIL);
    };
    child.stdout.setEncoding("utf8").on("data", pass(process.stdout));
    child.stderr.setEncoding("utf8").on("data", pass(process.stderr));
    let force: NodeJS.Timeout | undefined;
    const limit = setTimeout(() => {
      isLate = true;
      child.kill("SIGTERM");
      force = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    }, limitS * 1000);
    const end = (status: StepReport["status"], exit?: number): void => {
      clearTimeout(limit);
      clearTimeout(force);
      resolve({ status, ...(exit === undefined ? {} : { exit }), tail });
    };
    child.on("error", ({ message }) => {
      tail = message;
      end(isOwn ? "failed" : "skipped");
    });
    child.on("close", (code) => {
      const exit = code ?? 1;
      end(isLate ? "timed-out" : exit === 0 ? "done" : "failed", exit);
    });
  });
}

function resultIn(out: string, file: string): readonly (readonly [string, unknown])[] {
  try {
    return [[file, JSON.parse(readFileSync(join(out, file), "utf8"))]];
  } catch {
    return [];
  }
}
