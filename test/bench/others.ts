/** What other runtimes take for the same models on the same GPU, by `first-hour/others.py`. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A measurement of another runtime, or why there is none. */
export interface OtherRow {
  readonly model: string;
  readonly runtime: string;
  readonly precision: string;
  readonly medianUs?: number;
  readonly failed?: string;
}

/** All measurements of others. */
export interface OthersReport {
  /** Why nothing was measured. */
  readonly skipped?: string;
  readonly device?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly OtherRow[];
}

/** The fastest other runtime for a model. */
export interface BestOther {
  readonly runtime: string;
  readonly medianUs: number;
  /** Our one-stream graph over it: above 1, ours is slower, and its speed-ups are over a slow baseline. */
  readonly ratio: number;
}

const PROGRAM = "test/bench/first-hour/others.py";
const NOTHING = { versions: {}, rows: [] };

/** Longest time for all models; what was measured by then counts. */
const LIMIT_S = 240;

/** Measures others in a Python of this machine, which prints at once. Never fails: what is missing is said. */
export function measureOthers(models: readonly string[], file: string): OthersReport {
  const args = [PROGRAM, file, models.join(), "--seconds", String(LIMIT_S)];
  const { error } = spawnSync("python3", args, { stdio: "inherit" });
  const isMissing = error !== undefined && "code" in error && error.code === "ENOENT";
  return isMissing ? { ...NOTHING, skipped: "no python3" } : othersIn(file);
}

/** The measurements in a file. Never fails: a file that cannot be read has none. */
export function othersIn(file: string): OthersReport {
  try {
    return { ...NOTHING, ...JSON.parse(readFileSync(file, "utf8")) };
  } catch (problem) {
    return { ...NOTHING, skipped: String(problem) };
  }
}

/** The fastest other runtime for a model in a precision; `undefined`: none was measured. */
export function bestOther(
  { rows }: OthersReport,
  model: string,
  precision: string,
  sequentialNs: number,
): BestOther | undefined {
  let best: BestOther | undefined;
  for (const row of rows) {
    const { medianUs = 0 } = row;
    const isComparable = row.model === model && row.precision === precision && medianUs > 0;
    if (isComparable && (best === undefined || medianUs < best.medianUs)) {
      best = { runtime: row.runtime, medianUs, ratio: sequentialNs / (1000 * medianUs) };
    }
  }
  return best;
}
