import type { QuotedFailure, RunJob } from "../driver/project/run-job.js";
import { JobPool, type PoolEnd } from "../runtime/job-pool.js";
import { processDied } from "./failures.js";

/** The program of the processes. */
const WORKER_PROGRAM = new URL("./build-worker.js", import.meta.url);

/** Where commands run. */
export interface PoolPlace {
  readonly folder: string;
  /** Most that run at a time. */
  readonly most: number;
  /** Ends all of them. */
  readonly signal: AbortSignal;
}

/** Runs `work`, whose commands run in processes of their own; these are gone when it is over. */
export async function withPool<T>(
  { folder, most, signal }: PoolPlace,
  work: (run: RunJob) => Promise<T>,
): Promise<T> {
  const pool = new JobPool(WORKER_PROGRAM, folder, most);
  const stop = (): void => void pool.close();
  signal.addEventListener("abort", stop);
  try {
    return await work(async (words) => ({ failures: failuresOf(await pool.run(words)) }));
  } finally {
    signal.removeEventListener("abort", stop);
    await pool.close();
  }
}

function failuresOf(end: PoolEnd): readonly QuotedFailure[] {
  if (end.kind === "died") {
    const { code, message, hint } = processDied(end.reason);
    return [{ code, message, ...(hint === undefined ? {} : { hint }) }];
  }
  return end.status === 0 ? [] : printedFailures(end.stderr);
}

/** The failures that a command printed with `--json`. */
function printedFailures(stderr: string): readonly QuotedFailure[] {
  try {
    const { failures } = JSON.parse(stderr) as { readonly failures: readonly QuotedFailure[] };
    return failures;
  } catch {
    return [{ message: stderr.trim() }];
  }
}
